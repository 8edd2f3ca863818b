/* SPDX-License-Identifier: Apache-2.0 */
#include "web/pulse.h"

#include "base/clock.h"
#include "base/jsonw.h"
#include "base/str.h"
#include "web/tap.h"

#define TEXT_MAX 160

/* What the alerter says of the heartbeat that it sends. */
struct beat {
	bool on, well;
	int64_t every_s, ok_us; /* ok_us 0: never */
	char why[TEXT_MAX];
};

struct pulse {
	struct web *web;
	struct loop_timer *timer;
	bool asking, answered;     /* answered: of the question under way */
	int64_t db_ms;             /* mono ms of the newest answer; 0: never */
	struct beat beat, asked;   /* asked: of the question under way */
	int64_t born_ms, queue_ms; /* queue_ms: the feed was last seen connected */
};

static struct beat read_beat(const struct pg_res *r)
{
	struct beat b = { .on = pg_res_rows(r) == 1 };
	if (!b.on)
		return b;
	b.every_s = pg_res_i64(r, 0, 0);
	b.ok_us = pg_res_null(r, 0, 1) ? 0 : pg_res_time(r, 0, 1);
	b.well = pg_res_bool(r, 0, 2);
	snprintf(b.why, sizeof b.why, "%.*s", NP_FMT(pg_res_str(r, 0, 3)));
	return b;
}

static void ask(void *ctx)
{
	struct pulse *p = ctx;
	struct pg_conn *c = NULL;
	NP_CLEANUP(pg_res_free_p) struct pg_res *r = NULL;
	p->answered = false;
	if (pg_pool_take(p->web->pool, clock_mono_ms() + PULSE_DB_MS, &c) < 0)
		return;
	p->answered = pg_exec(c, "SELECT * FROM np.heartbeat_state()", NULL, &r) == NP_OK;
	if (p->answered)
		p->asked = read_beat(r);
	pg_pool_give(p->web->pool, &c);
}

static void asked(void *ctx)
{
	struct pulse *p = ctx;
	p->asking = false;
	if (p->answered) {
		p->db_ms = loop_now_ms(p->web->loop);
		p->beat = p->asked;
	}
}

static void on_timer(void *ctx)
{
	struct pulse *p = ctx;
	int64_t now = loop_now_ms(p->web->loop);
	if (tap_is_up(p->web->tap))
		p->queue_ms = now;
	loop_timer_at(p->timer, now + PULSE_EVERY_MS);
	if (!p->asking)
		p->asking = loop_work(p->web->loop, ask, asked, p) == NP_OK;
}

struct pulse *pulse_new(struct web *w)
{
	struct pulse *p = np_zalloc(sizeof *p);
	if (!p)
		return NULL;
	p->web = w;
	p->born_ms = loop_now_ms(w->loop);
	p->timer = loop_timer_new(w->loop, on_timer, p);
	if (!p->timer) {
		free(p);
		return NULL;
	}
	loop_timer_at(p->timer, p->born_ms);
	return p;
}

void pulse_free(struct pulse *p)
{
	if (!p)
		return;
	loop_timer_free(p->timer);
	free(p);
}

static bool db_ok(const struct pulse *p, char ret_text[TEXT_MAX])
{
	int64_t age = loop_now_ms(p->web->loop) - p->db_ms;
	bool ok = p->db_ms > 0 && age < PULSE_DB_MS;
	if (ok)
		snprintf(ret_text, TEXT_MAX, "ok");
	else if (p->db_ms == 0)
		snprintf(ret_text, TEXT_MAX, "the database has not answered yet");
	else
		snprintf(ret_text, TEXT_MAX, "the database has not answered for %lld s",
			 (long long)(age / 1000));
	return ok;
}

static bool queue_ok(const struct pulse *p, char ret_text[TEXT_MAX])
{
	int64_t age = loop_now_ms(p->web->loop) - p->queue_ms;
	bool ok = p->queue_ms > 0 && age < PULSE_QUEUE_MS;
	if (!ok)
		snprintf(ret_text, TEXT_MAX, "the queue (Redis) does not answer");
	else if (tap_is_behind(p->web->tap))
		snprintf(ret_text, TEXT_MAX, "results are taken and cannot be stored");
	else
		snprintf(ret_text, TEXT_MAX, "ok");
	return ok && !tap_is_behind(p->web->tap);
}

bool pulse_is_ready(void *web)
{
	const struct web *w = web;
	char text[TEXT_MAX];
	return db_ok(w->pulse, text) && queue_ok(w->pulse, text);
}

static void plain(struct httpd_req *r, bool ok, const char *text)
{
	char line[TEXT_MAX + 2];
	int n = snprintf(line, sizeof line, "%s\n", text);
	(void)httpd_set(r, "Cache-Control", NP_STR("no-store"));
	httpd_reply(r, ok ? 200 : 503, "text/plain; charset=utf-8", (np_str){ line, (size_t)n });
}

void pulse_web(struct web *w, struct httpd_req *r)
{
	(void)w;
	plain(r, true, "ok");
}

void pulse_database(struct web *w, struct httpd_req *r)
{
	char text[TEXT_MAX];
	bool ok = db_ok(w->pulse, text);
	plain(r, ok, text);
}

void pulse_queue(struct web *w, struct httpd_req *r)
{
	char text[TEXT_MAX];
	bool ok = queue_ok(w->pulse, text);
	plain(r, ok, text);
}

static void part(struct jsonw *w, const char *name, bool ok, const char *text)
{
	jsonw_key(w, name);
	jsonw_obj(w);
	jsonw_kbool(w, "ok", ok);
	jsonw_kc(w, "text", text);
	jsonw_obj_end(w);
}

/* Somebody else's alarm: it does not make this address fail. */
static void beat_part(struct jsonw *w, const struct beat *b)
{
	char text[2 * TEXT_MAX];
	bool ok = b->ok_us != 0 && clock_wall_us() - b->ok_us < 3 * b->every_s * NP_SEC_US;
	if (!b->on)
		return;
	snprintf(text, sizeof text, "%s%s",
		 b->well ? (ok ? "ok" : "sent, and not answered: ") : "not sent: ",
		 b->well && ok ? "" : b->why);
	jsonw_key(w, "heartbeat");
	jsonw_obj(w);
	jsonw_kbool(w, "ok", ok && b->well);
	jsonw_kc(w, "text", text);
	jsonw_ktime(w, "ok_at", b->ok_us);
	jsonw_obj_end(w);
}

void pulse_all(struct web *web, struct httpd_req *r)
{
	char db[TEXT_MAX], queue[TEXT_MAX];
	bool db_is_ok = db_ok(web->pulse, db), queue_is_ok = queue_ok(web->pulse, queue);
	bool ok = db_is_ok && queue_is_ok;
	NP_CLEANUP(buf_done) struct buf out;
	buf_init(&out, 2048);
	struct jsonw w;
	jsonw_init(&w, &out);
	jsonw_obj(&w);
	jsonw_kc(&w, "status", ok ? "ok" : "failing");
	jsonw_kc(&w, "version", NP_VERSION);
	jsonw_ktime(&w, "now", clock_wall_us());
	jsonw_key(&w, "parts");
	jsonw_obj(&w);
	part(&w, "web", true, "ok");
	part(&w, "database", db_is_ok, db);
	part(&w, "queue", queue_is_ok, queue);
	beat_part(&w, &web->pulse->beat);
	jsonw_obj_end(&w);
	jsonw_obj_end(&w);
	(void)httpd_set(r, "Cache-Control", NP_STR("no-store"));
	httpd_reply(r, ok ? 200 : 503, "application/json", buf_str(&out));
}
