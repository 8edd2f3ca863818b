/* SPDX-License-Identifier: Apache-2.0 */
/* tap.h - what the engines publish, sorted by organisation.
 *
 * Floor 4 (web). Opens the seal, drops what an engine says about a shard that
 * it has lost, sees gaps, wakes the requests whose command was decided. Loop's
 * thread.
 */
#pragma once
#include "web/ctx.h"
#include "web/orgfeed.h"

#define TAP_ORGS_MAX 10000
#define TAP_INCARNATION_MAX 17

NP_NODISCARD struct tap *tap_new(struct web *w, const struct redis_conf *redis);
void tap_free(struct tap *f); /* no readers left; NULL is fine */
/* The feed of an organisation, made when it is not there. NULL: no memory. */
struct orgfeed *tap_org(struct tap *f, uint64_t org);
const char *tap_incarnation(const struct tap *f);
bool tap_is_up(const struct tap *f);     /* subscribed */
bool tap_is_behind(const struct tap *f); /* an engine cannot reach the database */

/* Pure part: what to do with a message that speaks for a shard. */
struct tap_shard {
	uint64_t token, live;
};
enum tap_verdict { TAP_TAKE, TAP_STALE, TAP_GAP };
enum tap_verdict tap_stamp(struct tap_shard *s, uint64_t token, uint64_t live);
