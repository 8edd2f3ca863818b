/* SPDX-License-Identifier: Apache-2.0 */
/* dial.h - make a connection to one of our own servers.
 *
 * Floor 2 (net). Resolves on the worker pool, tries each address in turn, runs
 * the TLS handshake, all before one absolute deadline. For links between our
 * own roles; checks resolve and guard for themselves. One loop's thread.
 */
#pragma once
#include "net/conn.h"
#include "net/tls.h"

struct dial_cfg {
	const char *host; /* name or numeric address; copied */
	uint16_t port;
	struct tls *tls;      /* NULL: plain. Must live until the callback. */
	const char *tls_name; /* name in the server's certificate; NULL: host */
	int64_t timeout_ms;   /* 0: 10 s */
};
struct dial;
/* Once: NP_OK with a conn that is the callee's now (set its handler there and then), or an
 * error with `why` as one phrase. The dial is gone afterwards. Note that with TLS 1.3 a server
 * can still refuse the client's certificate: only an answer proves a link. */
typedef void (*dial_fn)(void *ctx, np_err e, struct conn *c, const char *why);
NP_NODISCARD np_err dial_start(struct loop *l, const struct dial_cfg *cfg, dial_fn fn, void *ctx,
			       struct dial **ret_dial);
void dial_cancel(struct dial *d); /* no callback comes; NULL is fine */
