/* SPDX-License-Identifier: Apache-2.0 */
#include "core/assign.h"

#include "core/monitor.h"

uint64_t asg_member_hash(const uint8_t uuid[16])
{
	uint64_t h = 0;
	for (size_t i = 0; i < 16; i++)
		h = (h << 8 | h >> 56) ^ mon_hash(h + uuid[i]);
	h = mon_hash(h);
	return h != 0 ? h : 1; /* 0 means "none" */
}

/* Highest weight wins; equal weights (equal members) fall to the larger hash, so that
 * the order of the list never matters. */
int asg_pick(uint64_t monitor, const uint64_t *member, size_t n)
{
	assert(n <= INT32_MAX);
	uint64_t key = mon_hash(monitor), best = 0;
	int picked = -1;
	for (size_t i = 0; i < n; i++) {
		uint64_t weight = mon_hash(key ^ member[i]);
		if (picked < 0 || weight > best || (weight == best && member[i] > member[picked])) {
			best = weight;
			picked = (int)i;
		}
	}
	return picked;
}

int asg_pick_pinned(uint64_t monitor, const uint64_t *member, size_t n, uint64_t pinned)
{
	for (size_t i = 0; pinned != 0 && i < n; i++)
		if (member[i] == pinned)
			return (int)i;
	return asg_pick(monitor, member, n);
}
