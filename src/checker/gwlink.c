/* SPDX-License-Identifier: Apache-2.0 */
#include "checker/gwlink.h"

#include <stdio.h>

#include "base/clock.h"
#include "base/crypt.h"
#include "base/str.h"

#define LINK_WRITE_MAX ((size_t)2 * 1024 * 1024)
#define LINK_WHY_MAX 200

struct gwlink {
	struct gwlink_cfg cfg;
	char host[262];
	struct httpc *httpc;
	struct conn *conn;
	struct frame_in in;
	struct arena *arena;
	int64_t made_ms, up_ms, heard_ms, pinged_ms;
	bool in_read, gone; /* `gone` while reading: freed when that is over */
};

void gwlink_free(struct gwlink *l)
{
	if (!l)
		return;
	httpc_cancel(l->httpc);
	l->httpc = NULL;
	conn_free(l->conn);
	l->conn = NULL;
	l->gone = true;
	if (l->in_read)
		return; /* on_read's end does it */
	frame_in_done(&l->in);
	arena_free(l->arena);
	free(l);
}

static void end(struct gwlink *l, np_err e, const char *why, int64_t retry_ms)
{
	char text[LINK_WHY_MAX];
	(void)snprintf(text, sizeof text, "%s", why);
	l->cfg.ops->gone(l->cfg.ctx, l, e, text, retry_ms);
	gwlink_free(l);
}

/* ---- frames ------------------------------------------------------------------------------- */

static bool take_frame(struct gwlink *l, np_str frame)
{
	Np__V1__Down *m = NULL;
	arena_reset(l->arena);
	if (frame_down(l->arena, frame, &m) < 0) {
		end(l, NP_E_PROTO, "the gateway sent something unreadable", 0);
		return false;
	}
	if (m->kind_case == NP__V1__DOWN__KIND_WELCOME && !l->up_ms)
		l->up_ms = l->heard_ms;
	l->cfg.ops->down(l->cfg.ctx, l, m);
	return !l->gone;
}

static void on_read(void *ctx, np_str bytes)
{
	struct gwlink *l = ctx;
	np_str frame;
	enum frame_rc rc;
	l->heard_ms = clock_mono_ms();
	l->in_read = true;
	while (!l->gone && (rc = frame_feed(&l->in, &bytes, &frame)) != FRAME_MORE) {
		if (rc == FRAME_BAD) {
			end(l, NP_E_PROTO, "the gateway sent a frame that is too long", 0);
			break;
		}
		if (!take_frame(l, frame))
			break;
	}
	l->in_read = false; /* NOLINT(clang-analyzer-unix.Malloc): as below */
	if (l->gone) /* NOLINT(clang-analyzer-unix.Malloc): gwlink_free waits while in_read */
		gwlink_free(l);
}

static void on_close(void *ctx, np_err why)
{
	struct gwlink *l = ctx;
	end(l, why, l->up_ms ? "the connection ended" : "the gateway refused this checker", 0);
}

static void on_drain(void *ctx)
{
	struct gwlink *l = ctx;
	l->cfg.ops->drained(l->cfg.ctx, l);
}

static const struct conn_ops conn_handlers = {
	.on_read = on_read,
	.on_close = on_close,
	.on_drain = on_drain,
};

/* ---- the way there ------------------------------------------------------------------------- */

static void refused(struct gwlink *l, const struct httpc_result *res)
{
	char why[LINK_WHY_MAX];
	uint64_t s = 0;
	(void)snprintf(why, sizeof why, "the gateway answered %u %s", res->head->status,
		       http_status_text(res->head->status));
	if (str_to_u64(http_field(res->head, "retry-after"), &s) < 0 || s > 3600)
		s = 0;
	end(l, res->head->status == 403 ? NP_E_DENIED : NP_E_AGAIN, why, (int64_t)s * NP_SEC_MS);
}

static void on_upgraded(void *ctx, const struct httpc_result *res)
{
	struct gwlink *l = ctx;
	l->httpc = NULL;
	if (res->err < 0) {
		end(l, res->err, res->why ? res->why : np_err_text(res->err), 0);
		return;
	}
	if (!res->conn) {
		refused(l, res);
		return;
	}
	l->conn = res->conn;
	l->heard_ms = l->made_ms = clock_mono_ms();
	conn_write_max(l->conn, LINK_WRITE_MAX);
	conn_handler(l->conn, &conn_handlers, l);
	NP_CLEANUP(buf_done) struct buf hello;
	buf_init(&hello, FRAME_UP_MAX);
	l->cfg.ops->hello(l->cfg.ctx, &hello);
	if (!gwlink_send(l, buf_str(&hello)))
		end(l, NP_E_NOMEM, "no memory for HELLO", 0);
	else if (res->early.n > 0)
		on_read(l, res->early);
}

np_err gwlink_new(const struct gwlink_cfg *cfg, struct gwlink **ret_link)
{
	np_str host;
	uint16_t port = 0;
	if (addr_split(str_from_c(cfg->address), &host, &port) < 0)
		return NP_E_INVAL;
	struct gwlink *l = np_zalloc(sizeof *l);
	if (!l)
		return NP_E_NOMEM;
	l->cfg = *cfg;
	l->made_ms = clock_mono_ms();
	(void)snprintf(l->host, sizeof l->host, "%.*s", NP_FMT(host));
	frame_in_init(&l->in, FRAME_MAX);
	l->arena = arena_new(FRAME_ARENA_MAX);
	const struct httpc_req req = {
		.to = { .host = l->host,
			.port = port,
			.tls = cfg->tls,
			.timeout_ms = LINK_DIAL_MS },
		.method = "GET",
		.path = "/v1/stream",
		.upgrade = FRAME_PROTOCOL,
	};
	np_err e = l->arena ? httpc_start(cfg->loop, &req, on_upgraded, l, &l->httpc) : NP_E_NOMEM;
	if (e < 0) {
		gwlink_free(l);
		return e;
	}
	*ret_link = l;
	return NP_OK;
}

bool gwlink_is_up(const struct gwlink *l)
{
	return l && l->up_ms > 0;
}

int64_t gwlink_up_ms(const struct gwlink *l)
{
	return l->up_ms;
}

bool gwlink_send(struct gwlink *l, np_str frames)
{
	return l->conn && conn_write(l->conn, frames) == NP_OK;
}

size_t gwlink_backlog(const struct gwlink *l)
{
	return l->conn ? conn_backlog(l->conn) : 0;
}

static void ping(struct gwlink *l, int64_t now_ms, uint32_t oldest_ms)
{
	NP_CLEANUP(buf_done) struct buf b;
	Np__V1__Ping m = NP__V1__PING__INIT;
	buf_init(&b, 256);
	m.nonce = rnd_u64();
	m.oldest_ms = oldest_ms;
	m.now_us = clock_wall_us();
	l->pinged_ms = now_ms;
	if (frame_put_ping(&b, &m) == NP_OK)
		(void)gwlink_send(l, buf_str(&b));
}

bool gwlink_tick(struct gwlink *l, uint32_t oldest_ms)
{
	int64_t now_ms = clock_mono_ms();
	if (!l->conn)
		return true; /* the dial has its own deadline */
	if (!l->up_ms && now_ms - l->made_ms > LINK_WELCOME_MS) {
		end(l, NP_E_TIMEOUT, "the gateway did not say WELCOME", 0);
		return false;
	}
	if (now_ms - l->heard_ms > LINK_SILENT_MS) {
		end(l, NP_E_TIMEOUT, "the gateway has been silent for 25 s", 0);
		return false;
	}
	if (l->up_ms && now_ms - l->pinged_ms >= LINK_PING_MS)
		ping(l, now_ms, oldest_ms);
	return true;
}
