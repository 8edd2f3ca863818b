/* SPDX-License-Identifier: Apache-2.0 */
/* listen.h - listeners that a reconnect storm cannot turn against the connected.
 *
 * Floor 2 (net). Accepts are bounded per turn of the loop, handshakes in number
 * and in time per turn; the rest waits in the kernel's queue or in ours. When
 * descriptors run out, accepting pauses instead of spinning. One loop's thread.
 */
#pragma once
#include "base/metrics.h"
#include "net/conn.h"
#include "net/tls.h"

#define LISTEN_ACCEPTS_PER_TURN 64
#define LISTEN_HANDSHAKES_MAX 1024      /* unfinished at a time */
#define LISTEN_HANDSHAKE_BUDGET_US 2000 /* of CPU per turn of the loop, all listeners */
#define LISTEN_CONNS_MAX 20000

struct listen_cfg {
	const char *address;     /* "127.0.0.1:8443", "[::]:8443", "localhost:0", "unix:/path" */
	struct tls *tls;         /* NULL: plain; must outlive the listener */
	uint32_t conns_max;      /* 0: default; connections alive, accepting pauses beyond */
	uint32_t handshakes_max; /* 0: default */
	/* Handshake is over, c is the callee's: set its handler there and then. */
	void (*on_conn)(void *ctx, struct conn *c);
	/* A handshake failed; may be NULL. For counting and a rate-limited log line. */
	void (*on_refused)(void *ctx, const struct addr *peer, const char *why);
	void *ctx;
};
struct listener;
/* On failure *ret_why says what to do ("port 8443 of 127.0.0.1 is taken by another program"):
 * NP_E_EXISTS taken, NP_E_PERM, NP_E_INVAL malformed, NP_E_NOTFOUND no such address. */
NP_NODISCARD np_err listener_new(struct loop *l, const struct listen_cfg *cfg,
				 struct listener **ret, struct buf *ret_why);
/* Stops accepting, drops unfinished handshakes. Connections handed over live on. NULL is fine. */
void listener_free(struct listener *s);
void listener_addr(const struct listener *s, struct addr *ret); /* with the real port */
size_t listener_handshakes(const struct listener *s);           /* unfinished ones */
size_t listener_conns(const struct listener *s);                /* alive, handed over or not */
