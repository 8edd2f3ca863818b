/* SPDX-License-Identifier: Apache-2.0 */
/* What people see of a commit: incidents, notices, answers, refusals. */
#include "base/crypt.h"
#include "base/str.h"
#include "engine/txcols.h"

#define REJECT_HEAD 64 /* bytes of a refused item that are kept */

/* ---- incidents ---- */

static void put_change(struct cols *c, const struct fx_incident *i)
{
	pg_array_uuid(&c->at[0], i->id);
	cols_c(&c->at[1], i->state);
	pg_array_bool(&c->at[2], i->ack_set);
	cols_time(&c->at[3], i->acked_us);
	cols_text(&c->at[4], i->acked_by);
	cols_time(&c->at[5], i->closed_us);
	cols_text(&c->at[6], i->close_reason);
}

static void put_open(struct cols *c, const struct fx_incident *i)
{
	static const uint8_t none[16];
	pg_array_uuid(&c->at[0], i->id);
	pg_array_int(&c->at[1], (int64_t)i->mon->org);
	pg_array_int(&c->at[2], (int64_t)i->mon->no);
	pg_array_uuid(&c->at[3], i->mon->id);
	pg_array_int(&c->at[4], mon_shard(i->mon->no));
	cols_c(&c->at[5], mon_provenance_name(i->mon->def.provenance));
	cols_c(&c->at[6], i->state);
	pg_array_time(&c->at[7], i->opened_us);
	pg_array_time(&c->at[8], i->decided_us);
	cols_time(&c->at[9], i->acked_us);
	cols_text(&c->at[10], i->acked_by);
	cols_time(&c->at[11], i->closed_us);
	cols_text(&c->at[12], i->close_reason);
	pg_array_str(&c->at[13], i->why);
	cols_json(&c->at[14], i->detail);
	cols_c(&c->at[15], mon_severity_name(i->mon->def.severity));
	if (memcmp(i->parent, none, sizeof none) != 0)
		pg_array_uuid(&c->at[16], i->parent);
	else
		pg_array_null(&c->at[16]);
}

static void add_incidents(struct tx *k)
{
	struct cols change, open;
	cols_init(&change,
		  (const enum pg_type[]){ PG_UUID, PG_TEXT, PG_BOOL, PG_TIMESTAMPTZ, PG_TEXT,
					  PG_TIMESTAMPTZ, PG_TEXT },
		  7);
	cols_init(&open,
		  (const enum pg_type[]){ PG_UUID, PG_INT8, PG_INT8, PG_UUID, PG_INT2, PG_TEXT,
					  PG_TEXT, PG_TIMESTAMPTZ, PG_TIMESTAMPTZ, PG_TIMESTAMPTZ,
					  PG_TEXT, PG_TIMESTAMPTZ, PG_TEXT, PG_TEXT, PG_JSONB,
					  PG_TEXT, PG_UUID },
		  17);
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

static void add_events(struct tx *k)
{
	struct cols c;
	cols_init(&c,
		  (const enum pg_type[]){ PG_UUID, PG_INT4, PG_INT8, PG_INT8, PG_TIMESTAMPTZ,
					  PG_TEXT, PG_TEXT, PG_TEXT, PG_TEXT, PG_JSONB },
		  10);
	for (struct fx_row *r = k->x->events.first; r; r = r->next) {
		const struct fx_event *e = NP_CONTAINER_OF(r, struct fx_event, row);
		pg_array_uuid(&c.at[0], e->incident);
		pg_array_int(&c.at[1], e->number);
		pg_array_int(&c.at[2], (int64_t)e->mon->org);
		pg_array_int(&c.at[3], (int64_t)e->mon->no);
		pg_array_time(&c.at[4], e->at_us);
		cols_c(&c.at[5], e->kind);
		pg_array_str(&c.at[6], e->actor);
		pg_array_str(&c.at[7], e->origin);
		pg_array_str(&c.at[8], e->reason);
		cols_json(&c.at[9], e->detail);
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
	cols_c(&c->at[3], n->kind);
	pg_array_int(&c->at[4], (int64_t)n->mon->no);
	if (n->of_incident)
		pg_array_uuid(&c->at[5], n->subject);
	else
		pg_array_null(&c->at[5]);
	cols_json(&c->at[6], n->body);
	if (n->after) {
		cols_c(&c->at[7], n->after);
		pg_array_time(&c->at[8], n->at_us);
		cols_text(&c->at[9], n->channels);
		return;
	}
	cols_text(&c->at[7], n->channels);
	cols_text(&c->at[8], n->held);
	pg_array_time(&c->at[9], n->at_us);
}

static void add_notices(struct tx *k)
{
	struct cols all, after;
	cols_init(&all,
		  (const enum pg_type[]){ PG_UUID, PG_INT8, PG_INT4, PG_TEXT, PG_INT8, PG_UUID,
					  PG_JSONB, PG_JSONB, PG_TEXT, PG_TIMESTAMPTZ },
		  10);
	cols_init(&after,
		  (const enum pg_type[]){ PG_UUID, PG_INT8, PG_INT4, PG_TEXT, PG_INT8, PG_UUID,
					  PG_JSONB, PG_JSONB, PG_TIMESTAMPTZ, PG_JSONB },
		  10);
	for (struct fx_row *r = k->x->notices.first; r; r = r->next) {
		const struct fx_notice *n = NP_CONTAINER_OF(r, struct fx_notice, row);
		put_notice(n->after ? &after : &all, n);
	}
	cols_add(k, SQL_NOTICE, &all);
	cols_add(k, SQL_NOTICE_AFTER, &after);
}

/* ---- commands, refusals, memberships ---- */

static void add_asks(struct tx *k)
{
	struct cols c;
	cols_init(&c, (const enum pg_type[]){ PG_INT8, PG_UUID, PG_TIMESTAMPTZ }, 3);
	for (struct fx_row *r = k->x->asks.first; r; r = r->next) {
		const struct fx_ask *a = NP_CONTAINER_OF(r, struct fx_ask, row);
		pg_array_int(&c.at[0], (int64_t)a->org);
		pg_array_uuid(&c.at[1], a->monitor);
		pg_array_time(&c.at[2], a->at_us);
	}
	cols_add(k, SQL_ASK, &c);
}

static void add_outcomes(struct tx *k)
{
	struct cols c;
	cols_init(&c, (const enum pg_type[]){ PG_UUID, PG_TEXT, PG_TEXT, PG_TIMESTAMPTZ }, 4);
	for (struct fx_row *r = k->x->outcomes.first; r; r = r->next) {
		const struct fx_outcome *o = NP_CONTAINER_OF(r, struct fx_outcome, row);
		pg_array_uuid(&c.at[0], o->id);
		cols_c(&c.at[1], o->applied ? "applied" : "refused");
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
	cols_c(&c->at[6], r->reason);
	pg_array_str(&c->at[7], (np_str){ (const char *)sha, sizeof sha });
	pg_array_str(&c->at[8], str_sub(r->item, 0, REJECT_HEAD));
}

static void add_rejects(struct tx *k)
{
	struct cols c;
	cols_init(&c,
		  (const enum pg_type[]){ PG_INT8, PG_TEXT, PG_INT2, PG_INT8, PG_INT8,
					  PG_TIMESTAMPTZ, PG_TEXT, PG_BYTEA, PG_BYTEA },
		  9);
	for (struct fx_row *r = k->x->rejects.first; r; r = r->next)
		put_reject(&c, NP_CONTAINER_OF(r, struct fx_reject, row));
	cols_add(k, SQL_REJECT, &c);
}

static void add_memberships(struct tx *k)
{
	struct cols c;
	cols_init(&c, (const enum pg_type[]){ PG_INT4, PG_INT8, PG_INT8, PG_TIMESTAMPTZ, PG_TEXT },
		  5);
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

void txrows_add(struct tx *k)
{
	add_incidents(k);
	add_events(k);
	add_notices(k);
	add_outcomes(k);
	add_asks(k);
	add_rejects(k);
	txaudit_add(k);
	add_memberships(k);
}
