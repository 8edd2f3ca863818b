/* SPDX-License-Identifier: Apache-2.0 */
/* job.h - "check now" to the gateways, and nudges that something is to be read again.
 *
 * Floor 3 (wire). Any thread. Nudges only shorten a wait: who listens also polls.
 */
#pragma once
#include "internal.pb-c.h"
#include "wire/pballoc.h"
#include "wire/seal.h"

#define JOB_CHANNEL_MAX 32
#define JOB_REGISTRY_CHANNEL "np:registry"
#define JOB_INBOX_CHANNEL "np:inbox"   /* shard in decimal, not sealed */
#define JOB_OUTBOX_CHANNEL "np:outbox" /* "1", not sealed */

enum job_nudge {
	JOB_N_CHECKER = 1,
	JOB_N_MONITOR,
	JOB_N_MEMBERSHIP,
	JOB_N_BAN,
	JOB_N_CHANNEL,
	JOB_NUDGE_N
};

/* "np:jobs:3", NUL-terminated; yields the slice. */
np_str job_channel(uint32_t region, char ret[JOB_CHANNEL_MAX]);
NP_NODISCARD np_err job_put(const struct seal *s, const Np__I1__JobRecord *j, struct buf *out);
NP_NODISCARD np_err job_open(const struct seal *s, uint32_t region, np_str bytes, struct arena *a,
			     Np__I1__JobRecord **ret);
NP_NODISCARD np_err job_put_nudge(const struct seal *s, enum job_nudge what, struct buf *out);
NP_NODISCARD np_err job_open_nudge(const struct seal *s, np_str bytes, enum job_nudge *ret_what);
