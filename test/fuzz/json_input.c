/* SPDX-License-Identifier: Apache-2.0 */
/* What the web takes apart. The first byte chooses: a JSON body as a monitor (what is stored
 * reads back as the same), cursors (what decodes encodes to the same key), event ids, paths,
 * Accept-Encoding, Origin. */
#include <stdlib.h>

#include "base/str.h"
#include "core/monitor_json.h"
#include "web/files.h"
#include "web/gz.h"
#include "web/input.h"
#include "web/page.h"
#include "web/sse.h"
#include "web/who.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const np_str names[3] = { { "ams1", 4 }, { "fra1", 4 }, { "iad1", 4 } };
static const uint32_t numbers[3] = { 1, 2, 3 };
static const struct monj_regions known = { names, numbers, 3 };

static void stored_form(const struct monj *m, struct buf *out)
{
	np_str region[MON_REGIONS_MAX];
	struct jsonw w;
	for (uint32_t i = 0; i < m->def.region_n; i++)
		region[i] = names[m->def.region[i] - 1];
	jsonw_init(&w, out);
	jsonw_obj(&w);
	monj_write(&w, m, region);
	jsonw_obj_end(&w);
}

static void check_monitor(np_str text)
{
	struct buf why, once, twice;
	struct monj m;
	struct problem_list p = { 0 };
	buf_init(&why, 512);
	buf_init(&once, 1 << 20);
	buf_init(&twice, 1 << 20);
	json_t *body = in_parse(text, &why);
	if (!body && why.n == 0)
		abort();
	if (body && monj_read(body, &known, &m, &p) == NP_OK) {
		stored_form(&m, &once);
		json_t *again = in_parse(buf_str(&once), &why);
		struct monj m2;
		if (!again || monj_read(again, &known, &m2, &p) < 0)
			abort();
		stored_form(&m2, &twice);
		if (!str_eq(buf_str(&once), buf_str(&twice)))
			abort();
		json_decref(again);
	} else if (body && !problem_any(&p)) {
		abort();
	}
	json_decref(body);
	buf_done(&why);
	buf_done(&once);
	buf_done(&twice);
}

static void check_cursor(np_str text)
{
	struct arena *a = arena_new(1 << 16);
	struct page one = { 0 }, two = { 0 };
	if (a && page_decode(a, text, &one) == NP_OK) {
		np_str back = page_encode(a, one.num, one.text);
		if (back.n && (page_decode(a, back, &two) < 0 || one.num != two.num ||
			       !str_eq(one.text, two.text)))
			abort();
	}
	arena_free(a);
}

static void check_path(np_str text)
{
	if (!files_path_ok(text))
		return;
	if (str_find(text, NP_STR("..")) == 0 || str_find(text, NP_STR("/.")) != SIZE_MAX ||
	    str_find_byte(text, '\0') != SIZE_MAX || text.p[0] == '/' || !files_type(text))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size == 0)
		return 0;
	np_str text = { (const char *)data + 1, size - 1 };
	uint64_t n = 0;
	switch (data[0]) {
	case 'c':
		check_cursor(text);
		break;
	case 'e':
		if (sse_parse_id(text, "1f", &n) == NP_OK && !str_starts(text, NP_STR("1f.")))
			abort();
		break;
	case 'p':
		check_path(text);
		break;
	case 'a':
		(void)gz_accepts(text, "gzip");
		break;
	case 'o':
		if (who_origin_is(text, NP_STR("h:1")) && text.n > sizeof "https://h:1" - 1)
			abort();
		break;
	default:
		check_monitor((np_str){ (const char *)data, size });
	}
	return 0;
}
