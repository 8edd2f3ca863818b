/* SPDX-License-Identifier: Apache-2.0 */
#include "ca/brake.h"

#include "base/crypt.h"

static size_t slot_of(const struct addr *peer)
{
	uint64_t key = 0;
	if (peer->u.sa.sa_family == AF_INET6)
		memcpy(&key, peer->u.in6.sin6_addr.s6_addr, sizeof key); /* its /64 */
	if (peer->u.sa.sa_family == AF_INET6 && IN6_IS_ADDR_V4MAPPED(&peer->u.in6.sin6_addr))
		memcpy(&key, peer->u.in6.sin6_addr.s6_addr + 8, sizeof key);
	else if (peer->u.sa.sa_family == AF_INET)
		key = peer->u.in.sin_addr.s_addr;
	return crypt_mix64(key) % BRAKE_SLOTS;
}

static uint32_t refused_now(const struct brake_slot *s, int64_t now_ms)
{
	int64_t forgiven = (now_ms - s->at_ms) / BRAKE_REFILL_MS;
	return forgiven >= s->refused ? 0 : s->refused - (uint32_t)forgiven;
}

int64_t brake_wait_s(const struct brake *b, const struct addr *peer, int64_t now_ms)
{
	uint32_t n = refused_now(&b->slots[slot_of(peer)], now_ms);
	if (n < BRAKE_BURST)
		return 0;
	return ((int64_t)(n - BRAKE_BURST + 1) * BRAKE_REFILL_MS + NP_SEC_MS - 1) / NP_SEC_MS;
}

void brake_refused(struct brake *b, const struct addr *peer, int64_t now_ms)
{
	struct brake_slot *s = &b->slots[slot_of(peer)];
	uint32_t n = refused_now(s, now_ms);
	s->refused = n < 2 * BRAKE_BURST ? n + 1 : n;
	s->at_ms = now_ms;
}
