/* SPDX-License-Identifier: Apache-2.0 */
/* liverow.h - one live event as the JSON of doc/contracts.md.
 *
 * Floor 4 (web). Plain copies of what the engines publish, without their
 * arena. Pure. Any thread.
 */
#pragma once
#include "base/buf.h"
#include "internal.pb-c.h"

struct liverow_result {
	uint8_t id[16];
	uint32_t region, attempt, duration_us;
	uint8_t status, cls;
	int64_t slot_us, end_us, received_us, folded_us;
};
struct liverow_state {
	uint8_t state, failing, assigned;
	bool partial, degraded;
	int64_t since_us;
	char *why; /* owned: free() */
};

void liverow_take_result(struct liverow_result *to, const Np__I1__LiveResult *r);
/* Replaces `to`; false on no memory (the sentence is then missing). */
bool liverow_take_state(struct liverow_state *to, const Np__I1__LiveState *s);

/* Append one element, without a comma. */
void liverow_put_result(const struct liverow_result *r, struct buf *out);
void liverow_put_state(const uint8_t id[16], const struct liverow_state *s, struct buf *out);
void liverow_put_incident(const Np__I1__LiveIncident *i, struct buf *out);
void liverow_put_change(const uint8_t id[16], bool removed, struct buf *out);
/* 'o', 'd', 'f', 'u' for enum res_status. */
char liverow_letter(uint32_t status);
