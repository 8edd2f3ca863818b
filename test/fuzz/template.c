/* SPDX-License-Identifier: Apache-2.0 */
/* Values in templates: whatever they are, JSON stays JSON, a header one line, a form one field; and
 * a template itself may be any bytes. */
#include <jansson.h>
#include <stdlib.h>

#include "base/str.h"
#include "core/tpl.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void render(const char *tpl, const struct tpl_how *how, struct buf *out)
{
	buf_init(out, (size_t)4 << 20);
	if (tpl_render(tpl, how, out) < 0)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct tpl_vars vars = { .n = 0 };
	if (size < 2 || size > 4096)
		return 0;
	enum tpl_markup markup = (enum tpl_markup)(data[0] % TPL_MARKUP_N);
	tpl_set(&vars, "x", (np_str){ (const char *)data + 1, size - 1 });
	struct buf json, header, form, any;
	render("{\"a\":\"${x}\",\"b\":\"${=x:20}\"}", &(struct tpl_how){ &vars, markup, TPL_JSON },
	       &json);
	json_t *j = json_loadb(json.p, json.n, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, NULL);
	if (j == NULL || json_object_size(j) != 2 ||
	    json_string_length(json_object_get(j, "b")) > 20 + 3)
		abort();
	render("A: ${x:50}", &(struct tpl_how){ &vars, markup, TPL_HEADER }, &header);
	render("a=${x}", &(struct tpl_how){ &vars, markup, TPL_URL }, &form);
	if (str_find_byte(buf_str(&header), '\n') != SIZE_MAX ||
	    str_find_byte(buf_str(&header), '\r') != SIZE_MAX ||
	    str_find_byte(buf_str(&form), '&') != SIZE_MAX)
		abort();
	char *tpl = strndup((const char *)data, size);
	buf_init(&any, (size_t)1 << 20);
	np_err e = tpl_render(tpl, &(struct tpl_how){ &vars, markup, TPL_TEXT }, &any);
	if (e != NP_OK && e != NP_E_INVAL && e != NP_E_LIMIT)
		abort();
	free(tpl);
	json_decref(j);
	buf_done(&json);
	buf_done(&header);
	buf_done(&form);
	buf_done(&any);
	return 0;
}
