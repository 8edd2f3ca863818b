/* SPDX-License-Identifier: Apache-2.0 */
#include "web/limiter.h"

#include "base/crypt.h"

struct limiter {
	uint64_t seed; /* so that nobody can choose whom to collide with */
	struct {
		int64_t since_ms;
		uint32_t fails;
	} slot[LIMITER_SLOTS];
};

struct limiter *limiter_new(void)
{
	struct limiter *l = np_zalloc(sizeof *l);
	if (l)
		l->seed = rnd_u64();
	return l;
}

void limiter_free(struct limiter *l)
{
	free(l);
}

static size_t slot_of(const struct limiter *l, const struct addr *peer)
{
	uint64_t key = 0;
	if (peer && peer->u.sa.sa_family == AF_INET)
		key = peer->u.in.sin_addr.s_addr;
	else if (peer && peer->u.sa.sa_family == AF_INET6 &&
		 IN6_IS_ADDR_V4MAPPED(&peer->u.in6.sin6_addr))
		memcpy(&key, &peer->u.in6.sin6_addr.s6_addr[12], sizeof(uint32_t));
	else if (peer && peer->u.sa.sa_family == AF_INET6)
		memcpy(&key, &peer->u.in6.sin6_addr, sizeof key);
	return crypt_mix64(key ^ l->seed) % LIMITER_SLOTS;
}

int64_t limiter_wait_s(const struct limiter *l, const struct addr *peer, int64_t now_ms)
{
	size_t i = slot_of(l, peer);
	int64_t left = l->slot[i].since_ms + LIMITER_WINDOW_MS - now_ms;
	if (l->slot[i].fails < LIMITER_FAILS || left <= 0)
		return 0;
	return left / 1000 + 1;
}

void limiter_failed(struct limiter *l, const struct addr *peer, int64_t now_ms)
{
	size_t i = slot_of(l, peer);
	if (now_ms - l->slot[i].since_ms >= LIMITER_WINDOW_MS) {
		l->slot[i].since_ms = now_ms;
		l->slot[i].fails = 0;
	}
	l->slot[i].fails++;
}
