/* SPDX-License-Identifier: Apache-2.0 */
/* Definitions and commands: what the API asked for, applied or refused. */
#include <jansson.h>

#include "base/str.h"
#include "core/command.h"
#include "core/jread.h"
#include "engine/foldin.h"

static void outcome(struct foldin *f, ProtobufCBinaryData id, uint64_t org, const char *refused)
{
	if (!f->fx || id.len != 16)
		return;
	struct fx_outcome *o = fx_alloc(f->fx, sizeof *o);
	if (!o)
		return;
	memcpy(o->id, id.data, sizeof o->id);
	o->org = org;
	o->shard = f->s->no;
	o->applied = !refused;
	o->at_us = f->at_us;
	o->reason = fx_copy(f->fx, str_from_c(refused));
	fx_push(&f->fx->outcomes, &o->row);
}

/* ---- definitions ---- */

static void mark_redefined(struct foldin *f, struct mon *m)
{
	struct fx_mon *w = f->fx ? fx_touch(f->fx, m) : NULL;
	if (!w)
		return;
	w->org = m->org; /* a new monitor was touched before it was defined */
	memcpy(w->id, m->id, sizeof w->id);
	w->store = w->show = w->redefined = true;
	w->removed = m->deleted;
}

static np_err delete_it(struct foldin *f, struct mon *m, const Np__I1__DefinitionInput *in)
{
	struct mst_event ev = { .kind = MST_COMMAND };
	ev.command.kind = CMD_DELETE;
	np_err e = foldin_apply(f, m, &ev,
				&(struct fxstep_cause){ .at_us = f->at_us,
							.actor = str_from_c(in->actor),
							.origin = NP_STR("api") });
	m->deleted = true;
	m->def.revision = in->revision;
	if (m->st.revision != 0) /* else it was never seen alive: nothing to tell */
		mark_redefined(f, m);
	return e;
}

static np_err define_it(struct foldin *f, struct mon *m, const Np__I1__DefinitionInput *in)
{
	np_err e = mon_define(m, in);
	if (e < 0)
		return e;
	struct mst_event ev = { .kind = MST_RULES };
	e = foldin_apply(f, m, &ev,
			 &(struct fxstep_cause){ .at_us = f->at_us,
						 .actor = str_from_c(in->actor),
						 .origin = NP_STR("api") });
	for (uint32_t i = 0; e == NP_OK && i < m->def.region_n; i++) {
		struct mst_event suspect = { .kind = MST_SUSPECT, .region = m->def.region[i] };
		suspect.on = true;
		if (shard_is_suspect(f->s, m->def.region[i]) && !m->st.vote[i].suspect)
			e = foldin_event(f, m, &suspect);
	}
	mark_redefined(f, m);
	return e;
}

np_err foldcmd_definition(struct foldin *f, const Np__I1__DefinitionInput *in)
{
	struct mon *m = shard_monitor(f->s, in->monitor);
	if (m && in->revision <= m->def.revision) { /* known: a second way it came */
		outcome(f, in->inbox_id, in->org, NULL);
		return NP_OK;
	}
	if (m && m->deleted) {
		outcome(f, in->inbox_id, in->org, step_refusal_text(STEP_IS_DELETED));
		return NP_OK;
	}
	bool known = m;
	m = shard_monitor_make(f->s, in->monitor);
	if (!m)
		return NP_E_NOMEM;
	bool deleted = in->definition_json[0] == '\0';
	np_err e = deleted ? delete_it(f, m, in) : define_it(f, m, in);
	if (e == NP_E_INVAL && !known)
		shard_monitor_drop(f->s, in->monitor);
	outcome(f, in->inbox_id, in->org, e == NP_E_INVAL ? "not a valid definition" : NULL);
	return e == NP_E_INVAL ? NP_OK : e;
}

/* ---- commands ---- */

static bool is_about_open(const struct mon *m, const json_t *body)
{
	const char *text = json_string_value(json_object_get(body, "incident"));
	uint8_t wanted[16], open[16];
	if (!text || str_to_uuid(str_from_c(text), wanted) < 0)
		return false;
	mon_incident_id(m, open);
	return memcmp(wanted, open, sizeof open) == 0;
}

static np_err kind_of(const char *command, enum cmd_kind *ret)
{
	if (str_eq_c(NP_STR("check"), command)) {
		*ret = CMD_CHECK_NOW;
		return NP_OK;
	}
	return cmd_from_name(str_from_c(command), ret);
}

/* Pausing and deleting come as definitions: a command alone would not survive the next edit. */
static bool is_allowed(enum cmd_kind kind)
{
	return kind != CMD_PAUSE && kind != CMD_UNPAUSE && kind != CMD_DELETE;
}

static const char *perform(struct foldin *f, const Np__I1__CommandInput *in, np_err *ret_e)
{
	struct mon *m = shard_monitor(f->s, in->monitor);
	enum cmd_kind kind;
	if (!m || m->deleted)
		return "no such monitor";
	if (in->command[0] == '\0') /* it was tried, and its commit failed */
		return "the database refused it";
	if (kind_of(in->command, &kind) < 0 || !is_allowed(kind))
		return "no such command";
	NP_CLEANUP(jread_drop) json_t *body = json_loads(in->body_json, 0, NULL);
	if (kind != CMD_CHECK_NOW && !is_about_open(m, body))
		return "that incident is not open";
	const char *key = kind == CMD_NOTE ? "text" : "note";
	np_str note = str_from_c(json_string_value(json_object_get(body, key)));
	if (kind == CMD_ACKNOWLEDGE && !m->st.inc.acked)
		mon_set_acked_by(m, str_from_c(in->actor));
	struct mst_event ev = { .kind = MST_COMMAND };
	ev.command.kind = kind;
	ev.command.actor = 1; /* the name itself is kept beside the state */
	*ret_e = foldin_apply(f, m, &ev,
			      &(struct fxstep_cause){ .at_us = f->at_us,
						      .actor = str_from_c(in->actor),
						      .origin = NP_STR("api"),
						      .note = note });
	return f->step.refusal == STEP_DONE ? NULL : step_refusal_text(f->step.refusal);
}

np_err foldcmd_command(struct foldin *f, const Np__I1__CommandInput *in)
{
	np_err e = NP_OK;
	const char *refused = perform(f, in, &e);
	const struct mon *m = shard_monitor(f->s, in->monitor);
	outcome(f, in->inbox_id, m ? m->org : 0, refused);
	return e;
}
