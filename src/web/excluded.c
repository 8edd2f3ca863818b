/* SPDX-License-Identifier: Apache-2.0 */
#include "web/excluded.h"

#include "web/maint.h"

#define AT_ONCE 256 /* occurrences listed in one go */

void excluded_done(struct excluded *x)
{
	free(x->span);
	*x = (struct excluded){ 0 };
}

static np_err add(struct excluded *x, const uint8_t id[16], int64_t from_us, int64_t to_us)
{
	if ((x->n & (x->n - 1)) == 0) { /* full at each power of two */
		size_t room = x->n ? 2 * x->n : 1;
		struct excluded_span *more = np_reallocarray(x->span, room, sizeof *more);
		if (!more)
			return NP_E_NOMEM;
		x->span = more;
	}
	struct excluded_span *s = &x->span[x->n++];
	*s = (struct excluded_span){ .from_us = from_us, .to_us = to_us };
	memcpy(s->maintenance, id, sizeof s->maintenance);
	return NP_OK;
}

static np_err add_window(struct excluded *x, const struct timed *t, const uint8_t id[16],
			 const struct window_span *within)
{
	struct window_span got[AT_ONCE], rest = *within;
	np_err e = NP_OK;
	size_t n;
	do {
		n = window_list(&t->w, t->z, &rest, got, NP_LEN(got));
		for (size_t i = 0; e == NP_OK && i < n && x->n < EXCLUDED_MAX; i++) {
			int64_t from = got[i].from_us, to = got[i].to_us;
			e = add(x, id, from > rest.from_us ? from : rest.from_us,
				to < rest.to_us ? to : rest.to_us);
		}
		if (n > 0)
			rest.from_us = got[n - 1].to_us;
	} while (e == NP_OK && n == NP_LEN(got) && rest.from_us < rest.to_us &&
		 x->n < EXCLUDED_MAX);
	return e;
}

static np_err add_row(struct excluded *x, const struct pg_res *res, size_t i,
		      const struct window_span *asked)
{
	struct timed t;
	uint8_t id[16];
	struct window_span within = *asked;
	if (!pg_res_null(res, i, 2) && pg_res_time(res, i, 2) < within.to_us)
		within.to_us = pg_res_time(res, i, 2);
	if (within.to_us <= within.from_us || maint_load(pg_res_str(res, i, 1), &t) < 0)
		return NP_OK; /* one that does not read was never on: the engine complains */
	pg_res_uuid(res, i, 0, id);
	np_err e = add_window(x, &t, id, &within);
	maint_done(&t);
	return e;
}

np_err excluded_load(struct pg_conn *c, int64_t monitor, const struct window_span *within,
		     struct excluded *ret)
{
	NP_CLEANUP(pg_params_done) struct pg_params p;
	NP_CLEANUP(pg_res_free_p) struct pg_res *res = NULL;
	pg_params_init(&p);
	pg_params_i64(&p, monitor);
	pg_params_time(&p, within->from_us);
	np_err e = pg_exec(c,
			   "SELECT n.id, n.definition, n.deleted_at FROM np.maintenance n"
			   " WHERE (n.deleted_at IS NULL OR n.deleted_at > $2) AND ($1 = 0 OR"
			   " EXISTS (SELECT FROM np.monitor m WHERE m.id = $1"
			   " AND " SMA_CONCERNS("n.scope",
						"m") "))"
						     " ORDER BY n.created_at DESC LIMIT 1000",
			   &p, &res);
	struct excluded x = { 0 };
	for (size_t i = 0; e == NP_OK && i < pg_res_rows(res); i++)
		e = add_row(&x, res, i, within);
	if (e < 0) {
		excluded_done(&x);
		return e;
	}
	*ret = x;
	return NP_OK;
}
