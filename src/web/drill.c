/* SPDX-License-Identifier: Apache-2.0 */
#include "web/drill.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/str.h"
#include "base/told.h"
#include "core/monitor_json.h"
#include "web/drill_token.h"
#include "web/limiter.h"

#define DEFINITION_MAX ((size_t)64 * 1024)
#define URL_MAX 512
#define DRILL_NAME_MAX 64

#define ANSWERS_MAX 1024 /* by region number; two of one place would only ask more often */

/* What the target of a region said last. Its address is no secret: whoever may see the monitor
 * knows it, so it costs the database one question at a time. */
struct answer {
	int32_t region;
	int64_t at_ms;
	bool failing, asking;
};
struct drill {
	struct web *web;
	struct loop_timer *timer;
	bool working;
	struct told told; /* the worker's, while it works */
	struct answer answer[ANSWERS_MAX];
};

/* ---- the two addresses ---- */

/* One request, in its arena, while the database is asked. */
struct visit {
	struct web *web;
	struct httpd_req *http;
	int32_t region;
	np_str kind; /* of a notice; the sink's */
	uint8_t incident[16];
	bool failing, done;
	struct addr client;
};

static void plain(struct httpd_req *r, uint16_t status, const char *text)
{
	(void)httpd_set(r, "Cache-Control", NP_STR("no-store"));
	httpd_reply(r, status, "text/plain; charset=utf-8", str_from_c(text));
}

static struct visit *refuse(const struct visit *v, uint16_t status, const char *text)
{
	limiter_failed(v->web->drills, &v->client, loop_now_ms(v->web->loop));
	plain(v->http, status, text);
	return NULL;
}

static struct visit *visit_of(struct web *w, struct httpd_req *r)
{
	int32_t region = 0;
	struct visit guest = { .web = w, .http = r };
	fwd_client(&w->forwarded, httpd_head(r), httpd_peer(r), &guest.client);
	if (limiter_wait_s(w->drills, &guest.client, loop_now_ms(w->loop)) > 0) {
		(void)httpd_set(r, "Retry-After", NP_STR("60"));
		plain(r, 429, "Too many wrong tries from this address.\n");
		return NULL;
	}
	if (drill_token_read(w->seal, httpd_param(r, 0), &region) < 0)
		return refuse(&guest, 404, "There is nothing here.\n");
	struct visit *v = arena_alloc(httpd_arena(r), sizeof *v);
	if (!v) {
		plain(r, 503, "No memory.\n");
		return NULL;
	}
	*v = guest;
	v->region = region;
	return v;
}

static struct answer *answer_of(const struct visit *v)
{
	return &v->web->drill->answer[(uint32_t)v->region % ANSWERS_MAX];
}

static void ask(void *ctx)
{
	struct visit *v = ctx;
	struct pg_conn *c = NULL;
	NP_CLEANUP(pg_params_done) struct pg_params p;
	NP_CLEANUP(pg_res_free_p) struct pg_res *res = NULL;
	pg_params_init(&p);
	pg_params_i32(&p, v->region);
	if (pg_pool_take(v->web->pool, clock_mono_ms() + WEB_DB_MS, &c) < 0)
		return;
	v->done = pg_exec(c, "SELECT np.drill_ask($1)", &p, &res) == NP_OK;
	v->failing = v->done && pg_res_bool(res, 0, 0);
	pg_pool_give(v->web->pool, &c);
}

static void say(struct visit *v, bool failing)
{
	if (failing)
		plain(v->http, 503, "A drill: this failure is on purpose.\n");
	else
		plain(v->http, 200, "ok\n");
}

/* Without the database there is no drill: then the target is well. */
static void asked(void *ctx)
{
	struct visit *v = ctx;
	struct answer *a = answer_of(v);
	*a = (struct answer){ v->region, loop_now_ms(v->web->loop), v->failing, false };
	say(v, v->failing);
}

void drill_target(struct web *w, struct httpd_req *r)
{
	struct visit *v = visit_of(w, r);
	if (!v)
		return;
	struct answer *a = answer_of(v);
	if (a->region != v->region)
		*a = (struct answer){ .region = v->region };
	else if (a->asking || loop_now_ms(w->loop) - a->at_ms < DRILL_ASK_MS) {
		say(v, a->failing);
		return;
	}
	a->asking = loop_work(w->loop, ask, asked, v) == NP_OK;
	if (!a->asking)
		plain(r, 200, "ok\n");
}

static void hear(void *ctx)
{
	struct visit *v = ctx;
	struct pg_conn *c = NULL;
	NP_CLEANUP(pg_params_done) struct pg_params p;
	pg_params_init(&p);
	pg_params_i32(&p, v->region);
	pg_params_text(&p, v->kind);
	pg_params_time(&p, clock_wall_us());
	pg_params_uuid(&p, v->incident);
	if (pg_pool_take(v->web->pool, clock_mono_ms() + WEB_DB_MS, &c) < 0)
		return;
	v->done = pg_exec(c, "SELECT np.drill_heard($1, $2, $3, $4)", &p, NULL) == NP_OK;
	pg_pool_give(v->web->pool, &c);
}

/* What is not written down was not heard: the alerter tries again. */
static void heard(void *ctx)
{
	struct visit *v = ctx;
	if (v->done)
		plain(v->http, 200, "ok\n");
	else
		plain(v->http, 503, "The database does not answer.\n");
}

/* A resolved one that was never told by its opening is none of ours either: the first of each
 * kind counts. */
static bool read_notice(struct visit *v, np_str body)
{
	json_t *j = json_loadb(body.p, body.n, JSON_REJECT_DUPLICATES, NULL);
	const char *kind = json_string_value(json_object_get(j, "kind"));
	const char *id = json_string_value(json_object_get(json_object_get(j, "incident"), "id"));
	bool fine = kind && id && str_to_uuid(str_from_c(id), v->incident) == NP_OK;
	if (fine)
		v->kind = arena_str(httpd_arena(v->http), str_from_c(kind));
	json_decref(j);
	return fine && v->kind.p;
}

void drill_sink(struct web *w, struct httpd_req *r)
{
	struct visit *v = visit_of(w, r);
	char key[DRILL_KEY_LEN + 1];
	if (!v)
		return;
	np_str body = httpd_body(r), signature = httpd_header(r, "netpulse-signature");
	drill_token_key(w->seal, v->region, key);
	if (!drill_token_signed(str_from_c(key), signature, body, clock_wall_us()))
		(void)refuse(v, 403, "The signature does not hold.\n");
	else if (!read_notice(v, body))
		plain(r, 200, "ok\n"); /* a test, or one without an incident */
	else if (loop_work(w->loop, hear, heard, v) < 0)
		plain(r, 503, "Busy.\n");
}

/* ---- monitors and channels ---- */

struct making {
	char name[DRILL_NAME_MAX], target[URL_MAX], sink[URL_MAX], channel_text[37];
	char key[DRILL_KEY_LEN + 1];
	uint8_t monitor[16], channel[16];
};

/* Quick, and the same way as any other: one region decides alone. Nobody asks it for a second
 * pass before its next slot: one has to do. */
static json_t *definition(const struct making *m, np_str region)
{
	return json_pack(
		"{s:s, s:s, s:s, s:i, s:i, s:i, s:i, s:i, s:i, s:i, s:i, s:s, s:[s%], s:[s]}",
		"name", m->name, "kind", "http", "target", m->target, "interval_s", 20, "timeout_s",
		5, "retries", 2, "retry_interval_s", 2, "confirm_s", 4, "recover_after", 1,
		"recover_s", 4, "reminder_s", 0, "severity", "minor", "regions", region.p, region.n,
		"channels", m->channel_text);
}

static np_err write_definition(const struct making *m, const struct drill_region *r,
			       struct buf *out)
{
	const uint32_t no = (uint32_t)r->id;
	const struct monj_regions known = { &r->name, &no, 1 };
	struct problem_list problems = { 0 };
	struct monj monj;
	json_t *j = definition(m, r->name);
	np_err e = j ? monj_read(j, &known, &monj, &problems) : NP_E_NOMEM;
	if (e == NP_OK) {
		struct jsonw w;
		jsonw_init(&w, out);
		jsonw_obj(&w);
		monj_write(&w, &monj, &r->name);
		jsonw_obj_end(&w);
		e = buf_failed(out);
	}
	json_decref(j);
	return e;
}

static void plan(const struct web *w, const struct drill_region *r, struct making *ret)
{
	char token[DRILL_TOKEN_LEN + 1];
	np_str url = str_from_c(w->public_url);
	while (str_ends(url, NP_STR("/")))
		url.n--;
	drill_token_make(w->seal, r->id, token);
	drill_token_key(w->seal, r->id, ret->key);
	(void)snprintf(ret->name, sizeof ret->name, "Drill: %.*s", NP_FMT(r->name));
	(void)snprintf(ret->target, sizeof ret->target, "%.*s/drill/target/%s", NP_FMT(url), token);
	(void)snprintf(ret->sink, sizeof ret->sink, "%.*s/drill/sink/%s", NP_FMT(url), token);
	rnd_uuid(ret->monitor);
	rnd_uuid(ret->channel);
	str_uuid(ret->channel, ret->channel_text);
	ret->channel_text[36] = '\0';
}

np_err drill_make(const struct web *w, struct pg_conn *c, const struct drill_region *r)
{
	NP_CLEANUP(pg_params_done) struct pg_params p;
	NP_CLEANUP(buf_done) struct buf def;
	struct making m;
	plan(w, r, &m);
	buf_init(&def, DEFINITION_MAX);
	np_err e = write_definition(&m, r, &def);
	pg_params_init(&p);
	pg_params_i32(&p, r->id);
	pg_params_uuid(&p, m.monitor);
	pg_params_uuid(&p, m.channel);
	pg_params_c(&p, m.name);
	pg_params_jsonb(&p, buf_str(&def));
	pg_params_c(&p, m.sink);
	pg_params_c(&p, m.key);
	return e < 0 ? e : pg_exec(c, "SELECT np.drill_make($1, $2, $3, $4, $5, $6, $7)", &p, NULL);
}

/* ---- the keeper ---- */

struct missing {
	const struct web *web;
	struct drill_region region;
};

static np_err make_tx(struct pg_conn *c, void *ctx)
{
	const struct missing *m = ctx;
	return drill_make(m->web, c, &m->region);
}

static np_err make_missing(const struct web *w, struct pg_conn *c)
{
	NP_CLEANUP(pg_res_free_p) struct pg_res *res = NULL;
	np_err e = pg_exec(c, "SELECT org_id, region_id, name FROM np.drill_missing()", NULL, &res);
	for (size_t i = 0; e == NP_OK && i < pg_res_rows(res); i++) {
		struct missing m = { w, { (int32_t)pg_res_i64(res, i, 1), pg_res_str(res, i, 2) } };
		e = pg_tx_run(c, (uint64_t)pg_res_i64(res, i, 0), make_tx, &m);
	}
	return e;
}

static void keep(void *ctx)
{
	struct drill *d = ctx;
	struct pg_conn *c = NULL;
	if (pg_pool_take(d->web->pool, clock_mono_ms() + WEB_DB_MS, &c) < 0)
		return;
	np_err e = make_missing(d->web, c);
	const struct pg_error *db = pg_conn_error(c);
	enum told_news news = told_now(&d->told, e, str_from_c(db->sqlstate));
	if (news == TOLD_WRONG)
		np_log(NP_WARN, "drill.not_made", KV_ERR(e), KV_C("why", db->message));
	else if (news == TOLD_WELL)
		np_log_event(NP_INFO, "drill.made_again");
	pg_pool_give(d->web->pool, &c);
}

static void kept(void *ctx)
{
	((struct drill *)ctx)->working = false;
}

static void on_timer(void *ctx)
{
	struct drill *d = ctx;
	loop_timer_at(d->timer, loop_now_ms(d->web->loop) + DRILL_KEEP_MS);
	if (!d->working)
		d->working = loop_work(d->web->loop, keep, kept, d) == NP_OK;
}

struct drill *drill_new(struct web *w)
{
	struct drill *d = np_zalloc(sizeof *d);
	if (!d)
		return NULL;
	d->web = w;
	d->timer = loop_timer_new(w->loop, on_timer, d);
	if (!d->timer) {
		free(d);
		return NULL;
	}
	loop_timer_at(d->timer, loop_now_ms(w->loop) + DRILL_KEEP_MS);
	return d;
}

void drill_free(struct drill *d)
{
	if (!d)
		return;
	loop_timer_free(d->timer);
	free(d);
}
