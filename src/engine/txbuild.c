/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/txbuild.h"

#include "base/crypt.h"
#include "base/str.h"
#include "engine/sql.h"

#define COLS_MAX 16
#define REJECT_HEAD 64 /* bytes of a refused item that are kept */

/* The columns of one statement. */
struct cols {
	size_t n;
	struct pg_array at[COLS_MAX];
};
struct maker {
	const struct group *g;
	const struct fx *x;
	struct pg_batch *tx;
	np_err err;
};

static void cols_init(struct cols *c, const enum pg_type *types, size_t n)
{
	assert(n <= COLS_MAX);
	c->n = n;
	for (size_t i = 0; i < n; i++)
		pg_array_init(&c->at[i], types[i]);
}

/* The statement, if it has rows; the columns are used up. */
static void cols_add(struct maker *k, enum sql s, struct cols *c)
{
	struct pg_params p;
	size_t rows = c->at[0].n;
	pg_params_init(&p);
	for (size_t i = 0; i < c->n; i++) {
		if (rows > 0)
			pg_params_array(&p, &c->at[i]);
		pg_array_done(&c->at[i]);
	}
	if (p.n > 0 && k->err == NP_OK)
		k->err = pg_batch_add(k->tx, sql_text(s), &p);
	pg_params_done(&p);
}

static void put_text(struct pg_array *a, np_str s)
{
	if (s.n > 0)
		pg_array_str(a, s);
	else
		pg_array_null(a);
}

static void put_c(struct pg_array *a, const char *s)
{
	pg_array_str(a, str_from_c(s));
}

static void put_json(struct pg_array *a, np_str json)
{
	pg_array_str(a, json.n > 0 ? json : NP_STR("{}"));
}

static void put_time(struct pg_array *a, int64_t us)
{
	if (us != 0)
		pg_array_time(a, us);
	else
		pg_array_null(a);
}

/* ---- fence and log ---- */

static void add_fence(struct maker *k)
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

static void add_log(struct maker *k)
{
	struct cols c;
	cols_init(&c, (const enum pg_type[]){ PG_INT2, PG_INT8, PG_TIMESTAMPTZ, PG_INT4,
					      PG_BYTEA }, 5);
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

static void add_snapshot(struct maker *k, uint32_t shard)
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

static void put_state(struct maker *k, struct cols *c, const struct fx_mon *w)
{
	const struct inc *i = &w->mon->st.inc;
	uint32_t shard = mon_shard(w->no);
	pg_array_int(&c->at[0], (int64_t)w->no);
	pg_array_int(&c->at[1], (int64_t)w->org);
	pg_array_int(&c->at[2], shard);
	pg_array_int(&c->at[3], w->mon->def.revision);
	put_c(&c->at[4], step_state_name((enum step_state)i->state));
	pg_array_time(&c->at[5], i->since_us);
	pg_array_bool(&c->at[6], i->partial);
	pg_array_bool(&c->at[7], i->degraded);
	pg_array_int(&c->at[8], w->evidence->f);
	pg_array_int(&c->at[9], w->evidence->n);
	pg_array_str(&c->at[10], w->why);
	put_json(&c->at[11], w->detail);
	pg_array_str(&c->at[12], w->core);
	put_incident_id(&c->at[13], w->mon);
	pg_array_int(&c->at[14], (int64_t)k->g->part[shard].to);
}

static void add_states(struct maker *k)
{
	struct cols c;
	cols_init(&c, (const enum pg_type[]){ PG_INT8, PG_INT8, PG_INT2, PG_INT4, PG_TEXT,
					      PG_TIMESTAMPTZ, PG_BOOL, PG_BOOL, PG_INT2, PG_INT2,
					      PG_TEXT, PG_JSONB, PG_BYTEA, PG_UUID, PG_INT8 }, 15);
	for (struct fx_row *r = k->x->mons.first; r; r = r->next) {
		const struct fx_mon *w = NP_CONTAINER_OF(r, struct fx_mon, row);
		if (w->store)
			put_state(k, &c, w);
	}
	cols_add(k, SQL_STATE, &c);
}

static void add_changes(struct maker *k)
{
	struct cols c;
	cols_init(&c, (const enum pg_type[]){ PG_INT8, PG_TIMESTAMPTZ, PG_INT8, PG_INT8, PG_TEXT,
					      PG_BOOL, PG_BOOL, PG_TEXT, PG_JSONB }, 9);
	for (struct fx_row *r = k->x->changes.first; r; r = r->next) {
		const struct fx_change *x = NP_CONTAINER_OF(r, struct fx_change, row);
		pg_array_int(&c.at[0], (int64_t)x->mon->no);
		pg_array_time(&c.at[1], x->at_us);
		pg_array_int(&c.at[2], (int64_t)k->g->part[mon_shard(x->mon->no)].to);
		pg_array_int(&c.at[3], (int64_t)x->mon->org);
		put_c(&c.at[4], step_state_name(x->state));
		pg_array_bool(&c.at[5], x->partial);
		pg_array_bool(&c.at[6], x->degraded);
		pg_array_str(&c.at[7], x->why);
		put_json(&c.at[8], x->detail);
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

static void add_timers(struct maker *k)
{
	static const enum pg_type types[] = { PG_INT8, PG_INT2, PG_INT8, PG_INT2, PG_TIMESTAMPTZ,
					      PG_INT8 };
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

/* ---- incidents ---- */

static void put_change(struct cols *c, const struct fx_incident *i)
{
	pg_array_uuid(&c->at[0], i->id);
	put_c(&c->at[1], i->state);
	pg_array_bool(&c->at[2], i->ack_set);
	put_time(&c->at[3], i->acked_us);
	put_text(&c->at[4], i->acked_by);
	put_time(&c->at[5], i->closed_us);
	put_text(&c->at[6], i->close_reason);
}

static void put_open(struct cols *c, const struct fx_incident *i)
{
	pg_array_uuid(&c->at[0], i->id);
	pg_array_int(&c->at[1], (int64_t)i->mon->org);
	pg_array_int(&c->at[2], (int64_t)i->mon->no);
	pg_array_uuid(&c->at[3], i->mon->id);
	pg_array_int(&c->at[4], mon_shard(i->mon->no));
	put_c(&c->at[5], mon_provenance_name(i->mon->def.provenance));
	put_c(&c->at[6], i->state);
	pg_array_time(&c->at[7], i->opened_us);
	pg_array_time(&c->at[8], i->decided_us);
	put_time(&c->at[9], i->acked_us);
	put_text(&c->at[10], i->acked_by);
	put_time(&c->at[11], i->closed_us);
	put_text(&c->at[12], i->close_reason);
	pg_array_str(&c->at[13], i->why);
	put_json(&c->at[14], i->detail);
}

static void add_incidents(struct maker *k)
{
	struct cols change, open;
	cols_init(&change, (const enum pg_type[]){ PG_UUID, PG_TEXT, PG_BOOL, PG_TIMESTAMPTZ,
						   PG_TEXT, PG_TIMESTAMPTZ, PG_TEXT }, 7);
	cols_init(&open, (const enum pg_type[]){ PG_UUID, PG_INT8, PG_INT8, PG_UUID, PG_INT2,
						 PG_TEXT, PG_TEXT, PG_TIMESTAMPTZ, PG_TIMESTAMPTZ,
						 PG_TIMESTAMPTZ, PG_TEXT, PG_TIMESTAMPTZ, PG_TEXT,
						 PG_TEXT, PG_JSONB }, 15);
	for (struct fx_row *r = k->x->incidents.first; r; r = r->next) {
		const struct fx_incident *i = NP_CONTAINER_OF(r, struct fx_incident, row);
		if (i->fresh)
			put_open(&open, i);
		else
			put_change(&change, i);
	}
	cols_add(k, SQL_INCIDENT_CHANGE, &change);
	cols_add(k, SQL_INCIDENT_OPEN, &open);
}

static void add_events(struct maker *k)
{
	struct cols c;
	cols_init(&c, (const enum pg_type[]){ PG_UUID, PG_INT4, PG_INT8, PG_INT8, PG_TIMESTAMPTZ,
					      PG_TEXT, PG_TEXT, PG_TEXT, PG_TEXT, PG_JSONB }, 10);
	for (struct fx_row *r = k->x->events.first; r; r = r->next) {
		const struct fx_event *e = NP_CONTAINER_OF(r, struct fx_event, row);
		pg_array_uuid(&c.at[0], e->incident);
		pg_array_int(&c.at[1], e->number);
		pg_array_int(&c.at[2], (int64_t)e->mon->org);
		pg_array_int(&c.at[3], (int64_t)e->mon->no);
		pg_array_time(&c.at[4], e->at_us);
		put_c(&c.at[5], e->kind);
		pg_array_str(&c.at[6], e->actor);
		pg_array_str(&c.at[7], e->origin);
		pg_array_str(&c.at[8], e->reason);
		put_json(&c.at[9], e->detail);
	}
	cols_add(k, SQL_EVENT, &c);
}

/* ---- notices ---- */

/* The first seven columns are the same in both statements. */
static void put_notice(struct cols *c, const struct fx_notice *n)
{
	pg_array_uuid(&c->at[0], n->subject);
	pg_array_int(&c->at[1], (int64_t)n->mon->org);
	pg_array_int(&c->at[2], n->event);
	put_c(&c->at[3], n->kind);
	pg_array_int(&c->at[4], (int64_t)n->mon->no);
	if (n->of_incident)
		pg_array_uuid(&c->at[5], n->subject);
	else
		pg_array_null(&c->at[5]);
	put_json(&c->at[6], n->body);
	if (n->after) {
		put_c(&c->at[7], n->after);
		pg_array_time(&c->at[8], n->at_us);
		return;
	}
	put_text(&c->at[7], n->channels);
	put_text(&c->at[8], n->held);
	pg_array_time(&c->at[9], n->at_us);
}

static void add_notices(struct maker *k)
{
	struct cols all, after;
	cols_init(&all, (const enum pg_type[]){ PG_UUID, PG_INT8, PG_INT4, PG_TEXT, PG_INT8,
						PG_UUID, PG_JSONB, PG_JSONB, PG_TEXT,
						PG_TIMESTAMPTZ }, 10);
	cols_init(&after, (const enum pg_type[]){ PG_UUID, PG_INT8, PG_INT4, PG_TEXT, PG_INT8,
						  PG_UUID, PG_JSONB, PG_TEXT, PG_TIMESTAMPTZ }, 9);
	for (struct fx_row *r = k->x->notices.first; r; r = r->next) {
		const struct fx_notice *n = NP_CONTAINER_OF(r, struct fx_notice, row);
		put_notice(n->after ? &after : &all, n);
	}
	cols_add(k, SQL_NOTICE, &all);
	cols_add(k, SQL_NOTICE_AFTER, &after);
}

/* ---- commands, refusals, audit, memberships ---- */

static void add_outcomes(struct maker *k)
{
	struct cols c;
	cols_init(&c, (const enum pg_type[]){ PG_UUID, PG_TEXT, PG_TEXT, PG_TIMESTAMPTZ }, 4);
	for (struct fx_row *r = k->x->outcomes.first; r; r = r->next) {
		const struct fx_outcome *o = NP_CONTAINER_OF(r, struct fx_outcome, row);
		pg_array_uuid(&c.at[0], o->id);
		put_c(&c.at[1], o->applied ? "applied" : "refused");
		pg_array_str(&c.at[2], o->reason);
		pg_array_time(&c.at[3], o->at_us);
	}
	cols_add(k, SQL_OUTCOME, &c);
}

static void put_reject(struct cols *c, const struct fx_reject *r)
{
	uint8_t sha[CRYPT_SHA256_LEN];
	char epoch[24];
	int n = snprintf(epoch, sizeof epoch, "%llu", (unsigned long long)r->epoch);
	crypt_sha256(r->item, sha);
	pg_array_int(&c->at[0], (int64_t)r->checker);
	pg_array_str(&c->at[1], (np_str){ epoch, (size_t)n });
	pg_array_int(&c->at[2], r->shard);
	pg_array_int(&c->at[3], (int64_t)r->seq);
	if (r->org)
		pg_array_int(&c->at[4], (int64_t)r->org);
	else
		pg_array_null(&c->at[4]);
	pg_array_time(&c->at[5], r->at_us);
	put_c(&c->at[6], r->reason);
	pg_array_str(&c->at[7], (np_str){ (const char *)sha, sizeof sha });
	pg_array_str(&c->at[8], str_sub(r->item, 0, REJECT_HEAD));
}

static void add_rejects(struct maker *k)
{
	struct cols c;
	cols_init(&c, (const enum pg_type[]){ PG_INT8, PG_TEXT, PG_INT2, PG_INT8, PG_INT8,
					      PG_TIMESTAMPTZ, PG_TEXT, PG_BYTEA, PG_BYTEA }, 9);
	for (struct fx_row *r = k->x->rejects.first; r; r = r->next)
		put_reject(&c, NP_CONTAINER_OF(r, struct fx_reject, row));
	cols_add(k, SQL_REJECT, &c);
}

static void add_audits(struct maker *k)
{
	struct cols c;
	cols_init(&c, (const enum pg_type[]){ PG_INT8, PG_TIMESTAMPTZ, PG_TEXT, PG_TEXT,
					      PG_JSONB }, 5);
	for (struct fx_row *r = k->x->audits.first; r; r = r->next) {
		const struct fx_audit *a = NP_CONTAINER_OF(r, struct fx_audit, row);
		pg_array_int(&c.at[0], (int64_t)a->org);
		pg_array_time(&c.at[1], a->at_us);
		put_c(&c.at[2], a->act);
		pg_array_str(&c.at[3], a->subject);
		put_json(&c.at[4], a->after);
	}
	cols_add(k, SQL_AUDIT, &c);
}

static void add_memberships(struct maker *k)
{
	struct cols c;
	cols_init(&c, (const enum pg_type[]){ PG_INT4, PG_INT8, PG_INT8, PG_TIMESTAMPTZ,
					      PG_TEXT }, 5);
	for (struct fx_row *r = k->x->memberships.first; r; r = r->next) {
		const struct fx_membership *m = NP_CONTAINER_OF(r, struct fx_membership, row);
		pg_array_int(&c.at[0], m->region);
		pg_array_int(&c.at[1], (int64_t)m->number);
		pg_array_int(&c.at[2], (int64_t)m->org);
		pg_array_time(&c.at[3], m->from_us);
		pg_array_str(&c.at[4], m->members);
	}
	cols_add(k, SQL_MEMBERSHIP, &c);
}

np_err txbuild(const struct group *g, struct pg_batch **ret_tx)
{
	struct maker k = { .g = g, .x = g->fx, .tx = pg_batch_new() };
	if (!k.tx)
		return NP_E_NOMEM;
	k.err = pg_batch_add(k.tx, sql_text(SQL_LIMITS), NULL);
#ifndef NP_MUTANT_UNFENCED
	add_fence(&k);
#endif
	add_log(&k);
	add_states(&k);
	add_changes(&k);
	add_timers(&k);
	add_incidents(&k);
	add_events(&k);
	add_notices(&k);
	add_outcomes(&k);
	add_rejects(&k);
	add_audits(&k);
	add_memberships(&k);
	for (uint32_t i = 0; i < NP_SHARDS; i++)
		if (g->part[i].has_snapshot)
			add_snapshot(&k, i);
	if (k.err < 0)
		pg_batch_free(k.tx);
	else
		*ret_tx = k.tx;
	return k.err;
}
