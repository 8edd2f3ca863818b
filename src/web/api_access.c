/* SPDX-License-Identifier: Apache-2.0 */
#include "base/str.h"
#include "web/act.h"
#include "web/api.h"
#include "web/input.h"
#include "web/page.h"
#include "web/store_access.h"
#include "web/who.h"

static void write_actions(struct wreq *q)
{
	struct jsonw *w = &q->json;
	jsonw_key(w, "actions");
	jsonw_arr(w);
	for (int a = 0; a < ACC_ACTION_N; a++)
		if (who_may(&q->who, (enum acc_action)a))
			jsonw_c(w, acc_action_name((enum acc_action)a));
	jsonw_arr_end(w);
}

static void write_session(struct wreq *q, bool cookie)
{
	struct jsonw *w = &q->json;
	jsonw_obj(w);
	jsonw_kstr(w, "name", q->who.name);
	jsonw_kc(w, "role", acc_role_name(q->who.role));
	jsonw_key(w, "org");
	jsonw_obj(w);
	jsonw_kstr(w, "name", q->who.org_name);
	jsonw_kbool(w, "private_ok", q->who.private_ok);
	jsonw_obj_end(w);
	jsonw_kc(w, "via", cookie ? "cookie" : "token");
	write_actions(q);
	jsonw_kc(w, "version", NP_VERSION);
	jsonw_obj_end(w);
}

np_err api_session_read(struct wreq *q, struct pg_conn *c)
{
	(void)c;
	write_session(q, q->who.by_cookie);
	return NP_OK;
}

static np_err open_session(struct wreq *q, struct pg_conn *c, np_str cookie)
{
	np_err e = sta_open(q, c, cookie);
	if (e < 0)
		return e;
	return act_audit(q, c,
			 &(struct act_audit){ .act = "session.open", .subject = q->who.name });
}

struct opening {
	struct wreq *q;
	np_str cookie;
};

static np_err open_in_tx(struct pg_conn *c, void *ctx)
{
	struct opening *o = ctx;
	return open_session(o->q, c, o->cookie);
}

np_err api_session_open(struct wreq *q, struct pg_conn *c)
{
	in_only(q, "token");
	np_str token = in_text(q, (struct in_text){ "token", 1, WHO_TOKEN_MAX });
	np_err e = wq_check(q);
	if (e < 0)
		return e;
	e = who_find(c, str_trim(token), false, q->arena, &q->who);
	if (e == NP_E_AUTH)
		return wq_problem(q, 401, "This token is not, or no longer, valid.");
	if (e < 0)
		return e;
	uint8_t raw[32];
	char text[64];
	rnd_bytes(raw, sizeof raw);
	struct opening o = { q, { text, str_b64url(raw, sizeof raw, text) } };
	q->origin = "dashboard";
	who_note(c, &q->who);
	e = pg_tx_run(c, q->who.org, open_in_tx, &o);
	if (e < 0)
		return e;
	q->cookie = who_set_cookie(q->web, q->arena, o.cookie);
	if (!q->cookie.p)
		return NP_E_NOMEM;
	write_session(q, true);
	return NP_OK;
}

np_err api_session_close(struct wreq *q, struct pg_conn *c)
{
	q->status = 204;
	q->cookie = who_set_cookie(q->web, q->arena, (np_str){ 0 });
	if (!q->who.by_cookie)
		return NP_OK;
	np_err e = sta_close(q, c);
	if (e < 0)
		return e;
	return act_audit(q, c,
			 &(struct act_audit){ .act = "session.close", .subject = q->who.name });
}

np_err api_audit(struct wreq *q, struct pg_conn *c)
{
	struct page page;
	page_read(q, &page);
	np_str subject = in_query(q, "subject", 100);
	np_err e = wq_check(q);
	if (e < 0)
		return e;
	NP_CLEANUP(pg_res_free_p) struct pg_res *rows = NULL;
	e = sta_audit(c, subject, &page, &rows);
	if (e == NP_OK)
		page_write(q, &page, rows);
	return e;
}

/* The stream itself begins on the loop's thread (sse.h): here only the identity is looked at. */
np_err api_events(struct wreq *q, struct pg_conn *c)
{
	(void)q;
	(void)c;
	return NP_OK;
}
