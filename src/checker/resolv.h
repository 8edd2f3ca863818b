/* SPDX-License-Identifier: Apache-2.0 */
/* resolv.h - c-ares on the loop: addresses of a name, or one raw answer.
 *
 * Floor 4 (checker). Names are absolute: no search domains. Callbacks may come
 * before the asking function returns; after resolv_cancel none comes. The
 * resolver may be freed inside its own callbacks. One loop's thread.
 */
#pragma once
#include "net/addr.h"
#include "net/loop.h"

#define RESOLV_ADDRS_MAX 8 /* more addresses of a name are not looked at */

struct resolv_cfg {
	const char *servers; /* "ip[:port],…"; NULL: the system's */
	bool raw; /* hand out answers with every rcode instead of asking the next server */
};
struct resolv;
NP_NODISCARD np_err resolv_new(struct loop *l, const struct resolv_cfg *cfg,
			       struct resolv **ret_resolv, struct buf *ret_why);
void resolv_free(struct resolv *r); /* open queries are cancelled silently; NULL is fine */

struct resolv_q;
/* `status` is c-ares'. */
typedef void (*resolv_addrs_fn)(void *ctx, int status, const struct addr *list, size_t n);
typedef void (*resolv_answer_fn)(void *ctx, int status, np_str message);
/* *ret_q is set before anything else; the callback's owner forgets it there. */
NP_NODISCARD np_err resolv_addrs(struct resolv *r, const char *host, resolv_addrs_fn fn, void *ctx,
				 struct resolv_q **ret_q);
struct resolv_ask {
	const char *name;
	uint16_t type; /* of record */
	resolv_answer_fn fn;
	void *ctx;
};
NP_NODISCARD np_err resolv_query(struct resolv *r, const struct resolv_ask *ask,
				 struct resolv_q **ret_q);
void resolv_cancel(struct resolv_q *q); /* NULL is fine */
