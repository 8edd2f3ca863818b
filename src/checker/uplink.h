/* SPDX-License-Identifier: Apache-2.0 */
/* uplink.h - the checker's one way to the gateways: connect, report, obey.
 *
 * Floor 4 (checker). Keeps one link up, tries the gateways in turn with jittered
 * delays, renews the certificate at its half-life and moves to a link under the
 * new one without dropping the old before WELCOME. One loop's thread.
 */
#pragma once
#include "base/metrics.h"
#include "checker/spool.h"
#include "net/enrol.h"
#include "results.pb-c.h"

#define UPLINK_BACKOFF_MIN_MS 200
#define UPLINK_BACKOFF_MAX_MS 15000
#define UPLINK_BANNED_MS 60000

struct uplink;
struct uplink_cfg {
	struct loop *loop;
	const char *dir; /* identity folder */
	struct enrol_identity id;
	struct spool *spool;
	int64_t backoff_max_ms; /* 0: UPLINK_BACKOFF_MAX_MS */
	struct metrics *metrics;
	void (*assign)(void *ctx, const Np__V1__Assign *m);
	void (*job)(void *ctx, const Np__V1__Job *m);
	uint64_t (*generation)(void *ctx); /* of the assignment held; 0: none */
	void *ctx;
};
NP_NODISCARD np_err uplink_new(const struct uplink_cfg *cfg, struct uplink **ret_uplink,
			       struct buf *ret_why);
void uplink_free(struct uplink *u); /* NULL is fine */
bool uplink_is_up(const struct uplink *u);
void uplink_more(struct uplink *u); /* the spool has something */
void uplink_slow(struct uplink *u, uint32_t shard, uint64_t monitor, int64_t slot_us,
		 uint32_t attempt);
/* Everything that is known is sent and answered? */
bool uplink_is_done(const struct uplink *u);
void uplink_reload(struct uplink *u); /* the identity's files changed */
