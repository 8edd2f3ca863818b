/* SPDX-License-Identifier: Apache-2.0 */
/* gwlink.h - one connection to one gateway, from the dial to its end.
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

struct gwlink;
struct gwlink_ops {
	/* The upgrade stands: say HELLO (append a frame). */
	void (*hello)(void *ctx, struct buf *frame);
	void (*down)(void *ctx, struct gwlink *l, const Np__V1__Down *m); /* WELCOME among them */
	void (*drained)(void *ctx, struct gwlink *l);
	/* Once, and the link is gone afterwards. `retry_ms` > 0: the gateway asked for so long. */
	void (*gone)(void *ctx, struct gwlink *l, np_err e, const char *why, int64_t retry_ms);
};
struct gwlink_cfg {
	struct loop *loop;
	struct tls *tls;
	const char *address; /* host:port */
	const struct gwlink_ops *ops;
	void *ctx;
};
NP_NODISCARD np_err gwlink_new(const struct gwlink_cfg *cfg, struct gwlink **ret_link);
void gwlink_free(struct gwlink *l); /* no callback comes; NULL is fine */
bool gwlink_is_up(const struct gwlink *l);
int64_t gwlink_up_ms(const struct gwlink *l); /* since when; 0: not up */
/* Queue frames. False: no room now (drained comes), or not connected. */
bool gwlink_send(struct gwlink *l, np_str frames);
size_t gwlink_backlog(const struct gwlink *l);
/* Once a second: is it silent for too long? Frees the link (through `gone`) and answers false. */
bool gwlink_tick(struct gwlink *l, uint32_t oldest_ms);
