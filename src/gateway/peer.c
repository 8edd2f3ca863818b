/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/peer.h"

#include "base/clock.h"
#include "base/log.h"
#include "gateway/bus.h"
#include "gateway/ingest.h"
#include "gateway/peer_impl.h"
#include "gateway/heard.h"

struct peers *peers_new(void)
{
	return np_zalloc(sizeof(struct peers));
}

void peers_free(struct peers *ps)
{
	if (!ps)
		return;
	assert(ps->n == 0);
	free(ps);
}

size_t peers_len(const struct peers *ps)
{
	return ps->n;
}

struct pend **peer_pends(struct peer *p)
{
	return &p->pends;
}

/* ---- its end ------------------------------------------------------------------------ */

static void unmark(struct peer *p)
{
	struct peer **at = &p->g->peers->marked;
	while (p->marked && *at != p)
		at = &(*at)->marked_next;
	if (p->marked)
		*at = p->marked_next;
}

/* Everything but the connection. */
static void forget(struct peer *p)
{
	struct peers *ps = p->g->peers;
	pend_drop_peer(&p->pends);
	unmark(p);
	*(p->prev ? &p->prev->next : &ps->first) = p->next;
	if (p->next)
		p->next->prev = p->prev;
	if (ps->look == p)
		ps->look = p->next;
	ps->n--;
	p->checker->region->peers--;
	if (p->checker->peer == p)
		p->checker->peer = NULL;
	frame_in_done(&p->in);
	free(p->dirty);
	free(p);
}

static void note_end(struct peer *p, const char *why)
{
	np_log(NP_INFO, "checker.gone", KV_U64("checker", p->checker->id),
	       KV_C("region", p->checker->region->name), KV_C("why", why));
	if (p->hello && p->checker->peer == p)
		heard_gone(p->g, p->checker);
}

void peer_close(struct peer *p, const char *why)
{
	struct conn *c = p->c;
	note_end(p, why);
	forget(p);
	conn_free(c);
}

static void close_counted(struct peer *p, enum gw_count what, const char *why)
{
	gw_count(p->g, what);
	peer_close(p, why);
}

void peers_close_all(struct gw *g)
{
	for (struct peer *p = g->peers->first, *next; p; p = next) {
		struct conn *c = p->c;
		next = p->next;
		note_end(p, "the gateway stops");
		forget(p);
		conn_finish(c); /* the last answers still go out */
	}
}

/* ---- down ---------------------------------------------------------------------------- */

bool peer_send(struct peer *p)
{
	np_err e = conn_write(p->c, buf_str(&p->g->frame));
	if (e == NP_OK)
		return true;
	if (e == NP_E_LIMIT)
		close_counted(p, GW_C_CLOSED_SLOW, "does not read");
	else
		peer_close(p, "connection ended");
	return false;
}

/* The frame was made (or not: no memory): off it goes. */
static bool send_made(struct peer *p, np_err made)
{
	if (made == NP_OK)
		return peer_send(p);
	peer_close(p, "no memory");
	return false;
}

void peer_answer(struct peer *p, const Np__I1__AckRecord *r)
{
	struct buf *out = &p->g->frame;
	np_err e;
	buf_reset(out);
	if (r->kind == NP__I1__ACK_RECORD__KIND__ACK) {
		Np__V1__Ack m = NP__V1__ACK__INIT;
		m.epoch = r->epoch;
		m.shard = r->shard;
		m.n = r->n;
		e = frame_put_ack(out, &m);
	} else {
		Np__V1__Rewind m = NP__V1__REWIND__INIT;
		m.epoch = r->epoch;
		m.shard = r->shard;
		m.n = r->n;
		e = frame_put_rewind(out, &m);
	}
	(void)send_made(p, e);
}

void peer_reject(struct peer *p, const Np__I1__AckRecord *r)
{
	Np__V1__Reject m = NP__V1__REJECT__INIT;
	m.epoch = r->epoch;
	m.shard = r->shard;
	m.n_seqs = r->n_seqs;
	m.seqs = r->seqs;
	m.reason = r->reason;
	buf_reset(&p->g->frame);
	(void)send_made(p, frame_put_reject(&p->g->frame, &m));
}

/* Once per pause: what arrives in between was on its way. */
static bool pause_it(struct peer *p, const char *why)
{
	int64_t now = loop_now_ms(p->g->loop);
	if (now < p->paused_until_ms)
		return true;
	p->paused_until_ms = now + GW_PAUSE_MS;
	Np__V1__Pause m = NP__V1__PAUSE__INIT;
	m.for_ms = GW_PAUSE_MS;
	m.why = (char *)(uintptr_t)why; /* packing only reads */
	buf_reset(&p->g->frame);
	return send_made(p, frame_put_pause(&p->g->frame, &m));
}

void peer_pause(struct peer *p, const char *why)
{
	(void)!pause_it(p, why);
}

void peer_job(struct peer *p, const Np__I1__JobRecord *j)
{
	Np__V1__Job m = NP__V1__JOB__INIT;
	m.monitor = j->monitor;
	m.revision = j->revision;
	m.id = j->id;
	m.asked_us = j->asked_us;
	buf_reset(&p->g->frame);
	(void)send_made(p, frame_put_job(&p->g->frame, &m));
}

static bool welcome(struct peer *p)
{
	Np__V1__Welcome m = NP__V1__WELCOME__INIT;
	Np__V1__Closed rows[NP_SHARDS], *at[NP_SHARDS];
	for (uint32_t i = 0; i < NP_SHARDS; i++) {
		if (p->checker->closed_below[i] == 0)
			continue;
		Np__V1__Closed *c = &rows[m.n_closed_below];
		np__v1__closed__init(c);
		c->shard = i;
		c->epoch = p->checker->closed_below[i];
		at[m.n_closed_below++] = c;
	}
	m.closed_below = at;
	m.region = p->checker->region->name;
	m.now_us = clock_wall_us();
	m.frame_max = FRAME_UP_MAX;
	buf_reset(&p->g->frame);
	return send_made(p, frame_put_welcome(&p->g->frame, &m));
}

/* ---- up: each yields false when the stream is closed and gone ---------------------------- */

static bool bad(struct peer *p, const char *why)
{
	close_counted(p, GW_C_CLOSED_PROTO, why);
	return false;
}

static bool on_hello(struct peer *p, np_str body)
{
	struct gw *g = p->g;
	struct gw_checker *c = p->checker;
	Np__V1__Hello *h = NULL;
	arena_reset(g->arena);
	if (p->hello || frame_hello(g->arena, body, &h) < 0)
		return bad(p, "not a HELLO");
	np_str version = pballoc_str(h->version);
	if (version.n > 0)
		memcpy(c->version, version.p, version.n);
	c->version[version.n] = '\0';
	c->oldest_ms = h->oldest_ms;
	c->skew_us = h->now_us - clock_wall_us();
	p->hello = true;
	heard_hello(g, c);
	np_log(NP_INFO, "checker.hello", KV_U64("checker", c->id), KV_C("region", c->region->name),
	       KV_STR("version", version), KV_U64("epochs", h->n_epochs));
	return welcome(p) && passign_full(p);
}

static bool on_batch(struct peer *p, np_str body)
{
	const char *why = "";
	const struct pend_from from = { .checker = p->checker, .peer = p };
	np_err e = ingest_batch(p->g, &from, body, &why);
	if (e == NP_OK)
		return true;
	if (e != NP_E_AGAIN)
		return bad(p, "not a readable batch");
	return pause_it(p, why);
}

static bool on_slow(struct peer *p, np_str body)
{
	Np__V1__Slow *s = NULL;
	int64_t second = loop_now_ms(p->g->loop) / 1000;
	arena_reset(p->g->arena);
	if (frame_slow(p->g->arena, body, &s) < 0)
		return bad(p, "not a SLOW");
	if (second != p->slow_second) {
		p->slow_second = second;
		p->slow_n = 0;
	}
	if (p->slow_n++ < GW_SLOW_PER_S)
		ingest_slow(p->g, p->checker, s);
	else
		gw_count(p->g, GW_C_SLOW_DROPPED);
	return true;
}

static bool on_ping(struct peer *p, np_str body)
{
	Np__V1__Ping *ping = NULL;
	arena_reset(p->g->arena);
	if (frame_ping(p->g->arena, body, &ping) < 0)
		return bad(p, "not a PING");
	Np__V1__Pong m = NP__V1__PONG__INIT;
	m.nonce = ping->nonce;
	m.now_us = clock_wall_us();
	if (ping->now_us != 0)
		p->checker->skew_us = ping->now_us - m.now_us;
	heard_note(p->g, p->checker, ping->oldest_ms);
	buf_reset(&p->g->frame);
	return send_made(p, frame_put_pong(&p->g->frame, &m));
}

static bool on_frame(struct peer *p, np_str frame)
{
	enum frame_up kind;
	np_str body;
	if (frame_up_open(frame, &kind, &body) < 0)
		return bad(p, "not a frame of ours");
	p->heard_ms = loop_now_ms(p->g->loop);
	if (kind != FRAME_HELLO && !p->hello)
		return bad(p, "no HELLO first");
	switch (kind) {
	case FRAME_HELLO:
		return on_hello(p, body);
	case FRAME_BATCH:
		return on_batch(p, body);
	case FRAME_SLOW:
		return on_slow(p, body);
	case FRAME_PING:
		return on_ping(p, body);
	}
	return true;
}

static void on_read(void *ctx, np_str bytes)
{
	struct peer *p = ctx;
	np_str frame;
	for (;;) {
		switch (frame_feed(&p->in, &bytes, &frame)) {
		case FRAME_MORE:
			return;
		case FRAME_BAD:
			(void)bad(p, "frame of a length that is not allowed");
			return;
		case FRAME_DONE:
			if (!on_frame(p, frame))
				return;
			break;
		}
	}
}

static void on_close(void *ctx, np_err why)
{
	peer_close(ctx, np_err_text(why));
}

static void on_drain(void *ctx)
{
	(void)!passign_go_on(ctx);
}

static const struct conn_ops ops = { .on_read = on_read,
				     .on_close = on_close,
				     .on_drain = on_drain };

/* ---- its start ------------------------------------------------------------------------ */

static struct peer *peer_new(struct gw *g, struct gw_checker *c, struct conn *conn)
{
	struct peer *p = np_zalloc(sizeof *p);
	if (!p)
		return NULL;
	*p = (struct peer){
		.g = g,
		.c = conn,
		.checker = c,
		.opened_ms = loop_now_ms(g->loop),
		.heard_ms = loop_now_ms(g->loop),
		.not_after_us = conn_ident(conn)->not_after_us,
		.next = g->peers->first,
	};
	frame_in_init(&p->in, FRAME_UP_MAX);
	if (p->next)
		p->next->prev = p;
	g->peers->first = p;
	g->peers->n++;
	if (c->region->peers++ == 0)
		bus_watch_region(g, c->region);
	c->peer = p;
	return p;
}

void peer_stream(struct httpd_req *r, void *ctx)
{
	struct gw *g = ctx;
	struct gw_checker *c = httpd_user(r);
	np_str early = { NULL, 0 };
	struct conn *conn = httpd_upgrade(r, FRAME_PROTOCOL, &early);
	if (!conn)
		return;
	struct peer *old = c->peer;
	struct peer *p = peer_new(g, c, conn);
	if (!p) {
		conn_free(conn);
		return;
	}
	if (old) /* the newest wins: the old one may be a cut link that has not noticed */
		close_counted(old, GW_C_REPLACED, "replaced by a newer stream");
	gw_count(g, GW_C_STREAMS);
	conn_write_max(conn, GW_BACKLOG_MAX);
	conn_handler(conn, &ops, p);
	if (early.n > 0)
		on_read(p, early);
}

/* May close it. */
static void look_at(struct peer *p, int64_t now_ms, int64_t wall_us)
{
	if (wall_us >= p->not_after_us)
		close_counted(p, GW_C_CLOSED_EXPIRED, "its certificate ran out");
	else if (!p->hello && now_ms - p->opened_ms > GW_HELLO_MS)
		close_counted(p, GW_C_CLOSED_PROTO, "no HELLO in time");
	else if (now_ms - p->heard_ms > GW_SILENCE_MS)
		close_counted(p, GW_C_CLOSED_SILENT, "silent");
}

/* A part of them: ten thousand at once would keep results waiting for milliseconds. */
void peers_tick(struct gw *g)
{
	struct peers *ps = g->peers;
	int64_t now_ms = loop_now_ms(g->loop), wall_us = clock_wall_us();
	for (size_t n = ps->n / GW_TICKS_A_ROUND + 1; n > 0 && ps->first; n--) {
		struct peer *p = ps->look ? ps->look : ps->first;
		ps->look = p->next;
		look_at(p, now_ms, wall_us);
	}
}
