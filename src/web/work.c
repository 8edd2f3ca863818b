/* SPDX-License-Identifier: Apache-2.0 */
#include "web/work.h"

#include "base/clock.h"
#include "base/log.h"
#include "web/input.h"
#include "web/gz.h"
#include "web/prob.h"
#include "web/who.h"

static void problem(struct wreq *q, uint16_t status, np_str detail)
{
	buf_reset(&q->out);
	q->gzip = false;
	q->status = status;
	q->type = PROB_TYPE;
	prob_write(&q->out, status, detail, q->id, &q->problems);
}

NP_NODISCARD np_err wq_problem(struct wreq *q, uint16_t status, const char *detail)
{
	problem(q, status, str_from_c(detail));
	return NP_E_CANCELED;
}

NP_NODISCARD np_err wq_check(struct wreq *q)
{
	if (!problem_any(&q->problems))
		return NP_OK;
	return wq_problem(q, 422, "Some fields cannot be used as they are; nothing was changed.");
}

static np_err read_body(struct wreq *q)
{
	np_str text = httpd_body(q->http);
	uint32_t flags = q->route->flags;
	if (!(flags & (R_BODY | R_BODY_MAY)) || (text.n == 0 && !(flags & R_BODY)))
		return NP_OK;
	np_str type, params;
	str_cut(httpd_header(q->http, "content-type"), ';', &type, &params);
	if (!str_eq_nocase(str_trim(type), NP_STR("application/json")))
		return wq_problem(q, 415, "Send the body as Content-Type: application/json.");
	NP_CLEANUP(buf_done) struct buf why;
	buf_init(&why, 512);
	q->body = in_parse(text, &why);
	if (q->body)
		return NP_OK;
	problem(q, 400, buf_str(&why));
	return NP_E_CANCELED;
}

static np_err identify(struct wreq *q, struct pg_conn *c)
{
	np_err e = who_find(c, q->credential, q->who.by_cookie, q->arena, &q->who);
	if (e == NP_E_AUTH)
		return wq_problem(q, 401,
				  "Sign in: this token or session is not, or no longer, valid.");
	if (e < 0)
		return e;
	if (!who_may(&q->who, q->route->action))
		return wq_problem(q, 403, "Your role or your token's scopes may not do this.");
	who_note(c, &q->who);
	return NP_OK;
}

static np_err in_tenant(struct wreq *q, struct pg_conn *c, wq_fn fn)
{
	np_err e = pg_tx_begin(c, q->who.org);
	if (e < 0)
		return e;
	e = fn(q, c);
	if (e == NP_OK)
		e = buf_failed(&q->out);
	if (e < 0) {
		if (pg_conn_in_tx(c))
			pg_tx_rollback(c);
		return e;
	}
	return pg_tx_commit(c);
}

static np_err first(struct wreq *q, struct pg_conn *c)
{
	bool open = q->route->flags & R_OPEN;
	np_err e = open ? NP_OK : identify(q, c);
	if (e == NP_OK)
		e = read_body(q);
	if (e == NP_OK && problem_any(&q->problems))
		e = wq_problem(q, 400, "This address has a parameter that is not known here.");
	if (e < 0)
		return e;
	return open ? q->route->fn(q, c) : in_tenant(q, c, q->route->fn);
}

static void log_failure(const struct wreq *q, np_err e, const struct pg_error *db)
{
	np_log(e == NP_E_DB || e == NP_E_NOMEM ? NP_ERROR : NP_WARN, "request.failed",
	       KV_C("request", q->id), KV_C("route", q->route->pattern), KV_ERR(e),
	       KV_C("sqlstate", db->sqlstate), KV_C("said", db->message));
}

static void compress(struct wreq *q)
{
	if (!q->gzip || q->out.n < WQ_GZIP_MIN)
		goto plain;
	struct buf packed;
	buf_init(&packed, WQ_OUT_MAX);
	if (gz_pack(buf_str(&q->out), &packed) == NP_OK && packed.n < q->out.n) {
		buf_done(&q->out);
		q->out = packed;
		return;
	}
	buf_done(&packed);
plain:
	q->gzip = false;
}

void work_run(void *wreq)
{
	struct wreq *q = wreq;
	struct pg_conn *c = NULL;
	struct pg_error db = { 0 };
	np_err e = pg_pool_take_why(q->web->pool, clock_mono_ms() + WEB_DB_MS, &c, &db);
	if (e == NP_OK) {
		e = q->waiting ? in_tenant(q, c, q->later) : first(q, c);
		if (e < 0)
			db = *pg_conn_error(c);
		pg_pool_give(q->web->pool, &c);
	}
	if (q->think)
		e = q->think(q, e);
	q->err = e;
	if (e == NP_E_AGAIN && q->waiting && !q->expired)
		return;
	if (e < 0 && e != NP_E_CANCELED) {
		const char *detail;
		uint16_t status = prob_of(e, &detail);
		if (status >= 500)
			log_failure(q, e, &db);
		problem(q, status, str_from_c(detail));
	}
	if (e < 0 || !q->later || q->waiting)
		compress(q);
}
