/* SPDX-License-Identifier: Apache-2.0 */
#include "historian/seal.h"

#include "base/clock.h"
#include "base/map.h"
#include "historian/seal_store.h"
#include "wire/auditrow.h"

struct tip { /* of one organisation */
	uint64_t seq;
	uint8_t hash[CHAIN_HASH_LEN];
	bool moved;
};
enum { COL_ID, COL_SEQ, COL_PREV, COL_HASH, COL_N };

struct sealing {
	struct pg_conn *c;
	struct pg_res *rows;
	struct map *tips; /* org -> struct tip */
	struct pg_array col[COL_N];
	struct buf scratch;
	int64_t now_us;
};

static np_str hash_str(const uint8_t hash[CHAIN_HASH_LEN])
{
	return (np_str){ (const char *)hash, CHAIN_HASH_LEN };
}

static np_err tip_make(struct sealing *s, int64_t org, struct tip **ret)
{
	struct tip *t = map_get(s->tips, (uint64_t)org);
	if (!t) {
		t = np_zalloc(sizeof *t);
		if (!t)
			return NP_E_NOMEM;
		np_err e = map_put(s->tips, (uint64_t)org, t, NULL);
		if (e < 0) {
			free(t);
			return e;
		}
	}
	*ret = t;
	return NP_OK;
}

/* Every organisation of the rows begins where its chain ends. */
static np_err load_tips(struct sealing *s)
{
	NP_CLEANUP(pg_res_free_p) struct pg_res *r = NULL;
	struct pg_array orgs;
	struct tip *t;
	np_err e = NP_OK;
	pg_array_init(&orgs, PG_INT8);
	for (size_t i = 0; e == NP_OK && i < pg_res_rows(s->rows); i++) {
		pg_array_int(&orgs, pg_res_i64(s->rows, i, AUDITROW_ORG));
		e = tip_make(s, pg_res_i64(s->rows, i, AUDITROW_ORG), &t);
	}
	if (e == NP_OK)
		e = seal_store_tips(s->c, &orgs, &r);
	pg_array_done(&orgs);
	for (size_t i = 0; e == NP_OK && i < pg_res_rows(r); i++) {
		np_str hash = pg_res_str(r, i, 2);
		e = tip_make(s, pg_res_i64(r, i, 0), &t);
		if (e == NP_OK && hash.n != CHAIN_HASH_LEN)
			e = NP_E_CORRUPT;
		if (e < 0)
			break;
		t->seq = (uint64_t)pg_res_i64(r, i, 1);
		memcpy(t->hash, hash.p, CHAIN_HASH_LEN);
	}
	return e;
}

static np_err link_row(struct sealing *s, size_t i)
{
	struct chain_row row = auditrow_read(s->rows, i);
	struct chain_link link = { .org = row.org, .sealed_us = s->now_us };
	struct tip *t;
	np_err e = tip_make(s, row.org, &t);
	if (e == NP_OK)
		e = chain_content(&row, &s->scratch, link.content);
	if (e < 0)
		return e;
	link.seq = t->seq + 1;
	memcpy(link.prev, t->hash, CHAIN_HASH_LEN);
	e = chain_hash(&link, &s->scratch, t->hash);
	if (e < 0)
		return e;
	t->seq = link.seq;
	t->moved = true;
	pg_array_int(&s->col[COL_ID], row.id);
	pg_array_int(&s->col[COL_SEQ], (int64_t)link.seq);
	pg_array_str(&s->col[COL_PREV], hash_str(link.prev));
	pg_array_str(&s->col[COL_HASH], hash_str(t->hash));
	return NP_OK;
}

static np_err put_tips(struct sealing *s)
{
	struct pg_array col[3];
	uint64_t org;
	void *value;
	size_t pos = 0;
	pg_array_init(&col[0], PG_INT8);
	pg_array_init(&col[1], PG_INT8);
	pg_array_init(&col[2], PG_BYTEA);
	while (map_next(s->tips, &pos, &org, &value)) {
		const struct tip *t = value;
		if (!t->moved)
			continue;
		pg_array_int(&col[0], (int64_t)org);
		pg_array_int(&col[1], (int64_t)t->seq);
		pg_array_str(&col[2], hash_str(t->hash));
	}
	np_err e = seal_store_tips_put(s->c, col);
	for (size_t i = 0; i < 3; i++)
		pg_array_done(&col[i]);
	return e;
}

static np_err link_all(struct sealing *s)
{
	np_err e = load_tips(s);
	for (size_t i = 0; e == NP_OK && i < pg_res_rows(s->rows); i++)
		e = link_row(s, i);
	if (e == NP_OK)
		e = seal_store_put(s->c, s->col, s->now_us);
	if (e == NP_OK)
		e = put_tips(s);
	return e;
}

static np_err link_rows(struct pg_conn *c, struct pg_res *rows)
{
	struct sealing s = { .c = c, .rows = rows, .now_us = clock_wall_us() };
	static const enum pg_type types[COL_N] = { PG_INT8, PG_INT8, PG_BYTEA, PG_BYTEA };
	s.tips = map_new(SEAL_ROWS);
	if (!s.tips)
		return NP_E_NOMEM;
	buf_init(&s.scratch, CHAIN_ROW_MAX);
	for (size_t i = 0; i < COL_N; i++)
		pg_array_init(&s.col[i], types[i]);
	np_err e = link_all(&s);
	for (size_t i = 0; i < COL_N; i++)
		pg_array_done(&s.col[i]);
	buf_done(&s.scratch);
	map_free(s.tips, free);
	return e;
}

/* Opens the transaction and takes the lease in it. Not ours: nothing is open. */
static np_err begin(struct pg_conn *c, const char *owner, bool *ret_ours)
{
	pg_conn_deadline(c, clock_mono_ms() + SEAL_TURN_MS);
	np_err e = pg_tx_begin(c, 0);
	if (e == NP_OK)
		e = store_lease(c, "sealer", owner, SEAL_LEASE_MS, ret_ours);
	if (e < 0 || !*ret_ours)
		pg_tx_rollback(c);
	return e;
}

static np_err end(struct pg_conn *c, np_err e)
{
	if (e == NP_OK)
		return pg_tx_commit(c);
	pg_tx_rollback(c);
	return e;
}

np_err seal_link(struct pg_conn *c, const char *owner, struct seal_turn *ret)
{
	NP_CLEANUP(pg_res_free_p) struct pg_res *rows = NULL;
	struct seal_turn t = { 0 };
	np_err e = begin(c, owner, &t.ours);
	if (e < 0 || !t.ours) {
		*ret = t;
		return e;
	}
	e = seal_store_unsealed(c, &rows);
	if (e == NP_OK && pg_res_rows(rows) > 0)
		e = link_rows(c, rows);
	e = end(c, e);
	if (e < 0)
		return e;
	t.rows = pg_res_rows(rows);
	if (t.rows > 0)
		t.oldest_us = clock_wall_us() - pg_res_time(rows, 0, 2);
	*ret = t;
	return NP_OK;
}

/* ---- heads ---- */

struct signing {
	struct headsfile *f;
	struct sign_key *key;
	struct pg_array col[4]; /* org, seq, n, line */
	struct buf lines;
	int64_t now_us;
};

static np_err sign_one(struct signing *s, const struct pg_res *r, size_t i)
{
	char line[HEADS_LINE_MAX];
	np_str hash = pg_res_str(r, i, 2);
	struct head h = { .at_us = s->now_us,
			  .org = pg_res_i64(r, i, 0),
			  .seq = (uint64_t)pg_res_i64(r, i, 1) };
	if (hash.n != CHAIN_HASH_LEN)
		return NP_E_CORRUPT;
	memcpy(h.hash, hash.p, CHAIN_HASH_LEN);
	headsfile_next(s->f, &h);
	np_err e = heads_sign(&h, s->key);
	if (e < 0)
		return e;
	np_str text = { line, heads_line(&h, line) };
	headsfile_took(s->f, &h, text);
	(void)buf_add(&s->lines, text);
	(void)buf_add_byte(&s->lines, '\n');
	pg_array_int(&s->col[0], h.org);
	pg_array_int(&s->col[1], (int64_t)h.seq);
	pg_array_int(&s->col[2], (int64_t)h.n);
	pg_array_str(&s->col[3], text);
	return buf_failed(&s->lines);
}

static np_err sign_rows(struct pg_conn *c, struct signing *s, const struct pg_res *r)
{
	np_err e = headsfile_open(s->f);
	for (size_t i = 0; e == NP_OK && i < pg_res_rows(r); i++)
		e = sign_one(s, r, i);
	if (e == NP_OK)
		e = headsfile_append(s->f, buf_str(&s->lines));
	headsfile_close(s->f);
	return e < 0 ? e : seal_store_signed(c, s->col, s->now_us);
}

static np_err sign_tips(struct pg_conn *c, struct signing *s, size_t *ret_n)
{
	NP_CLEANUP(pg_res_free_p) struct pg_res *r = NULL;
	static const enum pg_type types[4] = { PG_INT8, PG_INT8, PG_INT8, PG_TEXT };
	np_err e = seal_store_unsigned(c, &r);
	if (e < 0)
		return e;
	*ret_n = pg_res_rows(r);
	if (*ret_n == 0)
		return NP_OK;
	buf_init(&s->lines, *ret_n * (HEADS_LINE_MAX + 1));
	for (size_t i = 0; i < 4; i++)
		pg_array_init(&s->col[i], types[i]);
	e = sign_rows(c, s, r);
	for (size_t i = 0; i < 4; i++)
		pg_array_done(&s->col[i]);
	buf_done(&s->lines);
	return e;
}

np_err seal_sign(struct pg_conn *c, const char *owner, struct headsfile *f, struct sign_key *key,
		 struct seal_turn *ret)
{
	struct seal_turn t = { 0 };
	struct signing s = { .f = f, .key = key, .now_us = clock_wall_us() };
	np_err e = begin(c, owner, &t.ours);
	if (e < 0 || !t.ours) {
		*ret = t;
		return e;
	}
	e = end(c, sign_tips(c, &s, &t.rows));
	if (e == NP_OK)
		*ret = t;
	return e;
}
