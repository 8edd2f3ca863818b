/* SPDX-License-Identifier: Apache-2.0 */
/* An act of a person is audited by the API, with the command; what became of it, and what the
 * engine decided on its own, here: states, events of incidents, outcomes, and what the fold and the
 * coordinator noted themselves. */
#include "base/jsonw.h"
#include "base/str.h"
#include "engine/txcols.h"

enum { ORG, AT, ACTOR, ORIGIN, ACT, SUBJECT, AFTER, COL_N };

#define ACT_MAX 64
#define AFTER_MAX ((size_t)64 * 1024)

static void put_engine(struct cols *c)
{
	cols_c(&c->at[ACTOR], FX_ORIGIN_ENGINE);
	cols_c(&c->at[ORIGIN], FX_ORIGIN_ENGINE);
}

static void put_uuid(struct pg_array *a, const uint8_t id[16])
{
	char text[36];
	str_uuid(id, text);
	pg_array_str(a, (np_str){ text, sizeof text });
}

static void put_after(struct tx *k, struct cols *c, const struct buf *json)
{
	np_err e = buf_failed(json);
	if (e < 0 && k->err == NP_OK)
		k->err = e;
	cols_json(&c->at[AFTER], buf_str(json));
}

static void add_noted(struct cols *c, const struct fx_audit *a)
{
	pg_array_int(&c->at[ORG], (int64_t)a->org);
	pg_array_time(&c->at[AT], a->at_us);
	put_engine(c);
	cols_c(&c->at[ACT], a->act);
	pg_array_str(&c->at[SUBJECT], a->subject);
	cols_json(&c->at[AFTER], a->after);
}

static void add_state(struct tx *k, struct cols *c, const struct fx_change *x)
{
	NP_CLEANUP(buf_done) struct buf json;
	struct jsonw j;
	buf_init(&json, AFTER_MAX);
	jsonw_init(&j, &json);
	jsonw_obj(&j);
	jsonw_kc(&j, "state", step_state_name(x->state));
	jsonw_kbool(&j, "partial", x->partial);
	jsonw_kbool(&j, "degraded", x->degraded);
	jsonw_kstr(&j, "why", x->why);
	jsonw_obj_end(&j);
	pg_array_int(&c->at[ORG], (int64_t)x->mon->org);
	pg_array_time(&c->at[AT], x->at_us);
	put_engine(c);
	cols_c(&c->at[ACT], "monitor.state");
	put_uuid(&c->at[SUBJECT], x->mon->id);
	put_after(k, c, &json);
}

/* Opening and closing are noted by the fold, with the times that they are dated back to. */
static bool is_noted(const struct fx_event *e)
{
	return strcmp(e->kind, step_event_name(STEP_EV_OPENED)) == 0 ||
	       strcmp(e->kind, step_event_name(STEP_EV_RESOLVED)) == 0;
}

static void add_event(struct tx *k, struct cols *c, const struct fx_event *e)
{
	NP_CLEANUP(buf_done) struct buf json;
	struct jsonw j;
	char act[ACT_MAX];
	buf_init(&json, AFTER_MAX);
	jsonw_init(&j, &json);
	jsonw_obj(&j);
	jsonw_ki64(&j, "number", e->number);
	jsonw_kc(&j, "state", e->state);
	jsonw_kstr(&j, "reason", e->reason);
	jsonw_obj_end(&j);
	(void)snprintf(act, sizeof act, "incident.%s", e->kind);
	pg_array_int(&c->at[ORG], (int64_t)e->mon->org);
	pg_array_time(&c->at[AT], e->at_us);
	pg_array_str(&c->at[ACTOR], e->actor);
	pg_array_str(&c->at[ORIGIN], e->origin);
	cols_c(&c->at[ACT], act);
	put_uuid(&c->at[SUBJECT], e->incident);
	put_after(k, c, &json);
}

static void add_outcome(struct tx *k, struct cols *c, const struct fx_outcome *o)
{
	NP_CLEANUP(buf_done) struct buf json;
	struct jsonw j;
	buf_init(&json, AFTER_MAX);
	jsonw_init(&j, &json);
	jsonw_obj(&j);
	if (!o->applied)
		jsonw_kstr(&j, "reason", o->reason);
	jsonw_obj_end(&j);
	pg_array_int(&c->at[ORG], (int64_t)o->org);
	pg_array_time(&c->at[AT], o->at_us);
	put_engine(c);
	cols_c(&c->at[ACT], o->applied ? "command.applied" : "command.refused");
	put_uuid(&c->at[SUBJECT], o->id);
	put_after(k, c, &json);
}

static void add_all(struct tx *k, struct cols *c)
{
	for (struct fx_row *r = k->x->audits.first; r; r = r->next)
		add_noted(c, NP_CONTAINER_OF(r, struct fx_audit, row));
	for (struct fx_row *r = k->x->outcomes.first; r; r = r->next) {
		const struct fx_outcome *o = NP_CONTAINER_OF(r, struct fx_outcome, row);
		if (o->org != 0) /* about a monitor that there is */
			add_outcome(k, c, o);
	}
	for (struct fx_row *r = k->x->changes.first; r; r = r->next)
		add_state(k, c, NP_CONTAINER_OF(r, struct fx_change, row));
	for (struct fx_row *r = k->x->events.first; r; r = r->next) {
		const struct fx_event *e = NP_CONTAINER_OF(r, struct fx_event, row);
		if (!is_noted(e))
			add_event(k, c, e);
	}
}

void txaudit_add(struct tx *k)
{
	struct cols c;
	cols_init(&c,
		  (const enum pg_type[]){ PG_INT8, PG_TIMESTAMPTZ, PG_TEXT, PG_TEXT, PG_TEXT,
					  PG_TEXT, PG_JSONB },
		  COL_N);
	add_all(k, &c);
	cols_add(k, SQL_AUDIT, &c);
}
