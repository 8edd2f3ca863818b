/* SPDX-License-Identifier: Apache-2.0 */
#include "fakegw.h"

#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"
#include "wire/batch.h"

void gw_say(struct world *w, struct buf *b)
{
	if (w->conn)
		assert_ok(conn_write(w->conn, buf_str(b)));
	buf_done(b);
}

void gw_hang_up(struct world *w)
{
	if (w->conn)
		conn_free(w->conn);
	w->conn = NULL;
}

static void say_ack(struct world *w, uint64_t epoch, uint32_t shard, uint64_t n)
{
	struct buf b;
	Np__V1__Ack m = NP__V1__ACK__INIT;
	buf_init(&b, 256);
	m.epoch = epoch;
	m.shard = shard;
	m.n = n;
	assert_ok(frame_put_ack(&b, &m));
	gw_say(w, &b);
}

static void take_hello(struct world *w, np_str body)
{
	NP_CLEANUP(arena_free_p) struct arena *a = arena_new(1 << 20);
	Np__V1__Hello *h = NULL;
	struct buf b;
	assert_ok(frame_hello(a, body, &h));
	w->hellos++;
	w->instance = h->instance;
	if (w->no_welcome)
		return;
	Np__V1__Welcome m = NP__V1__WELCOME__INIT;
	buf_init(&b, 1024);
	m.region = (char *)(uintptr_t)PKI_REGION;
	m.now_us = clock_wall_us();
	m.frame_max = FRAME_MAX;
	assert_ok(frame_put_welcome(&b, &m));
	w->welcomes++;
	gw_say(w, &b);
}

static void take_items(struct world *w, const struct batch *b, uint64_t known)
{
	for (size_t i = 0; i < batch_head(b)->items; i++) {
		const struct batch_item *it = batch_item(b, i);
		assert_null(it->invalid);
		if (it->seq <= known)
			continue;
		if (it->kind == BATCH_LOST) {
			w->lost += it->count;
			continue;
		}
		w->stored[(it->result.slot_us - SLOT_0) / 1000]++;
		w->stored_n++;
	}
}

static bool has_poison(const struct world *w, const struct batch *b)
{
	for (size_t i = 0; i < batch_head(b)->items; i++)
		if (batch_item(b, i)->kind == BATCH_RESULT &&
		    (batch_item(b, i)->result.slot_us - SLOT_0) / 1000 == w->poison)
			return true;
	return false;
}

static void take_batch(struct world *w, np_str body)
{
	NP_CLEANUP(arena_free_p) struct arena *a = arena_new(BATCH_ARENA_MAX);
	struct batch *b = NULL;
	assert_ok(batch_decode(a, body, &b));
	const struct batch_head *h = batch_head(b);
	w->batches++;
	if (w->lose)
		return;
	if (has_poison(w, b) || (w->close_after && w->batches % w->close_after == 0)) {
		gw_hang_up(w);
		return;
	}
	if (w->epoch != h->epoch)
		memset(w->last, 0, sizeof w->last);
	w->epoch = h->epoch;
	uint64_t known = w->last[h->shard];
	if (h->first_seq > known + 1) {
		struct buf out;
		Np__V1__Rewind m = NP__V1__REWIND__INIT;
		buf_init(&out, 256);
		m.epoch = h->epoch;
		m.shard = h->shard;
		m.n = known + 1;
		assert_ok(frame_put_rewind(&out, &m));
		gw_say(w, &out);
		return;
	}
	take_items(w, b, known);
	if (h->first_seq + h->numbers - 1 > known)
		w->last[h->shard] = h->first_seq + h->numbers - 1;
	if (!w->mute)
		say_ack(w, h->epoch, h->shard, w->last[h->shard]);
}

static void take_ping(struct world *w, np_str body)
{
	NP_CLEANUP(arena_free_p) struct arena *a = arena_new(1 << 16);
	Np__V1__Ping *p = NULL;
	Np__V1__Pong m = NP__V1__PONG__INIT;
	struct buf b;
	assert_ok(frame_ping(a, body, &p));
	w->pings++;
	buf_init(&b, 256);
	m.nonce = p->nonce;
	assert_ok(frame_put_pong(&b, &m));
	gw_say(w, &b);
}

static void gw_read(void *ctx, np_str bytes)
{
	struct world *w = ctx;
	np_str frame, body;
	while (w->conn && frame_feed(&w->in, &bytes, &frame) == FRAME_DONE) {
		enum frame_up kind;
		assert_ok(frame_up_open(frame, &kind, &body));
		if (kind == FRAME_HELLO)
			take_hello(w, body);
		else if (kind == FRAME_BATCH)
			take_batch(w, body);
		else if (kind == FRAME_PING)
			take_ping(w, body);
		else
			w->slows++;
	}
}

static void gw_close(void *ctx, np_err why)
{
	(void)why;
	gw_hang_up(ctx);
}

static const struct conn_ops gw_ops = { .on_read = gw_read, .on_close = gw_close };

static void on_stream(struct httpd_req *r, void *ctx)
{
	struct world *w = ctx;
	np_str early = { NULL, 0 };
	struct conn *c = httpd_upgrade(r, FRAME_PROTOCOL, &early);
	if (!c)
		return;
	gw_hang_up(w);
	w->conn = c;
	frame_in_done(&w->in);
	frame_in_init(&w->in, FRAME_UP_MAX);
	conn_handler(c, &gw_ops, w);
	if (early.n)
		gw_read(w, early);
}

static const struct httpd_route routes[] = {
	{ .method = "GET", .pattern = "/v1/stream", .fn = on_stream },
};

void gw_up(struct world *w)
{
	NP_CLEANUP(buf_done) struct buf why;
	buf_init(&why, 500);
	const struct tls_cfg tc = { .use = TLS_LINK_SERVER,
				    .cert_file = pki_path(&w->pki, "server.pem"),
				    .key_file = pki_path(&w->pki, "server.key"),
				    .root_file = pki_path(&w->pki, "edge.pem") };
	const struct httpd_cfg hc = { .routes = routes, .n_routes = 1, .ctx = w };
	assert_ok(tls_new(&tc, &w->tls, &why));
	w->httpd = httpd_new(w->loop, &hc);
	assert_non_null(w->httpd);
}

uint16_t gw_listen(struct world *w)
{
	NP_CLEANUP(buf_done) struct buf why;
	buf_init(&why, 500);
	for (uint16_t port = 20000 + (uint16_t)(getpid() % 20000);; port++) {
		char at[32];
		(void)snprintf(at, sizeof at, "127.0.0.1:%u", port);
		const struct listen_cfg lc = { .address = at, .tls = w->tls, .ctx = w };
		if (httpd_listen(w->httpd, &lc, &why) == NP_OK)
			return port;
	}
}
