/* SPDX-License-Identifier: Apache-2.0 */
/* forwarded.h - whose request it is, when a proxy that is trusted brought it.
 *
 * Floor 4 (web). Only the header that the proxies are known to write counts, and only what they
 * appended: hops are read from the right, as long as they are proxies of the list. What stands
 * further left is whatever the client wrote. Made at start, then constant: any thread.
 */
#pragma once
#include "base/conf.h"
#include "net/addr.h"
#include "net/http.h"

#define FWD_PROXIES_MAX 64
#define FWD_CONF_ITEMS                                                                 \
	{ .key = "trusted_proxies", .kind = CONF_LIST },                               \
	{                                                                              \
		.key = "proxy_header", .kind = CONF_STR, .fallback = "X-Forwarded-For" \
	}

struct fwd {
	size_t n; /* 0: nobody is trusted, no header is read */
	struct addr_cidr proxy[FWD_PROXIES_MAX];
	bool standard; /* RFC 7239 Forwarded, not X-Forwarded-For */
};

/* Of `trusted_proxies` and `proxy_header`; on failure *why says what is wrong. */
NP_NODISCARD np_err fwd_from(const struct conf *c, struct fwd *ret, struct buf *why);
NP_NODISCARD np_err fwd_add(struct fwd *f, np_str cidr, struct buf *why);
/* The address that `peer` speaks for: its own, unless it is a proxy of the list. */
void fwd_client(const struct fwd *f, const struct http_head *head, const struct addr *peer,
		struct addr *ret);
