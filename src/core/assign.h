/* SPDX-License-Identifier: Apache-2.0 */
/* assign.h - which checker of a region runs a monitor: rendezvous hash.
 *
 * Floor 2 (core). Exactly one member; a member that leaves moves only its own
 * monitors, one that joins takes about 1/n of each. Any thread.
 */
#pragma once
#include "base/np.h"

/* Identity of a checker for the hash: fold its UUID once with asg_member_hash(). */
uint64_t asg_member_hash(const uint8_t uuid[16]);
/* Index of the chosen member in `member` (hashes), or -1 when n is 0. Independent of order. */
int asg_pick(uint64_t monitor, const uint64_t *member, size_t n);
/* As asg_pick, but `pinned` (a member hash, 0: none) wins while it is a member. */
int asg_pick_pinned(uint64_t monitor, const uint64_t *member, size_t n, uint64_t pinned);
