/* SPDX-License-Identifier: Apache-2.0 */
/* Windows as people send them, and bare rules ('R' first): what is accepted gives occurrences in
 * order, the same from wherever one begins, and says when to ask again. */
#include <stdlib.h>

#include "base/str.h"
#include "core/window.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Central Europe by its rule alone. */
static const char tzif[] = "TZif2\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
			   "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1\0\0\0\4"
			   "\0\0\0\0\0\0CET\0"
			   "TZif2\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
			   "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1\0\0\0\4"
			   "\0\0\x0e\x10\0\0CET\0"
			   "\nCET-1CEST,M3.5.0,M10.5.0/3\n";

static void check_rule(np_str text)
{
	char why[RRULE_WHY_MAX] = "";
	struct rrule r;
	struct rrule_set set;
	struct rrule_iter it;
	int64_t first[8], at = 0;
	size_t n = 0;
	if (rrule_parse(text, &r, why) < 0) {
		if (why[0] == '\0')
			abort();
		return;
	}
	rrule_bind(&r, INT64_C(1772330400), &set);
	rrule_begin(&it, &set, INT64_MIN / 2);
	while (n < NP_LEN(first) && rrule_next(&it, &first[n]))
		n++;
	for (size_t i = 0; i < n; i++) {
		if ((i > 0 && first[i] <= first[i - 1]) || first[i] < set.start_s)
			abort();
		rrule_begin(&it, &set, first[i]);
		if (!rrule_next(&it, &at) || at != first[i])
			abort();
	}
}

static void check_window(const struct window *w, const struct zone *z)
{
	int64_t now = INT64_C(1774746000) * NP_SEC_US;
	struct window_span span[16], within = { now, now + 400 * NP_DAY_US };
	size_t n = window_list(w, z, &within, span, NP_LEN(span));
	for (size_t i = 0; i < n; i++)
		if (span[i].to_us <= span[i].from_us ||
		    (i > 0 && span[i].from_us < span[i - 1].from_us))
			abort();
	for (int i = 0; i < 8; i++) {
		struct window_now at = window_at(w, z, now);
		if (at.until_us <= now)
			abort();
		if (at.until_us == WINDOW_NEVER_US)
			break;
		now = at.until_us;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	np_str text = { (const char *)data, size };
	struct zone *z = NULL;
	struct window w;
	struct problem_list p = { 0 };
	if (size > 0 && data[0] == 'R') {
		check_rule(str_sub(text, 1, text.n));
		return 0;
	}
	json_t *o = json_loadb(text.n ? text.p : "", text.n, 0, NULL);
	if (o == NULL)
		return 0;
	if (zone_parse((np_str){ tzif, sizeof tzif - 1 }, &z) < 0)
		abort();
	struct alertj_quiet q = { 0 };
	struct jread r = { .object = o, .prefix = "", .p = &p };
	alertj_read_quiet(&r, &q);
	np_err e = NP_OK;
	if (q.on)
		window_of_quiet(&q, &w);
	else
		e = window_read(o, &w, &p);
	if (!problem_any(&p))
		check_window(&w, z);
	else if (e < 0 && !problem_any(&p))
		abort();
	zone_free(z);
	json_decref(o);
	return 0;
}
