/* SPDX-License-Identifier: Apache-2.0 */
/* outbox.h - claiming notices and recording attempts: all SQL of the alerter.
 *
 * Floor 4 (alerter). A claim is a lease by state, never by number: sequence
 * order is not commit order. One transaction each; sending happens between.
 */
#pragma once
#include "alerter/retry.h"
#include "base/arena.h"
#include "pg/pg.h"

#define OUTBOX_CLAIM_MAX 64
#define OUTBOX_LEASE_S 60 /* longer than any attempt */
#define OUTBOX_BUSY_MAX 256

struct notice {
	int64_t id;
	uint8_t key[16]; /* Idempotency-Key, Message-ID: the same on every repeat */
	uint8_t subject[16];
	uint8_t channel[16];
	int64_t org;
	bool private_ok;
	np_str kind;         /* opened, acknowledged, resolved, reminder, test … */
	np_str channel_kind; /* webhook, email */
	np_str config;       /* JSON */
	np_str secret;       /* signing key, may be empty */
	np_str body;         /* JSON object made by the engine */
	int64_t created_us;
	uint32_t attempts; /* before this one */
	bool gone;         /* its channel was deleted meanwhile */
};

struct claim {
	np_str owner;              /* name of this alerter */
	const uint8_t (*busy)[16]; /* channels to leave alone */
	size_t n_busy;
	size_t max;
};
/* Up to c->max notices in `ret`, texts in the arena; first in, first out per subject and channel,
 * one per organisation in turn. */
NP_NODISCARD np_err outbox_claim(struct pg_conn *c, const struct claim *what, struct arena *a,
				 struct notice *ret, size_t *ret_n);

struct attempt {
	const struct notice *notice;
	int64_t at_us, next_us; /* next_us: when it may be tried again */
	int32_t took_ms;
	enum outcome outcome;
	np_str answer; /* "HTTP 503", one line */
	uint8_t answer_sha256[32];
};
/* Attempt row and the notice's new state; a dead one also makes the notice to its channel's
 * fallback. */
NP_NODISCARD np_err outbox_record(struct pg_conn *c, const struct attempt *a);
