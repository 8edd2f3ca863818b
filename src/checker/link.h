/* SPDX-License-Identifier: Apache-2.0 */
/* link.h - one connection to one gateway, from the dial to its end.
 *
 * Floor 4 (checker). Mutual TLS, the upgrade to netpulse-stream/1, frames both
 * ways. A link is up only once WELCOME was read: with TLS 1.3 everything before
 * that can still be refused. One loop's thread.
 */
#pragma once
#include "base/arena.h"
#include "net/httpc.h"
#include "wire/frame.h"

#define LINK_DIAL_MS 15000
#define LINK_WELCOME_MS 10000
#define LINK_SILENT_MS 25000 /* nothing heard for so long: dead */
#define LINK_PING_MS 10000

struct link;
struct link_ops {
	/* The upgrade stands: say HELLO (append a frame). */
	void (*hello)(void *ctx, struct buf *frame);
	void (*down)(void *ctx, struct link *l, const Np__V1__Down *m); /* WELCOME among them */
	void (*drained)(void *ctx, struct link *l);
	/* Once, and the link is gone afterwards. `retry_ms` > 0: the gateway asked for so long. */
	void (*gone)(void *ctx, struct link *l, np_err e, const char *why, int64_t retry_ms);
};
struct link_cfg {
	struct loop *loop;
	struct tls *tls;
	const char *address; /* host:port */
	const struct link_ops *ops;
	void *ctx;
};
NP_NODISCARD np_err link_new(const struct link_cfg *cfg, struct link **ret_link);
void link_free(struct link *l); /* no callback comes; NULL is fine */
bool link_is_up(const struct link *l);
int64_t link_up_ms(const struct link *l); /* since when; 0: not up */
/* Queue frames. False: no room now (drained comes), or not connected. */
bool link_send(struct link *l, np_str frames);
size_t link_backlog(const struct link *l);
/* Once a second: is it silent for too long? Frees the link (through `gone`) and answers false. */
bool link_tick(struct link *l, uint32_t oldest_ms);
