/* SPDX-License-Identifier: Apache-2.0 */
#include "web/sse.h"

#include "base/clock.h"
#include "base/map.h"
#include "base/str.h"
#include "web/tap.h"
#include "web/who.h"

#define RECHECK_MAX 256                                     /* credentials looked at in one go */
#define CATCH_UP_MAX (HTTPD_STREAM_MAX - (size_t)16 * 1024) /* what an empty stream surely takes */

struct line { /* one stream */
	struct orgfeed_reader reader;
	struct sse *sse;
	struct orgfeed *org;
	struct httpd_stream *stream;
	struct wheel_node keep;
	uint64_t serial;
	uint64_t sent; /* newest frame that went out */
	bool slow;     /* waits for its socket */
	bool by_cookie;
	uint8_t credential[CRYPT_SHA256_LEN];
	/* When it was last found good: how many tokens were revoked by then, and when it is time
	 * for another look all the same (tokens and sessions end by the clock, too). */
	int64_t revoked, again_ms;
};

struct sse {
	struct web *web;
	struct map *lines; /* serial -> struct line */
	uint64_t serial;
	struct loop_timer *timer;
	bool checking;
	int64_t revoked; /* tokens, as far as we know; -1: not asked yet */
	struct metric *open, *slow, *resets;
};

static void line_close(struct line *l, bool end_stream)
{
	struct sse *s = l->sse;
	if (l->org)
		orgfeed_leave(l->org, &l->reader);
	loop_deadline_clear(s->web->loop, &l->keep);
	map_del(s->lines, l->serial);
	metric_set(s->open, (int64_t)map_len(s->lines));
	if (end_stream && l->stream)
		httpd_stream_end(l->stream);
	free(l);
}

static void line_reset(struct line *l)
{
	char text[128];
	uint64_t now = orgfeed_seq(l->org);
	int n = snprintf(text, sizeof text, "id: %s.%llu\nevent: reset\ndata: {}\n\n",
			 tap_incarnation(l->sse->web->tap), (unsigned long long)now);
	metric_add(l->sse->resets, 1);
	/* A reset is small: let it pass a backlog, or the client would never learn. */
	if (httpd_stream_write(l->stream, (np_str){ text, (size_t)n }) < 0) {
		l->slow = true;
		return;
	}
	l->sent = now;
}

static bool line_put(struct line *l, np_str text)
{
	size_t backlog = httpd_stream_backlog(l->stream);
	if (!l->slow && backlog <= SSE_BACKLOG_MAX && httpd_stream_write(l->stream, text) == NP_OK)
		return true;
	metric_add(l->sse->slow, !l->slow);
	if (backlog == 0)
		line_reset(l); /* nothing is under way: no drain would ever bring it up to date */
	else
		l->slow = true;
	return false;
}

static void on_frame(struct orgfeed_reader *r, uint64_t n, np_str text)
{
	struct line *l = NP_CONTAINER_OF(r, struct line, reader);
	if (line_put(l, text))
		l->sent = n;
}

static void on_reset(struct orgfeed_reader *r)
{
	line_reset(NP_CONTAINER_OF(r, struct line, reader));
}

/* Bring a line up to date with what it missed. */
static void line_catch_up(struct line *l)
{
	NP_CLEANUP(buf_done) struct buf missed;
	buf_init(&missed, OFEED_FRAME_MAX);
	uint64_t now = orgfeed_seq(l->org);
	if (orgfeed_since(l->org, l->sent, &missed) < 0 || missed.n > CATCH_UP_MAX) {
		line_reset(l);
		return;
	}
	if (missed.n == 0 || line_put(l, buf_str(&missed)))
		l->sent = now;
}

static void on_drain(void *ctx)
{
	struct line *l = ctx;
	if (!l->slow)
		return;
	l->slow = false;
	line_catch_up(l);
}

static void on_close(void *ctx)
{
	struct line *l = ctx;
	l->stream = NULL;
	line_close(l, false);
}

static void keep_alive(struct wheel_node *node)
{
	struct line *l = NP_CONTAINER_OF(node, struct line, keep);
	struct loop *loop = l->sse->web->loop;
	(void)line_put(l, NP_STR(": \n\n"));
	loop_deadline(loop, node, loop_now_ms(loop) + SSE_KEEP_MS);
}

NP_NODISCARD np_err sse_parse_id(np_str id, const char *incarnation, uint64_t *ret_n)
{
	np_str life, number;
	uint64_t n = 0;
	if (id.n > SSE_ID_MAX || !str_cut(id, '.', &life, &number) || str_to_u64(number, &n) < 0)
		return NP_E_INVAL;
	if (!str_eq_c(life, incarnation))
		return NP_E_NOTFOUND;
	*ret_n = n;
	return NP_OK;
}

static const struct httpd_stream_ops stream_ops = { .on_close = on_close, .on_drain = on_drain };

/* Where this client left off: NP_OK, or an error that means "start over". */
static np_err place_of(struct wreq *q, uint64_t now, uint64_t *ret_n)
{
	const char *life = tap_incarnation(q->web->tap);
	np_str id = httpd_header(q->http, "last-event-id");
	if (id.n == 0 && !httpd_query(q->http, "since", &id)) {
		*ret_n = now; /* from here on */
		return NP_OK;
	}
	return sse_parse_id(id, life, ret_n);
}

static struct line *line_new(struct sse *s, const struct who *who)
{
	struct line *l = np_zalloc(sizeof *l);
	if (!l)
		return NULL;
	l->sse = s;
	l->org = tap_org(s->web->tap, who->org);
	l->serial = ++s->serial;
	l->revoked = -2; /* the look at who opened it is older than any count */
	l->by_cookie = who->by_cookie;
	memcpy(l->credential, who->credential, sizeof l->credential);
	l->reader.frame = on_frame;
	l->reader.reset = on_reset;
	l->keep.fn = keep_alive;
	if (!l->org || map_put(s->lines, l->serial, l, NULL) < 0) {
		free(l);
		return NULL;
	}
	return l;
}

/* Only asked when one is opened: a count beside it could go wrong. */
static size_t open_of(const struct sse *s, const struct orgfeed *org)
{
	size_t pos = 0, n = 0;
	uint64_t key;
	void *value;
	while (map_next(s->lines, &pos, &key, &value))
		n += ((const struct line *)value)->org == org;
	return n;
}

void sse_open(struct sse *s, struct wreq *q)
{
	const struct orgfeed *org = tap_org(s->web->tap, q->who.org);
	if (org && open_of(s, org) >= s->web->streams_max) {
		(void)httpd_set(q->http, "Retry-After", NP_STR("30"));
		httpd_problem(q->http, 429,
			      NP_STR("Too many live streams of this organisation are open."));
		return;
	}
	struct line *l = map_len(s->lines) < SSE_MAX ? line_new(s, &q->who) : NULL;
	if (!l) {
		httpd_problem(q->http, 503, NP_STR("Too many live streams are open here."));
		return;
	}
	uint64_t now = orgfeed_seq(l->org);
	np_err place = place_of(q, now, &l->sent);
	struct httpd_req *r = q->http;
	(void)httpd_set(r, "X-Accel-Buffering", NP_STR("no"));
	struct loop *loop = s->web->loop;
	l->stream = httpd_stream_begin(r, 200, "text/event-stream", &stream_ops, l);
	orgfeed_join(l->org, &l->reader);
	if (!l->stream) {
		line_close(l, false);
		return;
	}
	metric_set(s->open, (int64_t)map_len(s->lines));
	loop_deadline(loop, &l->keep, loop_now_ms(loop) + SSE_KEEP_MS);
	(void)line_put(l, NP_STR("retry: 1000\n\n"));
	if (place < 0)
		line_reset(l);
	else
		line_catch_up(l);
}

/* ---- are they still who they were? ---- */

struct recheck {
	struct sse *sse;
	size_t n;
	int64_t revoked; /* asked before the credentials; -1: no answer */
	struct {
		uint64_t serial;
		bool by_cookie, gone, good;
		uint8_t credential[CRYPT_SHA256_LEN];
	} item[RECHECK_MAX];
};

static int64_t revoked_count(struct pg_conn *c)
{
	NP_CLEANUP(pg_res_free_p) struct pg_res *res = NULL;
	np_err e = pg_exec(c, "SELECT np.tokens_revoked()", NULL, &res);
	return e == NP_OK && pg_res_rows(res) == 1 ? pg_res_i64(res, 0, 0) : -1;
}

static void recheck_run(void *ctx)
{
	struct recheck *k = ctx;
	struct pg_conn *c = NULL;
	if (pg_pool_take(k->sse->web->pool, clock_mono_ms() + WEB_DB_MS, &c) < 0)
		return; /* no answer is no reason to send people away */
	k->revoked = revoked_count(c);
	for (size_t i = 0; k->revoked >= 0 && i < k->n; i++) {
		np_err e = who_is_known(c, k->item[i].credential, k->item[i].by_cookie);
		k->item[i].gone = e == NP_E_AUTH;
		k->item[i].good = e == NP_OK;
		if (e < 0 && e != NP_E_AUTH)
			break;
	}
	pg_pool_give(k->sse->web->pool, &c);
}

static void recheck_done(void *ctx)
{
	struct recheck *k = ctx;
	struct sse *s = k->sse;
	int64_t now = loop_now_ms(s->web->loop);
	bool more = k->revoked >= 0 && k->revoked != s->revoked;
	s->checking = false;
	if (k->revoked >= 0)
		s->revoked = k->revoked;
	for (size_t i = 0; i < k->n; i++) {
		struct line *l = map_get(s->lines, k->item[i].serial);
		if (l && k->item[i].gone) {
			line_close(l, true);
		} else if (l && k->item[i].good) {
			l->revoked = k->revoked;
			l->again_ms = now + SSE_AGAIN_MS;
		}
	}
	/* A whole load was looked at, the last of it too: there may be more. */
	more |= k->n == RECHECK_MAX && (k->item[k->n - 1].good || k->item[k->n - 1].gone);
	free(k);
	if (more)
		loop_timer_at(s->timer, now);
}

static void recheck_fill(struct sse *s, struct recheck *k)
{
	int64_t now = loop_now_ms(s->web->loop);
	size_t pos = 0;
	uint64_t key;
	void *value;
	while (k->n < RECHECK_MAX && map_next(s->lines, &pos, &key, &value)) {
		const struct line *l = value;
		if (l->revoked == s->revoked && now < l->again_ms)
			continue;
		k->item[k->n].serial = l->serial;
		k->item[k->n].by_cookie = l->by_cookie;
		memcpy(k->item[k->n].credential, l->credential, sizeof l->credential);
		k->n++;
	}
}

static void on_recheck(void *ctx)
{
	struct sse *s = ctx;
	loop_timer_at(s->timer, loop_now_ms(s->web->loop) + SSE_LOOK_MS);
	if (s->checking || map_len(s->lines) == 0)
		return;
	struct recheck *k = np_zalloc(sizeof *k);
	if (!k)
		return;
	k->sse = s;
	k->revoked = -1;
	recheck_fill(s, k);
	if (loop_work(s->web->loop, recheck_run, recheck_done, k) < 0)
		free(k);
	else
		s->checking = true;
}

void sse_look_again(struct sse *s)
{
	loop_timer_at(s->timer, loop_now_ms(s->web->loop));
}

struct sse *sse_new(struct web *w)
{
	struct sse *s = np_zalloc(sizeof *s);
	if (!s)
		return NULL;
	s->web = w;
	s->revoked = -1;
	s->open = metrics_get(w->metrics, METRIC_GAUGE, "netpulse_web_streams", "",
			      "Live streams open.");
	s->slow = metrics_get(w->metrics, METRIC_COUNTER, "netpulse_web_stream_slow_total", "",
			      "Times that a stream's socket was too slow.");
	s->resets = metrics_get(w->metrics, METRIC_COUNTER, "netpulse_web_stream_resets_total", "",
				"Times that a stream had to start over.");
	s->lines = map_new(SSE_MAX);
	s->timer = loop_timer_new(w->loop, on_recheck, s);
	if (!s->lines || !s->timer) {
		sse_free(s);
		return NULL;
	}
	loop_timer_at(s->timer, loop_now_ms(w->loop) + SSE_LOOK_MS);
	return s;
}

void sse_free(struct sse *s)
{
	size_t pos = 0;
	uint64_t key;
	void *l;
	if (!s)
		return;
	while (s->lines && map_next(s->lines, &pos, &key, &l))
		line_close(l, true);
	map_free(s->lines, NULL);
	loop_timer_free(s->timer);
	free(s);
}
