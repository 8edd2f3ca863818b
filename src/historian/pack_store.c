/* SPDX-License-Identifier: Apache-2.0 */
#include "historian/pack_store.h"

/* Engines begin at the newest snapshot; the one before it is for a newest that does not read. */
np_err pack_store_cursor(struct pg_conn *c, uint32_t shard, struct pack_cursor *ret)
{
	NP_CLEANUP(pg_params_done) struct pg_params p;
	NP_CLEANUP(pg_res_free_p) struct pg_res *r = NULL;
	pg_params_init(&p);
	pg_params_i16(&p, (int16_t)shard);
	np_err e = pg_exec(c,
			   "SELECT h.packed_pos, h.packed_at, least(h.pos, (SELECT s.pos"
			   " FROM np.snapshot s WHERE s.shard = $1 ORDER BY s.pos DESC"
			   " OFFSET 1 LIMIT 1)) FROM np.historian_cursor h"
			   " WHERE h.shard = $1 AND EXISTS (SELECT FROM np.snapshot s"
			   " WHERE s.shard = $1 OFFSET 1) FOR UPDATE OF h",
			   &p, &r);
	if (e < 0)
		return e;
	*ret = (struct pack_cursor){ .pos = 0 };
	if (pg_res_rows(r) == 1)
		*ret = (struct pack_cursor){ (uint64_t)pg_res_i64(r, 0, 0), pg_res_time(r, 0, 1),
					     (uint64_t)pg_res_i64(r, 0, 2) };
	return NP_OK;
}

/* The time of a shard's log never decreases: only days from there on are looked into. */
np_err pack_store_rows(struct pg_conn *c, uint32_t shard, const struct pack_cursor *at,
		       int64_t before_us, struct pg_res **ret)
{
	NP_CLEANUP(pg_params_done) struct pg_params p;
	pg_params_init(&p);
	pg_params_i16(&p, (int16_t)shard);
	pg_params_i64(&p, (int64_t)at->pos);
	pg_params_i64(&p, (int64_t)at->limit);
	pg_params_time(&p, at->at_us);
	pg_params_time(&p, before_us);
	pg_params_i64(&p, PACK_ROWS);
	return pg_exec(c,
		       "SELECT pos, at, items, octet_length(inputs) FROM np.log"
		       " WHERE shard = $1 AND pos > $2 AND pos <= $3 AND at >= $4 AND at < $5"
		       " ORDER BY pos LIMIT $6",
		       &p, ret);
}

static void put_range(struct pg_params *p, const struct pack_block *b)
{
	pg_params_i16(p, (int16_t)b->shard);
	pg_params_i64(p, (int64_t)b->from_pos);
	pg_params_i64(p, (int64_t)b->to_pos);
	pg_params_time(p, b->at_us);
	pg_params_time(p, b->to_at_us);
}

np_err pack_store_inputs(struct pg_conn *c, const struct pack_block *b, struct pg_res **ret)
{
	NP_CLEANUP(pg_params_done) struct pg_params p;
	pg_params_init(&p);
	put_range(&p, b);
	return pg_exec(c,
		       "SELECT pos, at, items, inputs FROM np.log WHERE shard = $1"
		       " AND pos BETWEEN $2 AND $3 AND at BETWEEN $4 AND $5 ORDER BY pos",
		       &p, ret);
}

np_err pack_store_move(struct pg_conn *c, const struct pack_block *b, size_t n)
{
	NP_CLEANUP(pg_params_done) struct pg_params p;
	NP_CLEANUP(pg_res_free_p) struct pg_res *r = NULL;
	pg_params_init(&p);
	put_range(&p, b);
	pg_params_i32(&p, (int32_t)b->items);
	pg_params_bytea(&p, b->block);
	np_err e = pg_exec(c,
			   "INSERT INTO np.log_packed (shard, from_pos, to_pos, at, to_at, items,"
			   " packed) VALUES ($1, $2, $3, $4, $5, $6, $7)",
			   &p, NULL);
	pg_params_reset(&p);
	put_range(&p, b);
	if (e == NP_OK)
		e = pg_exec(c,
			    "DELETE FROM np.log WHERE shard = $1 AND pos BETWEEN $2 AND $3"
			    " AND at BETWEEN $4 AND $5",
			    &p, &r);
	if (e == NP_OK && pg_res_affected(r) != n)
		e = NP_E_FENCED;
	pg_params_reset(&p);
	pg_params_i16(&p, (int16_t)b->shard);
	pg_params_i64(&p, (int64_t)b->to_pos);
	pg_params_time(&p, b->to_at_us);
	if (e == NP_OK)
		e = pg_exec(c,
			    "UPDATE np.historian_cursor SET packed_pos = $2, packed_at = $3"
			    " WHERE shard = $1",
			    &p, NULL);
	return e;
}
