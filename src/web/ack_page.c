/* SPDX-License-Identifier: Apache-2.0 */
#include "web/ack_page.h"

#include "base/clock.h"
#include "base/str.h"
#include "core/tpl.h"
#include "web/act.h"
#include "web/api.h"
#include "web/life.h"
#include "web/sqlfmt.h"
#include "wire/acklink.h"

#define PAGE_MAX ((size_t)64 * 1024)

/* ---- pages ------------------------------------------------------------------ */

static const char style[] =
	":root{color-scheme:light dark}body{margin:0;padding:2rem 1rem;font:1rem/1.5 system-ui,sans-serif}"
	"main{max-width:36rem;margin:0 auto}h1{font-size:1.4rem;overflow-wrap:anywhere}"
	"p{overflow-wrap:anywhere}button{font:inherit;font-weight:600;padding:.7rem 1.4rem;border:0;"
	"border-radius:.4rem;background:#175cd3;color:#fff;cursor:pointer}"
	"button:focus-visible{outline:3px solid #f79009;outline-offset:2px}";

static const char page[] =
	"<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
	"<meta name=\"viewport\" content=\"width=device-width\">"
	"<meta name=\"color-scheme\" content=\"light dark\"><meta name=\"robots\" content=\"noindex\">"
	"<title>${head}</title><link rel=\"stylesheet\" href=\"/ack.css\"></head>\n"
	"<body><main><h1>${head}</h1>\n"
	"${?monitor}<p><strong>${monitor}</strong>${?since} is down since ${since} UTC.${/}</p>\n${/}"
	"${?why}<p>${why}</p>\n${/}<p>${say}</p>\n"
	"${?button}<form method=\"post\"><button type=\"submit\">Acknowledge</button></form>\n"
	"<p>This tells everybody who was told that somebody is on it, and stops reminders.</p>\n${/}"
	"</main></body></html>\n";

struct view {
	uint16_t status;
	const char *head;
	np_str say, monitor, since, why;
	bool button;
};

static np_err show_page(struct wreq *q, const struct view *v)
{
	struct tpl_vars vars = { .n = 0 };
	const struct tpl_how how = { .vars = &vars, .markup = TPL_HTML };
	tpl_set(&vars, "head", str_from_c(v->head));
	tpl_set(&vars, "say", v->say);
	tpl_set(&vars, "monitor", v->monitor);
	tpl_set(&vars, "since", v->since);
	tpl_set(&vars, "why", v->why);
	tpl_set(&vars, "button", v->button ? NP_STR("1") : (np_str){ 0 });
	q->status = v->status;
	q->type = "text/html; charset=utf-8";
	buf_reset(&q->out);
	return tpl_render(page, &how, &q->out);
}

static np_err nothing_here(struct wreq *q)
{
	return show_page(q,
			 &(struct view){ .status = 404,
					 .head = "This link is not known",
					 .say = NP_STR("It may have been cut on its way. Open "
						       "NetPulse to acknowledge the incident.") });
}

/* ---- what the link is about -------------------------------------------------- */

struct found {
	struct acklink link;
	np_str monitor, since, why, state, acked_by, acked_at, closed_at, channel;
	int64_t monitor_no;
	int32_t shard;
	bool used;
};

/* clang-format off */
#define AT(x) "coalesce(to_char(" x " AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS'), '')"
static const char find_sql[] =
	"SELECT coalesce(m.name, ''), " AT("i.opened_at") ", i.why, i.state,"
	" coalesce(i.acknowledged_by, ''), " AT("i.acknowledged_at") ", " AT("i.closed_at") ","
	" coalesce(c.name, ''), i.monitor_id, i.shard,"
	" EXISTS (SELECT FROM np.ack_used u WHERE u.notice_key = n.key)"
	" FROM np.incident i JOIN np.notice n ON n.subject = i.id AND n.key = $2"
	" LEFT JOIN np.monitor m ON m.id = i.monitor_id"
	" LEFT JOIN np.channel c ON c.id = coalesce(n.via, n.channel_id) WHERE i.id = $1";
/* clang-format on */

static np_err find(struct wreq *q, struct pg_conn *c, struct found *f)
{
	NP_CLEANUP(pg_params_done) struct pg_params p;
	NP_CLEANUP(pg_res_free_p) struct pg_res *r = NULL;
	np_str *const texts[] = { &f->monitor,  &f->since,    &f->why,       &f->state,
				  &f->acked_by, &f->acked_at, &f->closed_at, &f->channel };
	pg_params_init(&p);
	pg_params_uuid(&p, f->link.incident);
	pg_params_uuid(&p, f->link.notice);
	np_err e = pg_exec(c, find_sql, &p, &r);
	if (e < 0)
		return e;
	if (pg_res_rows(r) != 1)
		return NP_E_NOTFOUND;
	for (size_t i = 0; i < NP_LEN(texts); i++)
		*texts[i] = arena_str(q->arena, pg_res_str(r, 0, i));
	f->monitor_no = pg_res_i64(r, 0, NP_LEN(texts));
	f->shard = (int32_t)pg_res_i64(r, 0, NP_LEN(texts) + 1);
	f->used = pg_res_bool(r, 0, NP_LEN(texts) + 2);
	return NP_OK;
}

static struct view view_of(const struct found *f, const char *head, np_str say)
{
	return (struct view){ .status = 200,
			      .head = head,
			      .say = say,
			      .monitor = f->monitor,
			      .since = f->since,
			      .why = f->why };
}

/* Nothing left to do: true, and the page says why. */
static bool settled(struct wreq *q, const struct found *f, struct view *ret)
{
	if (str_eq_c(f->state, "resolved"))
		*ret = view_of(f, "It is over",
			       arena_printf(q->arena, "This incident was resolved at %.*s UTC.",
					    NP_FMT(f->closed_at)));
	else if (str_eq_c(f->state, "acknowledged"))
		*ret = view_of(f, "Somebody is on it",
			       arena_printf(q->arena, "Acknowledged by %.*s at %.*s UTC.",
					    NP_FMT(f->acked_by), NP_FMT(f->acked_at)));
	else if (f->used)
		*ret = view_of(f, "This link was used already",
			       NP_STR("It works once. The next reminder brings a new one; or open "
				      "NetPulse."));
	else if (clock_wall_us() >= f->link.until_us)
		*ret = view_of(f, "This link is too old",
			       NP_STR("It worked for 7 days. Open NetPulse to acknowledge."));
	else
		return false;
	if (!str_eq_c(f->state, "resolved") && !str_eq_c(f->state, "acknowledged"))
		ret->status = 410;
	if (str_eq_c(f->state, "resolved"))
		ret->since = (np_str){ 0 };
	return true;
}

/* Verifies before it asks the database; opens the tenant's transaction. */
static np_err open_link(struct wreq *q, struct pg_conn *c, struct found *f)
{
	np_err e = acklink_read(q->web->seal, httpd_param(q->http, 0), &f->link);
	if (e < 0)
		return NP_E_NOTFOUND;
	q->who.org = (uint64_t)f->link.org;
	q->origin = "link";
	e = pg_tx_begin(c, q->who.org);
	return e < 0 ? e : find(q, c, f);
}

static np_err close_link(struct wreq *q, struct pg_conn *c, np_err e)
{
	if (e < 0 && pg_conn_in_tx(c))
		pg_tx_rollback(c);
	else if (e == NP_OK)
		e = pg_tx_commit(c);
	return e == NP_E_NOTFOUND ? nothing_here(q) : e;
}

np_err ack_page_show(struct wreq *q, struct pg_conn *c)
{
	struct found f = { 0 };
	struct view v;
	np_err e = open_link(q, c, &f);
	if (e == NP_OK) {
		if (!settled(q, &f, &v)) {
			v = view_of(&f, "Acknowledge this incident?",
				    arena_printf(q->arena, "This link was sent to %.*s.",
						 NP_FMT(f.channel)));
			v.button = true;
		}
		e = show_page(q, &v);
	}
	return close_link(q, c, e);
}

/* ---- the button ---------------------------------------------------------------- */

static const char use_sql[] =
	"INSERT INTO np.ack_used (notice_key, org_id, inbox_id) VALUES ($1, $2, $3)"
	" ON CONFLICT DO NOTHING";

static np_err use(struct wreq *q, struct pg_conn *c, const struct found *f)
{
	NP_CLEANUP(pg_params_done) struct pg_params p;
	NP_CLEANUP(pg_res_free_p) struct pg_res *r = NULL;
	pg_params_init(&p);
	pg_params_uuid(&p, f->link.notice);
	pg_params_i64(&p, f->link.org);
	pg_params_uuid(&p, q->inbox);
	np_err e = pg_exec(c, use_sql, &p, &r);
	return e < 0 ? e : pg_res_affected(r) == 1 ? NP_OK : NP_E_EXISTS;
}

#define THANKS "Thank you. Everybody who was told hears that somebody is on it."
static const char outcome_sql[] =
	"SELECT coalesce(outcome, ''), reason FROM np.inbox WHERE id = $1";

/* What did the owner of the incident make of it? */
static np_err decided(struct wreq *q, struct pg_conn *c)
{
	NP_CLEANUP(pg_params_done) struct pg_params p;
	NP_CLEANUP(pg_res_free_p) struct pg_res *r = NULL;
	struct view v = { .status = 200 };
	pg_params_init(&p);
	pg_params_uuid(&p, q->inbox);
	np_err e = pg_exec(c, outcome_sql, &p, &r);
	if (e < 0)
		return e;
	np_str outcome = pg_res_rows(r) == 1 ? pg_res_str(r, 0, 0) : (np_str){ 0 };
	if (outcome.n == 0 && !q->expired)
		return NP_E_AGAIN;
	if (outcome.n == 0) {
		v.status = 202;
		v.head = "Your acknowledgement is on its way";
		v.say = NP_STR("It is recorded and will be applied in a moment.");
	} else if (str_eq_c(outcome, "applied")) {
		v.head = "Acknowledged";
		v.say = NP_STR(THANKS);
	} else {
		v.status = 409;
		v.head = "Not acknowledged";
		v.say = arena_str(q->arena, pg_res_str(r, 0, 1));
	}
	return show_page(q, &v);
}

/* An incident that people opened has no owner of a shard: it is done here and now. */
static np_err acknowledge_manual(struct wreq *q, struct pg_conn *c)
{
	np_err e = life_acknowledge(q, c);
	return e < 0 ? e
		     : show_page(q, &(struct view){ .status = 200,
						    .head = "Acknowledged",
						    .say = NP_STR(THANKS) });
}

static np_err acknowledge(struct wreq *q, struct pg_conn *c, const struct found *f)
{
	char id[36];
	str_uuid(f->link.incident, id);
	memcpy(q->subject, f->link.incident, sizeof q->subject);
	q->who.name = arena_printf(q->arena, "link sent to %.*s", NP_FMT(f->channel));
	np_str body = arena_printf(q->arena, "{\"incident\":\"%.36s\"}", id);
	np_err e = use(q, c, f);
	if (e == NP_OK && f->monitor_no == 0)
		return acknowledge_manual(q, c);
	if (e == NP_OK)
		e = act_audit(q, c,
			      &(struct act_audit){
				      "incident.acknowledge", { id, sizeof id }, { 0 }, body });
	if (e == NP_OK)
		e = act_send(q, c,
			     &(struct act_command){ .command = "acknowledge",
						    .monitor = f->monitor_no,
						    .shard = f->shard,
						    .body = body });
	if (e == NP_OK)
		q->later = decided;
	return e;
}

np_err ack_page_do(struct wreq *q, struct pg_conn *c)
{
	struct found f = { 0 };
	struct view v;
	np_err e = open_link(q, c, &f);
	if (e == NP_OK)
		e = settled(q, &f, &v) ? show_page(q, &v) : acknowledge(q, c, &f);
	if (e == NP_E_EXISTS) { /* two at once: the other one was faster */
		f.used = true;
		(void)settled(q, &f, &v);
		pg_tx_rollback(c);
		return show_page(q, &v);
	}
	return close_link(q, c, e);
}

void ack_page_style(struct web *w, struct httpd_req *r)
{
	(void)w;
	(void)httpd_set(r, "Cache-Control", NP_STR("public, max-age=3600"));
	httpd_reply_static(r, 200, "text/css; charset=utf-8", (np_str){ style, sizeof style - 1 });
}
