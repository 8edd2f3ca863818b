/* SPDX-License-Identifier: Apache-2.0 */
/* Occurrences for window_peer.py to compare: each line "from-s|max|definition" of standard input
 * is answered with the starts, in seconds since 1970. */
#include "base/clock.h"
#include "base/str.h"
#include "base/zonefile.h"
#include "core/window.h"

#define MAX 400

static np_err answer(np_str line)
{
	np_str from, rest, max, json;
	int64_t from_s = 0;
	uint64_t n = 0;
	struct window w;
	struct problem_list p = { 0 };
	struct window_span span[MAX];
	if (!str_cut(line, '|', &from, &rest) || !str_cut(rest, '|', &max, &json) ||
	    str_to_i64(from, &from_s) < 0 || str_to_u64(max, &n) < 0 || n > MAX)
		return NP_E_INVAL;
	json_t *o = json_loadb(json.p, json.n, 0, NULL);
	np_err e = window_read(o, &w, &p);
	json_decref(o);
	if (e < 0) {
		(void)printf("%s %s\n", p.item[0].path, p.item[0].text);
		return e;
	}
	struct buf b;
	struct zone *z = NULL;
	buf_init(&b, ZONE_BYTES_MAX);
	e = zonefile_read(str_from_c(w.zone), &b);
	if (e == NP_OK)
		e = zone_parse(buf_str(&b), &z);
	buf_done(&b);
	if (e < 0)
		return e;
	/* What has begun before it is not asked for: one minute long, from the next second on. */
	const struct window_span within = { from_s * NP_SEC_US, INT64_C(7258118400) * NP_SEC_US };
	size_t found = window_list(&w, z, &within, span, n);
	for (size_t i = 0; i < found; i++)
		if (span[i].from_us >= within.from_us)
			(void)printf("%lld ", (long long)(span[i].from_us / NP_SEC_US));
	(void)printf("\n");
	zone_free(z);
	return NP_OK;
}

int main(void)
{
	static char line[4096];
	while (fgets(line, sizeof line, stdin) != NULL)
		if (answer(str_trim(str_from_c(line))) < 0)
			return 1;
	return 0;
}
