/* SPDX-License-Identifier: Apache-2.0 */
#include "web/act.h"

#include "base/clock.h"
#include "base/str.h"
#include "web/input.h"
#include "web/sqlfmt.h"

static const char audit_sql[] =
	"INSERT INTO np.audit (org_id, actor, origin, act, subject, before, after)"
	" VALUES ($1, $2, $3, $4, $5, $6, $7)";

static const char send_sql[] =
	"INSERT INTO np.inbox (id, shard, org_id, monitor_id, actor, origin, command, body)"
	" VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";

static const char show_sql[] =
	"SELECT json_build_object('id', i.id, 'monitor_id', m.uuid, 'command', i.command,"
	" 'actor', i.actor, 'outcome', i.outcome, 'reason', i.reason,"
	" 'created_at', " SQL_TIME("i.created_at") ", 'decided_at', " SQL_TIME(
		"i.decided_at") "),"
				" i.outcome, i.reason"
				" FROM np.inbox i LEFT JOIN np.monitor m ON m.id = i.monitor_id WHERE i.id = $1";

static void json_or_null(struct pg_params *p, np_str json)
{
	if (json.n)
		pg_params_jsonb(p, json);
	else
		pg_params_null(p, PG_JSONB);
}

NP_NODISCARD np_err act_audit(struct wreq *q, struct pg_conn *c, const struct act_audit *a)
{
	NP_CLEANUP(pg_params_done) struct pg_params p;
	pg_params_init(&p);
	pg_params_i64(&p, (int64_t)q->who.org);
	pg_params_text(&p, q->who.name);
	pg_params_c(&p, q->origin);
	pg_params_c(&p, a->act);
	pg_params_text(&p, a->subject);
	json_or_null(&p, a->before);
	json_or_null(&p, a->after);
	return pg_exec(c, audit_sql, &p, NULL);
}

static np_err load(struct wreq *q, struct pg_conn *c, struct pg_res **ret)
{
	NP_CLEANUP(pg_params_done) struct pg_params p;
	pg_params_init(&p);
	pg_params_uuid(&p, q->inbox);
	np_err e = pg_exec(c, show_sql, &p, ret);
	if (e < 0)
		return e;
	return pg_res_rows(*ret) == 1 ? NP_OK : NP_E_NOTFOUND;
}

NP_NODISCARD np_err act_show(struct wreq *q, struct pg_conn *c)
{
	NP_CLEANUP(pg_res_free_p) struct pg_res *res = NULL;
	np_err e = load(q, c, &res);
	if (e == NP_OK)
		jsonw_raw(&q->json, pg_res_str(res, 0, 0));
	return e;
}

static np_err refused(struct wreq *q, np_str reason)
{
	np_str detail = arena_printf(q->arena, "Refused: %.*s", NP_FMT(reason));
	const char *text = arena_c(q->arena, detail);
	return wq_problem(q, 409, text ? text : "Refused.");
}

/* What became of it? */
static np_err later(struct wreq *q, struct pg_conn *c)
{
	NP_CLEANUP(pg_res_free_p) struct pg_res *res = NULL;
	np_err e = load(q, c, &res);
	if (e < 0)
		return e;
	if (pg_res_null(res, 0, 1)) {
		if (!q->expired)
			return NP_E_AGAIN;
		char id[36];
		str_uuid(q->inbox, id);
		q->status = 202;
		q->location = arena_printf(q->arena, "/api/v1/inbox/%.36s", id);
		jsonw_raw(&q->json, pg_res_str(res, 0, 0));
		return NP_OK;
	}
	if (!str_eq_c(pg_res_str(res, 0, 1), "applied"))
		return refused(q, pg_res_str(res, 0, 2));
	return q->applied(q, c);
}

NP_NODISCARD np_err act_send(struct wreq *q, struct pg_conn *c, const struct act_command *a)
{
	NP_CLEANUP(pg_params_done) struct pg_params p;
	pg_params_init(&p);
	pg_params_uuid(&p, q->inbox);
	pg_params_i16(&p, (int16_t)a->shard);
	pg_params_i64(&p, (int64_t)q->who.org);
	pg_params_i64(&p, a->monitor);
	pg_params_text(&p, q->who.name);
	pg_params_c(&p, q->origin);
	pg_params_c(&p, a->command);
	pg_params_jsonb(&p, a->body);
	np_err e = pg_exec(c, send_sql, &p, NULL);
	if (e < 0)
		return e;
	q->shard = (uint32_t)a->shard;
	q->nudge_inbox = true;
	q->applied = a->applied;
	q->later = later;
	q->deadline_ms = clock_mono_ms() + q->web->command_wait_ms;
	return NP_OK;
}

np_err act_get(struct wreq *q, struct pg_conn *c)
{
	np_err e = in_id(q, 0, q->inbox);
	return e < 0 ? e : act_show(q, c);
}
