/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/txbuild.h"

#include "engine/txcols.h"

/* ---- fence and log ---- */

static void add_fence(struct tx *k)
{
	struct cols c;
	cols_init(&c, (const enum pg_type[]){ PG_INT2, PG_INT8, PG_INT8, PG_INT8, PG_INT8 }, 5);
	for (uint32_t i = 0; i < NP_SHARDS; i++) {
		const struct group_part *p = &k->g->part[i];
		if (!p->used || p->from == p->to)
			continue;
		pg_array_int(&c.at[0], i);
		pg_array_int(&c.at[1], (int64_t)p->token);
		pg_array_int(&c.at[2], (int64_t)p->from);
		pg_array_int(&c.at[3], (int64_t)p->to);
		pg_array_int(&c.at[4], (int64_t)p->gen);
	}
	cols_add(k, SQL_FENCE, &c);
}

static void add_log(struct tx *k)
{
	struct cols c;
	cols_init(&c, (const enum pg_type[]){ PG_INT2, PG_INT8, PG_TIMESTAMPTZ, PG_INT4, PG_BYTEA },
		  5);
	for (uint32_t i = 0; i < NP_SHARDS; i++) {
		const struct group_part *p = &k->g->part[i];
		if (!p->used || p->from == p->to)
			continue;
		pg_array_int(&c.at[0], i);
		pg_array_int(&c.at[1], (int64_t)p->to);
		pg_array_time(&c.at[2], p->now_us);
		pg_array_int(&c.at[3], (int64_t)p->items);
		pg_array_str(&c.at[4], buf_str(&p->log));
	}
	cols_add(k, SQL_LOG, &c);
}

static void add_snapshot(struct tx *k, uint32_t shard)
{
	const struct group_part *p = &k->g->part[shard];
	struct pg_params params;
	pg_params_init(&params);
	pg_params_i16(&params, (int16_t)shard);
	pg_params_i64(&params, (int64_t)p->to);
	pg_params_time(&params, p->now_us);
	pg_params_bytea(&params, buf_str(&p->snapshot));
	if (k->err == NP_OK)
		k->err = pg_batch_add(k->tx, sql_text(SQL_SNAPSHOT), &params);
	pg_params_reset(&params);
	pg_params_i16(&params, (int16_t)shard);
	if (k->err == NP_OK)
		k->err = pg_batch_add(k->tx, sql_text(SQL_SNAPSHOT_OLD), &params);
	pg_params_done(&params);
}

static void add_snapshots(struct tx *k)
{
	for (uint32_t i = 0; i < NP_SHARDS; i++)
		if (k->g->part[i].has_snapshot)
			add_snapshot(k, i);
}

/* ---- monitors ---- */

static void put_incident_id(struct pg_array *a, const struct mon *m)
{
	uint8_t id[16];
	mon_incident_id(m, id);
	if (m->st.inc.open)
		pg_array_uuid(a, id);
	else
		pg_array_null(a);
}

static void put_state(struct tx *k, struct cols *c, const struct fx_mon *w)
{
	const struct inc *i = &w->mon->st.inc;
	uint32_t shard = mon_shard(w->no);
	pg_array_int(&c->at[0], (int64_t)w->no);
	pg_array_int(&c->at[1], (int64_t)w->org);
	pg_array_int(&c->at[2], shard);
	pg_array_int(&c->at[3], w->mon->def.revision);
	cols_c(&c->at[4], step_state_name((enum step_state)i->state));
	pg_array_time(&c->at[5], i->since_us);
	pg_array_bool(&c->at[6], i->partial);
	pg_array_bool(&c->at[7], i->degraded);
	pg_array_int(&c->at[8], w->evidence->f);
	pg_array_int(&c->at[9], w->evidence->n);
	pg_array_str(&c->at[10], w->why);
	cols_json(&c->at[11], w->detail);
	pg_array_str(&c->at[12], w->core);
	put_incident_id(&c->at[13], w->mon);
	pg_array_int(&c->at[14], (int64_t)k->g->part[shard].to);
	cols_time(&c->at[15], mon_cert_s(w->mon) * NP_SEC_US);
}

static void add_states(struct tx *k)
{
	struct cols c;
	cols_init(&c,
		  (const enum pg_type[]){ PG_INT8, PG_INT8, PG_INT2, PG_INT4, PG_TEXT,
					  PG_TIMESTAMPTZ, PG_BOOL, PG_BOOL, PG_INT2, PG_INT2,
					  PG_TEXT, PG_JSONB, PG_BYTEA, PG_UUID, PG_INT8,
					  PG_TIMESTAMPTZ },
		  16);
	for (struct fx_row *r = k->x->mons.first; r; r = r->next) {
		const struct fx_mon *w = NP_CONTAINER_OF(r, struct fx_mon, row);
		if (w->store)
			put_state(k, &c, w);
	}
	cols_add(k, SQL_STATE, &c);
}

static void add_changes(struct tx *k)
{
	struct cols c;
	cols_init(&c,
		  (const enum pg_type[]){ PG_INT8, PG_TIMESTAMPTZ, PG_INT8, PG_INT8, PG_TEXT,
					  PG_BOOL, PG_BOOL, PG_TEXT, PG_JSONB },
		  9);
	for (struct fx_row *r = k->x->changes.first; r; r = r->next) {
		const struct fx_change *x = NP_CONTAINER_OF(r, struct fx_change, row);
		pg_array_int(&c.at[0], (int64_t)x->mon->no);
		pg_array_time(&c.at[1], x->at_us);
		pg_array_int(&c.at[2], (int64_t)k->g->part[mon_shard(x->mon->no)].to);
		pg_array_int(&c.at[3], (int64_t)x->mon->org);
		cols_c(&c.at[4], step_state_name(x->state));
		pg_array_bool(&c.at[5], x->partial);
		pg_array_bool(&c.at[6], x->degraded);
		pg_array_str(&c.at[7], x->why);
		cols_json(&c.at[8], x->detail);
	}
	cols_add(k, SQL_CHANGE, &c);
}

static void put_timer(struct cols *drop, struct cols *set, const struct fx_mon *w, uint32_t kind)
{
	const struct tmr *t = &w->mon->st.inc.timers.of[kind];
	struct cols *c = t->due_us != 0 ? set : drop;
	pg_array_int(&c->at[0], (int64_t)w->no);
	pg_array_int(&c->at[1], kind);
	if (c == drop)
		return;
	pg_array_int(&c->at[2], (int64_t)w->org);
	pg_array_int(&c->at[3], mon_shard(w->no));
	pg_array_time(&c->at[4], t->due_us);
	pg_array_int(&c->at[5], t->generation);
}

static void add_timers(struct tx *k)
{
	static const enum pg_type types[] = { PG_INT8, PG_INT2,        PG_INT8,
					      PG_INT2, PG_TIMESTAMPTZ, PG_INT8 };
	struct cols drop, set;
	cols_init(&drop, types, 2);
	cols_init(&set, types, 6);
	for (struct fx_row *r = k->x->mons.first; r; r = r->next) {
		const struct fx_mon *w = NP_CONTAINER_OF(r, struct fx_mon, row);
		for (uint32_t kind = 0; w->timers && kind < TMR_N; kind++)
			if (w->timers >> kind & 1)
				put_timer(&drop, &set, w, kind);
	}
	cols_add(k, SQL_TIMER_DROP, &drop);
	cols_add(k, SQL_TIMER_SET, &set);
}

np_err txbuild(const struct group *g, struct pg_batch **ret_tx)
{
	struct tx k = { .g = g, .x = g->fx, .tx = pg_batch_new() };
	if (!k.tx)
		return NP_E_NOMEM;
	k.err = pg_batch_add(k.tx, sql_text(SQL_LIMITS), NULL);
#ifdef NP_MUTANT_SNAPSHOT_OUTSIDE
	add_snapshots(&k);
	if (k.err == NP_OK)
		k.err = pg_batch_add(k.tx, "COMMIT AND CHAIN", NULL);
#endif
	add_fence(&k);
	add_log(&k);
	add_states(&k);
	add_changes(&k);
	add_timers(&k);
	txrows_add(&k);
#ifndef NP_MUTANT_SNAPSHOT_OUTSIDE
	add_snapshots(&k);
#endif
	if (k.err < 0)
		pg_batch_free(k.tx);
	else
		*ret_tx = k.tx;
	return k.err;
}
