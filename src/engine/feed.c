/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/feed.h"

#include "base/clock.h"
#include "base/str.h"
#include "core/assign.h"
#include "engine/sql.h"

struct checker {
	struct msg_checker it;
	int64_t banned_us;
};
struct feed {
	struct map *checkers; /* number -> struct checker */
	uint64_t checker_xid, membership_xid;
};

struct feed *feed_new(void)
{
	struct feed *f = np_zalloc(sizeof *f);
	if (!f)
		return NULL;
	f->checkers = map_new(FEED_CHECKERS_MAX);
	if (f->checkers)
		return f;
	free(f);
	return NULL;
}

void feed_free(struct feed *f)
{
	if (!f)
		return;
	map_free(f->checkers, free);
	free(f);
}

/* ---- reading ---- */

static np_err query_xid(struct pg_conn *c, enum sql s, uint64_t xid, struct pg_res **ret)
{
	NP_CLEANUP(pg_params_done) struct pg_params p;
	char text[24];
	int n = snprintf(text, sizeof text, "%llu", (unsigned long long)xid);
	pg_params_init(&p);
	pg_params_text(&p, (np_str){ text, (size_t)n });
	return pg_exec(c, sql_text(s), &p, ret);
}

/* ---- checkers and bans ---- */

static struct checker *checker_of(struct feed *f, uint64_t no)
{
	struct checker *k = map_get(f->checkers, no);
	if (k)
		return k;
	k = np_zalloc(sizeof *k);
	if (k && map_put(f->checkers, no, k, NULL) < 0) {
		free(k);
		return NULL;
	}
	return k;
}

static np_err read_gens(struct pg_conn *c, uint64_t ret_gen[NP_SHARDS])
{
	NP_CLEANUP(pg_params_done) struct pg_params p;
	NP_CLEANUP(pg_res_free_p) struct pg_res *res = NULL;
	struct pg_array ids;
	pg_array_init(&ids, PG_INT2);
	for (int64_t i = 0; i < NP_SHARDS; i++)
		pg_array_int(&ids, i);
	pg_params_init(&p);
	pg_params_array(&p, &ids);
	pg_array_done(&ids);
	np_err e = pg_exec(c, sql_text(SQL_GENS), &p, &res);
	for (size_t i = 0; e == NP_OK && i < pg_res_rows(res); i++)
		ret_gen[pg_res_i64(res, i, 0) % NP_SHARDS] = (uint64_t)pg_res_i64(res, i, 1);
	return e;
}

static np_err add_ban(const struct checker *k, uint32_t shard, uint64_t gen, struct msg *rows)
{
	Np__I1__Input *in;
	np_err e = msg_add_row(rows, shard, &in);
	Np__I1__BanInput *ban = arena_alloc(rows->arena, sizeof *ban);
	if (e < 0 || !ban)
		return NP_E_NOMEM;
	*ban = (Np__I1__BanInput)NP__I1__BAN_INPUT__INIT;
	ban->checker = k->it.no;
	ban->region = k->it.region;
	ban->at_us = k->banned_us;
	ban->registry_gen = gen;
	in->kind_case = NP__I1__INPUT__KIND_BAN;
	in->ban = ban;
	return NP_OK;
}

static np_err add_checker(const struct checker *k, struct msg **msg)
{
	if (!*msg)
		*msg = msg_new(MSG_CHECKERS);
	struct msg_checker *row = *msg ? msg_grow(*msg, sizeof *row) : NULL;
	if (!row)
		return NP_E_NOMEM;
	*row = k->it;
	return NP_OK;
}

static void read_checker(const struct pg_res *res, size_t row, struct checker *ret)
{
	uint8_t uuid[16] = { 0 };
	pg_res_uuid(res, row, 2, uuid);
	np_str state = pg_res_str(res, row, 5);
	*ret = (struct checker){
		.it = { .no = (uint64_t)pg_res_i64(res, row, 1),
			.hash = asg_member_hash(uuid),
			.org = (uint64_t)pg_res_i64(res, row, 3),
			.region = (uint32_t)pg_res_i64(res, row, 4),
			.banned = str_eq_c(state, "banned"),
			.draining = str_eq_c(state, "draining") },
		.banned_us = pg_res_null(res, row, 6) ? 0 : pg_res_time(res, row, 6),
	};
}

np_err feed_checkers(struct feed *f, struct pg_conn *c, struct msg *rows, struct msg **ret)
{
	NP_CLEANUP(pg_res_free_p) struct pg_res *res = NULL;
	uint64_t gen[NP_SHARDS] = { 0 };
	struct msg *msg = NULL;
	/* Generations first: a ban that is counted in them is seen below. */
	np_err e = read_gens(c, gen);
	if (e == NP_OK)
		e = query_xid(c, SQL_CHECKERS, f->checker_xid, &res);
	for (size_t i = 0; e == NP_OK && i < pg_res_rows(res); i++) {
		if (pg_res_null(res, i, 1))
			break;
		struct checker seen;
		read_checker(res, i, &seen);
		struct checker *k = checker_of(f, seen.it.no);
		if (!k) {
			e = NP_E_NOMEM;
			break;
		}
		bool banned_now = seen.it.banned && !k->it.banned;
		*k = seen;
		e = add_checker(k, &msg);
		for (uint32_t s = 0; e == NP_OK && banned_now && s < NP_SHARDS; s++)
			e = add_ban(k, s, gen[s], rows);
	}
	if (e == NP_OK)
		f->checker_xid = (uint64_t)pg_res_i64(res, 0, 0);
	*ret = msg;
	return e;
}

np_err feed_all_checkers(const struct feed *f, struct msg **ret)
{
	np_err e = NP_OK;
	size_t pos = 0;
	uint64_t no;
	void *value;
	*ret = NULL;
	while (e == NP_OK && map_next(f->checkers, &pos, &no, &value))
		e = add_checker(value, ret);
	return e;
}

np_err feed_all_bans(const struct feed *f, uint32_t shard, uint64_t gen, struct msg *rows)
{
	np_err e = NP_OK;
	size_t pos = 0;
	uint64_t no;
	void *value;
	while (e == NP_OK && map_next(f->checkers, &pos, &no, &value)) {
		const struct checker *k = value;
		if (k->it.banned)
			e = add_ban(k, shard, gen, rows);
	}
	return e;
}

/* ---- memberships ---- */

static np_err fill_membership(const struct feed *f, const struct pg_res *res, size_t row,
			      struct msg *rows, Np__I1__MembershipInput *m)
{
	size_t n = pg_res_ints(res, row, 5, NULL, 0);
	int64_t *no = arena_calloc(rows->arena, n + 1, sizeof *no);
	m->members = arena_calloc(rows->arena, n + 1, sizeof *m->members);
	m->hashes = arena_calloc(rows->arena, n + 1, sizeof *m->hashes);
	if (!no || !m->members || !m->hashes || n > MEMBERS_MAX)
		return NP_E_NOMEM;
	(void)pg_res_ints(res, row, 5, no, n);
	for (size_t i = 0; i < n; i++) {
		const struct checker *k = map_get(f->checkers, (uint64_t)no[i]);
		if (!k)
			return NP_E_AGAIN; /* its row is not read yet */
		m->members[i] = (uint64_t)no[i];
		m->hashes[i] = k->it.hash;
	}
	m->n_members = m->n_hashes = n;
	m->region = (uint32_t)pg_res_i64(res, row, 1);
	m->number = (uint64_t)pg_res_i64(res, row, 2);
	m->org = (uint64_t)pg_res_i64(res, row, 3);
	m->from_us = pg_res_time(res, row, 4);
	return NP_OK;
}

static np_err add_memberships(const struct feed *f, const struct pg_res *res, uint32_t shard,
			      struct msg *rows)
{
	np_err e = NP_OK;
	for (size_t i = 0; e == NP_OK && i < pg_res_rows(res); i++) {
		if (pg_res_null(res, i, 1))
			continue;
		Np__I1__MembershipInput *m = arena_alloc(rows->arena, sizeof *m);
		Np__I1__Input *in = NULL;
		if (!m)
			return NP_E_NOMEM;
		*m = (Np__I1__MembershipInput)NP__I1__MEMBERSHIP_INPUT__INIT;
		e = fill_membership(f, res, i, rows, m);
		if (e == NP_OK)
			e = msg_add_row(rows, shard, &in);
		if (e < 0)
			return e;
		assert(in != NULL);
		in->kind_case = NP__I1__INPUT__KIND_MEMBERSHIP;
		in->membership = m;
	}
	return e;
}

np_err feed_memberships(struct feed *f, struct pg_conn *c, struct msg *rows)
{
	NP_CLEANUP(pg_res_free_p) struct pg_res *res = NULL;
	np_err e = query_xid(c, SQL_MEMBERSHIPS, f->membership_xid, &res);
	if (e == NP_OK)
		e = add_memberships(f, res, MSG_ALL_SHARDS, rows);
	if (e == NP_OK)
		f->membership_xid = (uint64_t)pg_res_i64(res, 0, 0);
	return e;
}

struct known { /* the newest membership of each region */
	const struct members *of;
	struct pg_array region, number;
};

static void note_newest(void *ctx, uint32_t region, const struct membership *one)
{
	struct known *k = ctx;
	if (one != members_newest(k->of, region))
		return;
	pg_array_int(&k->region, region);
	pg_array_int(&k->number, (int64_t)one->number);
}

np_err feed_all_memberships(struct feed *f, struct pg_conn *c, const struct shard *s,
			    struct msg *rows)
{
	NP_CLEANUP(pg_params_done) struct pg_params p;
	NP_CLEANUP(pg_res_free_p) struct pg_res *res = NULL;
	struct known k = { .of = s->members };
	pg_array_init(&k.region, PG_INT4);
	pg_array_init(&k.number, PG_INT8);
	members_each(s->members, note_newest, &k);
	pg_params_init(&p);
	pg_params_array(&p, &k.region);
	pg_params_array(&p, &k.number);
	pg_array_done(&k.region);
	pg_array_done(&k.number);
	np_err e = pg_exec(c, sql_text(SQL_MEMBERSHIPS_RECENT), &p, &res);
	return e < 0 ? e : add_memberships(f, res, s->no, rows);
}

/* ---- channels, presence ---- */

np_err feed_channels(struct pg_conn *c, struct msg **ret)
{
	NP_CLEANUP(pg_res_free_p) struct pg_res *res = NULL;
	np_err e = pg_exec(c, sql_text(SQL_CHANNELS), NULL, &res);
	if (e < 0)
		return e;
	struct msg *m = msg_new(MSG_CHANNELS);
	if (m)
		m->channels = map_new(1 << 20);
	if (!m || !m->channels)
		e = NP_E_NOMEM;
	for (size_t i = 0; e == NP_OK && i < pg_res_rows(res); i++) {
		uintptr_t n = (uintptr_t)pg_res_i64(res, i, 1) + 1;
		e = map_put(m->channels, (uint64_t)pg_res_i64(res, i, 0), (void *)n, NULL);
	}
	if (e < 0)
		msg_free(m);
	else
		*ret = m;
	return e;
}

np_err feed_seen(struct pg_conn *c, const struct msg *seen)
{
	static const enum pg_type types[] = { PG_INT8, PG_INT8, PG_INT4, PG_TIMESTAMPTZ, PG_BOOL,
					      PG_TEXT, PG_INT8, PG_INT4, PG_INT8,        PG_INT4 };
	NP_CLEANUP(pg_params_done) struct pg_params p;
	struct pg_array a[NP_LEN(types)];
	for (size_t i = 0; i < NP_LEN(types); i++)
		pg_array_init(&a[i], types[i]);
	for (size_t i = 0; i < seen->n; i++) {
		const struct msg_seen *s = &seen->seen[i];
		pg_array_int(&a[0], (int64_t)s->checker);
		pg_array_int(&a[1], (int64_t)s->org);
		pg_array_int(&a[2], s->region);
		pg_array_time(&a[3], s->heard_us);
		pg_array_bool(&a[4], s->connected);
		pg_array_str(&a[5], s->version);
		pg_array_int(&a[6], s->skew_us);
		pg_array_int(&a[7], s->oldest_ms > INT32_MAX ? INT32_MAX : s->oldest_ms);
		pg_array_int(&a[8], (int64_t)s->results);
		pg_array_int(&a[9], s->lag_p95_us > INT32_MAX ? INT32_MAX : s->lag_p95_us);
	}
	pg_params_init(&p);
	for (size_t i = 0; i < NP_LEN(types); i++) {
		pg_params_array(&p, &a[i]);
		pg_array_done(&a[i]);
	}
	return pg_exec(c, sql_text(SQL_SEEN), &p, NULL);
}
