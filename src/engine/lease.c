/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/lease.h"

#include "base/str.h"
#include "engine/sql.h"

uint32_t lease_count(const struct lease *l)
{
	uint32_t n = 0;
	for (uint32_t i = 0; i < NP_SHARDS; i++)
		n += l->held[i].ours;
	return n;
}

/* Those we hold; or only those that leave. */
static void held_param(const struct lease *l, bool leaving, struct pg_params *p)
{
	struct pg_array ids, tokens;
	pg_array_init(&ids, PG_INT2);
	pg_array_init(&tokens, PG_INT8);
	for (uint32_t i = 0; i < NP_SHARDS; i++) {
		if (!l->held[i].ours || (leaving && !l->held[i].leaves))
			continue;
		pg_array_int(&ids, i);
		pg_array_int(&tokens, (int64_t)l->held[i].token);
	}
	pg_params_array(p, &ids);
	pg_params_array(p, &tokens);
	pg_array_done(&ids);
	pg_array_done(&tokens);
}

np_err lease_renew(struct lease *l, struct pg_conn *c, uint32_t *ret_lost)
{
	NP_CLEANUP(pg_params_done) struct pg_params p;
	NP_CLEANUP(pg_res_free_p) struct pg_res *res = NULL;
	pg_params_init(&p); /* before any return: it is cleaned up */
	if (lease_count(l) == 0)
		return NP_OK;
	pg_params_c(&p, l->owner);
	held_param(l, false, &p);
	pg_params_i64(&p, l->lease_ms);
	np_err e = pg_exec(c, sql_text(SQL_RENEW), &p, &res);
	if (e < 0)
		return e;
	uint32_t renewed = 0;
	for (size_t i = 0; i < pg_res_rows(res); i++)
		renewed |= UINT32_C(1) << pg_res_i64(res, i, 0);
	for (uint32_t i = 0; i < NP_SHARDS; i++) {
		if (!l->held[i].ours || renewed >> i & 1)
			continue;
		l->held[i] = (struct lease_held){ .ours = false };
		*ret_lost |= UINT32_C(1) << i;
	}
	return NP_OK;
}

np_err lease_take(struct lease *l, struct pg_conn *c, uint32_t *ret_lost)
{
	NP_CLEANUP(pg_params_done) struct pg_params p;
	NP_CLEANUP(pg_res_free_p) struct pg_res *res = NULL;
	pg_params_init(&p);
	pg_params_c(&p, l->owner);
	pg_params_i32(&p, (int32_t)(l->wish - lease_count(l)));
	pg_params_i64(&p, l->lease_ms);
	np_err e = pg_exec(c, sql_text(SQL_TAKE), &p, &res);
	for (size_t i = 0; e == NP_OK && i < pg_res_rows(res); i++) {
		uint32_t no = (uint32_t)pg_res_i64(res, i, 0);
		uint64_t token = (uint64_t)pg_res_i64(res, i, 1);
		if (l->held[no].ours && l->held[no].token != token)
			*ret_lost |= UINT32_C(1) << no;
		l->held[no].ours = true;
		l->held[no].token = token;
	}
	return e;
}

np_err lease_inherit(const struct lease *l, struct pg_conn *c)
{
	NP_CLEANUP(pg_params_done) struct pg_params p;
	np_str name, instance;
	(void)str_cut(str_from_c(l->owner), '/', &name, &instance);
	pg_params_init(&p);
	pg_params_c(&p, l->owner);
	pg_params_text(&p, name);
	return pg_exec(c, sql_text(SQL_INHERIT), &p, NULL);
}

np_err lease_share(struct lease *l, struct pg_conn *c)
{
	NP_CLEANUP(pg_params_done) struct pg_params p;
	NP_CLEANUP(pg_res_free_p) struct pg_res *res = NULL;
	pg_params_init(&p);
	pg_params_c(&p, l->owner);
	pg_params_i64(&p, l->lease_ms);
	np_err e = pg_exec(c, sql_text(SQL_ALIVE), &p, &res);
	if (e < 0)
		return e;
	int64_t live = pg_res_rows(res) > 0 ? pg_res_i64(res, 0, 0) : 1;
	uint32_t n = live < 1 ? 1 : live > NP_SHARDS ? NP_SHARDS : (uint32_t)live;
	uint32_t share = (NP_SHARDS + n - 1) / n;
	l->wish = share < l->want ? share : l->want;
	return NP_OK;
}

uint32_t lease_surplus(struct lease *l)
{
	uint32_t last = NP_SHARDS;
	for (uint32_t i = 0; i < NP_SHARDS; i++) {
		if (l->held[i].ours && l->held[i].leaves)
			return NP_SHARDS;
		if (l->held[i].ours)
			last = i; /* shard 0 last of all: its owner coordinates */
	}
	if (lease_count(l) <= l->wish || last == NP_SHARDS)
		return NP_SHARDS;
	l->held[last].leaves = true;
	return last;
}

static np_err give_back(struct lease *l, struct pg_conn *c, bool leaving)
{
	NP_CLEANUP(pg_params_done) struct pg_params p;
	pg_params_init(&p);
	pg_params_c(&p, l->owner);
	held_param(l, leaving, &p);
	return pg_exec(c, sql_text(SQL_RELEASE), &p, NULL);
}

np_err lease_hand_over(struct lease *l, struct pg_conn *c)
{
	uint32_t n = 0;
	for (uint32_t i = 0; i < NP_SHARDS; i++)
		n += l->held[i].ours && l->held[i].leaves;
	np_err e = n > 0 ? give_back(l, c, true) : NP_OK;
	for (uint32_t i = 0; e == NP_OK && i < NP_SHARDS; i++)
		if (l->held[i].leaves)
			l->held[i] = (struct lease_held){ .ours = false };
	return e;
}

np_err lease_release(struct lease *l, struct pg_conn *c)
{
	NP_CLEANUP(pg_params_done) struct pg_params p;
	pg_params_init(&p);
	pg_params_c(&p, l->owner);
	np_err e = give_back(l, c, false);
	return e < 0 ? e : pg_exec(c, sql_text(SQL_LEAVE), &p, NULL);
}
