/* SPDX-License-Identifier: Apache-2.0 */
/* icmp.h - the one pair of ICMP sockets that all echo checks share.
 *
 * Floor 4 (checker). Raw sockets handed down by who may open them, else ping
 * sockets, else raw ones of our own; else echo checks end as `unknown` with the
 * reason. An answer belongs to the check whose random token it carries. One
 * loop's thread.
 */
#pragma once
#include "net/addr.h"
#include "net/loop.h"

struct icmp;
/* fd4, fd6: raw sockets to take, or -1. Never fails for want of privilege. */
NP_NODISCARD np_err icmp_new(struct loop *l, int fd4, int fd6, struct icmp **ret_icmp);
void icmp_free(struct icmp *i); /* NULL is fine */
bool icmp_can(const struct icmp *i, int family);

struct icmp_wait; /* one check that waits for an echo */
/* `err`: 0 an echo came; else EHOSTUNREACH or the like, from a router. */
typedef void (*icmp_fn)(void *ctx, int err);
NP_NODISCARD np_err icmp_wait_new(struct icmp *i, const struct addr *to, icmp_fn fn, void *ctx,
				  struct icmp_wait **ret_wait);
/* Send one more echo request. 0 or errno. */
int icmp_send(struct icmp_wait *w);
void icmp_wait_free(struct icmp_wait *w); /* NULL is fine */

/* Pure, for tests: what an arriving packet of that family says. Raw IPv4 has its IP header. */
struct icmp_heard {
	uint64_t token; /* 0: not told (an error that quotes too little) */
	uint16_t id, seq;
	int err; /* 0: echo reply */
};
bool icmp_parse(int family, bool raw, np_str packet, struct icmp_heard *ret);
