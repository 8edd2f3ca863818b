/* SPDX-License-Identifier: Apache-2.0 */
/* limiter.h - how often one address may fail: to sign in, with a link, with a drill's token.
 *
 * Floor 4 (web). A fixed table: two addresses may share a place, which makes it
 * stricter, never looser; an IPv6 address counts as its /64. Loop's thread.
 */
#pragma once
#include "net/addr.h"

#define LIMITER_SLOTS 4096
#define LIMITER_FAILS 10
#define LIMITER_WINDOW_MS ((int64_t)60 * 1000)

struct limiter;
NP_NODISCARD struct limiter *limiter_new(void);
void limiter_free(struct limiter *l); /* NULL is fine */
/* 0: go on; else seconds to wait. */
int64_t limiter_wait_s(const struct limiter *l, const struct addr *peer, int64_t now_ms);
void limiter_failed(struct limiter *l, const struct addr *peer, int64_t now_ms);
