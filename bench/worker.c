/* SPDX-License-Identifier: Apache-2.0 */
#include "worker.h"

#include <arpa/inet.h>
#include <openssl/ssl.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/str.h"
#include "wire/batch.h"
#include "wire/pballoc.h"

#define RETRY_MS 500
#define HANDSHAKE_MS 60000
#define DURATION_US 1000 /* of a made-up check; a slow worker's: twice that, to tell them apart */
#define ANSWER_MAX ((size_t)64 * 1024)

bool worker_is_ready(const struct worker *w)
{
	return w->state == WORKER_UP && (w->assigned || w->f->cfg.post);
}

/* ---- batches ------------------------------------------------------------------------- */

/* 20 to 84 ms, as pages of the world are; the same for the same slot. */
static void vary(struct res_record *r)
{
	uint64_t x = ((uint64_t)r->slot_us ^ r->monitor << 40) * UINT64_C(0x9e3779b97f4a7c15);
	r->phase_us[RES_P_DNS] = 500 + (uint32_t)(x >> 56) * 4;
	r->phase_us[RES_P_CONNECT] = 4000 + (uint32_t)(x >> 48 & 0xff) * 20;
	r->phase_us[RES_P_TLS] = 8000 + (uint32_t)(x >> 40 & 0xff) * 40;
	r->phase_us[RES_P_FIRST_BYTE] = 6000 + (uint32_t)(x >> 24 & 0xffff) / 2;
	r->phase_us[RES_P_TRANSFER] = 900 + (uint32_t)(x >> 16 & 0xff) * 10;
	r->duration_us = 0;
	for (size_t i = 0; i < RES_PHASE_N; i++)
		if (r->phase_us[i] > 0)
			r->duration_us += r->phase_us[i];
	r->start_us = r->slot_us + (int64_t)(x >> 60) * 100;
}

static struct res_record result_of(const struct worker *w, const struct worker_batch *b, uint32_t i)
{
	struct res_record r = RES_RECORD_INIT;
	r.monitor = w->id->monitor;
	r.revision = 1;
	r.slot_us = b->slot_us + i;
	r.duration_us = w->slow ? 2 * DURATION_US : DURATION_US;
	r.start_us = b->end_us - r.duration_us;
	r.status = RES_OK;
	r.code = 200;
	r.phase_us[RES_P_DNS] = 0;
	r.phase_us[RES_P_CONNECT] = 150;
	r.phase_us[RES_P_FIRST_BYTE] = 700;
	r.phase_us[RES_P_TRANSFER] = 150;
	if (w->f->cfg.interval_us) {
		r.slot_us = b->slot_us + i * w->f->cfg.interval_us;
		vary(&r);
	}
	return r;
}

static np_err encode(struct worker *w, const struct worker_batch *b)
{
	struct fleet *f = w->f;
	const struct batch_head head = { .epoch = f->epoch,
					 .shard = (uint32_t)(w->id->monitor % NP_SHARDS),
					 .first_seq = b->first_seq };
	buf_reset(&f->batch);
	np_err e = batch_put_head(&f->batch, &head);
	for (uint32_t i = 0; e == NP_OK && i < b->count; i++) {
		const struct res_record r = result_of(w, b, i);
		buf_reset(&f->item);
		e = batch_item_result(&f->item, &r);
		if (e == NP_OK)
			e = batch_put_item(&f->batch, buf_str(&f->item));
	}
	return e;
}

np_err worker_put(struct worker *w, np_str bytes)
{
	if (!w->slow)
		return conn_write(w->c, bytes);
	return buf_add(&w->drip, bytes);
}

static np_err send_post(struct worker *w)
{
	struct fleet *f = w->f;
	buf_reset(&f->frame);
	(void)buf_printf(&f->frame,
			 "POST /v1/results HTTP/1.1\r\nHost: %s\r\n"
			 "Content-Type: application/x-protobuf\r\nContent-Length: %zu\r\n\r\n",
			 f->cfg.name, f->batch.n);
	(void)buf_add(&f->frame, buf_str(&f->batch));
	np_err e = buf_failed(&f->frame);
	return e < 0 ? e : worker_put(w, buf_str(&f->frame));
}

static void send_batch(struct worker *w, struct worker_batch *b)
{
	struct fleet *f = w->f;
	b->sent_ms = loop_now_ms(f->cfg.loop);
	np_err e = encode(w, b);
	if (e == NP_OK && f->cfg.post) {
		e = send_post(w);
	} else if (e == NP_OK) {
		buf_reset(&f->frame);
		e = frame_put_batch(&f->frame, buf_str(&f->batch));
		if (e == NP_OK)
			e = worker_put(w, buf_str(&f->frame));
	}
	if (e < 0)
		f->count.odd++;
}

bool worker_offer(struct worker *w)
{
	struct fleet *f = w->f;
	size_t window = f->cfg.post ? 1 : WORKER_WINDOW;
	if (!worker_is_ready(w) || w->n == window || w->paused_ms != 0)
		return false;
	struct worker_batch *b = &w->window[(w->head + w->n++) % WORKER_WINDOW];
	int64_t now_us = clock_wall_us();
	*b = (struct worker_batch){ .first_seq = w->next_seq,
				    .count = f->cfg.per_batch,
				    .end_us = now_us };
	b->slot_us = now_us > w->last_slot_us ? now_us : w->last_slot_us + 1;
	w->last_slot_us = b->slot_us + b->count - 1;
	if (f->cfg.interval_us)
		b->slot_us = f->cfg.since_us + (int64_t)(w->next_seq - 1) * f->cfg.interval_us;
	w->next_seq += b->count;
	f->count.offered += b->count;
	f->count.waiting += b->count;
	send_batch(w, b);
	return true;
}

void worker_resend(struct worker *w, uint64_t from_seq)
{
	for (size_t i = 0; i < w->n; i++) {
		struct worker_batch *b = &w->window[(w->head + i) % WORKER_WINDOW];
		if (b->first_seq < from_seq)
			continue;
		w->f->count.resent += b->count;
		send_batch(w, b);
	}
}

/* ---- answers --------------------------------------------------------------------------- */

static void acked(struct worker *w, uint64_t epoch, uint64_t n)
{
	struct fleet *f = w->f;
	int64_t now_us = clock_wall_us();
	bool room = false;
	while (epoch == f->epoch && w->n > 0) {
		const struct worker_batch *b = &w->window[w->head];
		if (b->first_seq + b->count - 1 > n)
			break;
		const struct record_ack a = { .checker = w->id->checker,
					      .epoch = f->epoch,
					      .first_seq = b->first_seq,
					      .count = b->count,
					      .shard = (uint32_t)(w->id->monitor % NP_SHARDS),
					      .end_us = b->end_us,
					      .ack_us = now_us };
		if (record_add(f->cfg.acks, &a) < 0)
			f->count.odd++;
		f->count.accepted += b->count;
		f->count.waiting -= b->count;
		w->head = (w->head + 1) % WORKER_WINDOW;
		w->n--;
		room = true;
	}
	if (room && f->cfg.acked)
		f->cfg.acked(f->cfg.ctx, w);
}

/* It may ask for what was acknowledged: the two come to the queue by connections of their own. */
static void rewound(struct worker *w, uint64_t n)
{
	w->f->count.rewinds++;
	worker_resend(w, n);
}

static void assigned(struct worker *w, const Np__V1__Assign *m)
{
	bool was = w->assigned;
	if (m->full)
		w->assigned = false;
	for (size_t i = 0; i < m->n_upsert; i++)
		w->assigned |= m->upsert[i]->monitor == w->id->monitor;
	for (size_t i = 0; i < m->n_remove; i++)
		w->assigned &= m->remove[i] != w->id->monitor;
	w->f->count.assigned += (size_t)w->assigned - (size_t)was;
}

static void welcome(struct worker *w)
{
	w->state = WORKER_UP;
	w->f->count.up++;
	w->f->count.connecting--;
	worker_resend(w, 0);
	fleet_connect(w->f);
}

static void take(struct worker *w, const Np__V1__Down *m)
{
	struct fleet_count *c = &w->f->count;
	switch (m->kind_case) {
	case NP__V1__DOWN__KIND_WELCOME:
		welcome(w);
		break;
	case NP__V1__DOWN__KIND_ACK:
		acked(w, m->ack->epoch, m->ack->n);
		break;
	case NP__V1__DOWN__KIND_REWIND:
		rewound(w, m->rewind->n);
		break;
	case NP__V1__DOWN__KIND_REJECT:
		c->rejected += m->reject->n_seqs;
		break;
	case NP__V1__DOWN__KIND_ASSIGN:
		assigned(w, m->assign);
		break;
	case NP__V1__DOWN__KIND_PAUSE:
		c->pauses++;
		w->paused_ms = loop_now_ms(w->f->cfg.loop) + m->pause->for_ms;
		break;
	case NP__V1__DOWN__KIND_JOB:
	case NP__V1__DOWN__KIND_PONG:
		break;
	case NP__V1__DOWN__KIND__NOT_SET:
	case _NP__V1__DOWN__KIND__CASE_IS_INT_SIZE:
		c->odd++;
		break;
	}
}

static void on_frames(struct worker *w, np_str bytes)
{
	np_str frame;
	enum frame_rc rc;
	while (w->c && (rc = frame_feed(&w->in, &bytes, &frame)) != FRAME_MORE) {
		Np__V1__Down *m = NULL;
		arena_reset(w->f->arena);
		if (rc == FRAME_BAD || frame_down(w->f->arena, frame, &m) < 0) {
			w->f->count.odd++;
			worker_lost(w);
			return;
		}
		take(w, m);
	}
}

/* The answer of a POST. */
static void on_posted(struct worker *w, uint16_t status, np_str body)
{
	struct fleet *f = w->f;
	ProtobufCMessage *m = NULL;
	arena_reset(f->arena);
	if (status == 503 || status == 429) {
		f->count.pauses++;
		w->paused_ms = loop_now_ms(f->cfg.loop) + 1000;
		return;
	}
	if (status != 200 ||
	    pballoc_unpack(f->arena, &np__v1__post_answer__descriptor, body, &m) < 0) {
		f->count.odd++;
		worker_lost(w);
		return;
	}
	const Np__V1__PostAnswer *a = (const Np__V1__PostAnswer *)(const void *)m;
	for (size_t i = 0; i < a->n_rejects; i++)
		f->count.rejected += a->rejects[i]->n_seqs;
	for (size_t i = 0; i < a->n_rewinds; i++)
		rewound(w, a->rewinds[i]->n);
	for (size_t i = 0; i < a->n_acks; i++)
		acked(w, a->acks[i]->epoch, a->acks[i]->n);
	if (w->c && w->state == WORKER_GREETING)
		welcome(w);
}

/* ---- the connection ---------------------------------------------------------------------- */

static bool hello(struct worker *w)
{
	struct fleet *f = w->f;
	Np__V1__Hello m = NP__V1__HELLO__INIT;
	m.version = (char *)(uintptr_t) "load";
	m.now_us = clock_wall_us();
	buf_reset(&f->frame);
	return frame_put_hello(&f->frame, &m) == NP_OK &&
	       conn_write(w->c, buf_str(&f->frame)) == NP_OK;
}

/* False: the worker lost its connection meanwhile. */
static bool upgraded(struct worker *w)
{
	if (http_head(w->http)->status != 101) {
		w->f->count.refused++;
		worker_lost(w);
		return false;
	}
	http_free(np_take(w->http));
	w->state = WORKER_GREETING;
	if (hello(w))
		return true;
	worker_lost(w);
	return false;
}

static void on_upgrade(struct worker *w, np_str bytes)
{
	size_t used = 0;
	enum http_rc rc = http_feed(w->http, bytes, &used);
	if (rc == HTTP_BAD) {
		w->f->count.odd++;
		worker_lost(w);
	} else if (rc != HTTP_MORE && upgraded(w) && used < bytes.n) {
		on_frames(w, str_sub(bytes, used, bytes.n));
	}
}

static void on_answer(struct worker *w, np_str bytes)
{
	while (w->c && bytes.n > 0) {
		size_t used = 0;
		enum http_rc rc = http_feed(w->http, bytes, &used);
		bytes = str_sub(bytes, used, bytes.n);
		if (rc == HTTP_HEAD_DONE) {
			http_body_max(w->http, ANSWER_MAX);
			if (http_head(w->http)->has_body)
				continue;
			rc = HTTP_DONE;
		}
		if (rc == HTTP_MORE)
			return;
		if (rc == HTTP_BAD) {
			w->f->count.odd++;
			worker_lost(w);
			return;
		}
		on_posted(w, http_head(w->http)->status, http_body(w->http));
		if (w->http)
			http_reset(w->http);
	}
}

static void on_read(void *ctx, np_str bytes)
{
	struct worker *w = ctx;
	if (w->f->cfg.post)
		on_answer(w, bytes);
	else if (w->state == WORKER_UPGRADING)
		on_upgrade(w, bytes);
	else
		on_frames(w, bytes);
	if (w->slow && w->c)
		conn_pause(w->c); /* until the next drop goes out */
}

static void on_close(void *ctx, np_err why)
{
	struct worker *w = ctx;
	(void)why;
	w->f->count.lost_links++;
	worker_lost(w);
}

static const struct conn_ops ops = { .on_read = on_read, .on_close = on_close };

void worker_down(struct worker *w)
{
	struct fleet_count *c = &w->f->count;
	if (w->state == WORKER_UP)
		c->up--;
	else if (w->state != WORKER_DOWN)
		c->connecting--;
	c->assigned -= w->assigned;
	w->assigned = false;
	w->state = WORKER_DOWN;
	w->paused_ms = 0;
	loop_poll_free(np_take(w->poll));
	np_close_fd(&w->fd);
	conn_free(np_take(w->opening));
	conn_free(np_take(w->c));
	http_free(np_take(w->http));
	frame_in_done(&w->in);
	frame_in_init(&w->in, FRAME_MAX);
	buf_reset(&w->drip);
}

void worker_lost(struct worker *w)
{
	worker_down(w);
	/* Spread, so that those refused at one moment do not come back at one moment. */
	w->retry_ms = loop_now_ms(w->f->cfg.loop) + RETRY_MS +
		      (int64_t)(w->id->monitor * 7919 % RETRY_MS);
}

void worker_drop(struct worker *w)
{
	worker_down(w);
	w->retry_ms = 0;
}

/* A batch of nothing: makes it a member, and keeps the connection from counting as one that
 * never asked for anything. */
static void greet_by_post(struct worker *w)
{
	const struct worker_batch nothing = { .first_seq = 1 };
	w->state = WORKER_GREETING;
	if (!w->http || encode(w, &nothing) < 0 || send_post(w) < 0)
		worker_lost(w);
}

static void on_open(void *ctx, struct conn *c, np_err e, const char *why)
{
	struct worker *w = ctx;
	struct fleet *f = w->f;
	(void)why;
	w->opening = NULL;
	if (e < 0) {
		f->count.refused++;
		worker_lost(w);
		return;
	}
	w->c = c;
	conn_handler(c, &ops, w);
	w->http = http_new(HTTP_KIND_RESPONSE);
	if (f->cfg.post) {
		greet_by_post(w);
		return;
	}
	w->state = WORKER_UPGRADING;
	buf_reset(&f->frame);
	(void)buf_printf(&f->frame,
			 "GET /v1/stream HTTP/1.1\r\nHost: %s\r\nConnection: Upgrade\r\n"
			 "Upgrade: " FRAME_PROTOCOL "\r\n\r\n",
			 f->cfg.name);
	if (!w->http || conn_write(c, buf_str(&f->frame)) < 0)
		worker_lost(w);
}

static np_err start_tls(struct worker *w)
{
	SSL *ssl = NULL;
	np_err e = tls_session(w->f->cfg.tls, w->fd, w->f->cfg.name, &ssl);
	if (e < 0)
		return e;
	/* The intermediate comes from the context: the same for all of a region. */
	if (SSL_use_certificate(ssl, w->id->leaf) != 1 || SSL_use_PrivateKey(ssl, w->id->key) != 1)
		e = NP_E_CRYPTO;
	const struct conn_tls_cfg cfg = {
		.fd = w->fd,
		.peer = &w->f->cfg.gateway,
		.ssl = ssl,
		.on_open = on_open,
		.ctx = w,
		.deadline_mono_ms = loop_now_ms(w->f->cfg.loop) + HANDSHAKE_MS,
	};
	if (e == NP_OK)
		e = conn_tls(w->f->cfg.loop, &cfg, &w->opening);
	if (e < 0)
		tls_session_free(ssl);
	else
		w->fd = -1;
	return e;
}

static void on_connected(void *ctx, int events)
{
	struct worker *w = ctx;
	int error = 0;
	socklen_t len = sizeof error;
	(void)events;
	loop_poll_free(np_take(w->poll));
	if (getsockopt(w->fd, SOL_SOCKET, SO_ERROR, &error, &len) < 0 || error ||
	    start_tls(w) < 0) {
		w->f->count.refused++;
		worker_lost(w);
	}
}

/* Over 127/8: one address has 28,000 ports, and a gateway may count by address. */
static np_err source(int fd, size_t i)
{
	int on = 1;
	struct sockaddr_in from = { .sin_family = AF_INET };
	from.sin_addr.s_addr = htonl(0x7f010001u + (uint32_t)(i / 250 << 8) + (uint32_t)(i % 250));
	(void)setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
	return bind(fd, (const struct sockaddr *)(const void *)&from, sizeof from) < 0 ? NP_E_IO
										       : NP_OK;
}

np_err worker_begin(struct worker *w)
{
	struct fleet *f = w->f;
	int small = 2048;
	w->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (w->fd < 0)
		return NP_E_IO;
	if (w->slow)
		(void)setsockopt(w->fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
	np_err e = source(w->fd, (size_t)(w - f->w));
	if (e == NP_OK && connect(w->fd, &f->cfg.gateway.u.sa, addr_len(&f->cfg.gateway)) < 0 &&
	    errno != EINPROGRESS)
		e = NP_E_IO;
	if (e == NP_OK)
		e = loop_poll_new(f->cfg.loop, w->fd, on_connected, w, &w->poll);
	if (e == NP_OK)
		loop_poll_set(w->poll, LOOP_WRITE);
	return e;
}
