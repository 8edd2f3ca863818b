/* SPDX-License-Identifier: Apache-2.0 */
/* outbox.h - claiming notices and recording attempts: all SQL of the alerter.
 *
 * Floor 4 (alerter). A claim is a lease by state, never by number: sequence
 * order is not commit order. One transaction each; sending happens between.
 * A notice was never tried as long as it has no attempt and nobody leased it.
 */
#pragma once
#include "alerter/retry.h"
#include "base/arena.h"
#include "pg/pg.h"

#define OUTBOX_CLAIM_MAX 64
#define OUTBOX_LEASE_S 60 /* longer than any attempt */
#define OUTBOX_BUSY_MAX 4096
#define OUTBOX_DIGEST_MAX 200 /* notices in one digest */
#define OUTBOX_STORM_FREE 5   /* of a channel within 10 s go at once */

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
	np_str secret;       /* JSON object of what is secret, may be empty */
	np_str body;         /* JSON object made by the engine */
	int64_t created_us;
	uint32_t attempts; /* before this one */
	bool gone;         /* its channel was deleted meanwhile */
	bool was_down;     /* it also speaks for an `opened` that nobody tried to send */
	bool prior_dead;   /* the `opened` before it never got through */
};

struct claim {
	np_str owner;              /* name and incarnation of this alerter */
	const uint8_t (*busy)[16]; /* channels to leave alone */
	size_t n_busy;
	int64_t after_org; /* organisations take turns: this one had the last */
	size_t max;
};
/* For each notice claimed; its texts are borrowed until this returns. */
typedef void (*outbox_fn)(void *ctx, const struct notice *n);
/* Lease up to what->max notices: first in, first out per subject and channel, one per
 * organisation in turn. What another incarnation left claimed is uncertain from now on: it may
 * have been sent. */
NP_NODISCARD np_err outbox_claim(struct pg_conn *c, const struct claim *what, outbox_fn fn,
				 void *ctx, size_t *ret_n);
/* Before a claim: look at what is new (storms), let one notice speak for several where that is
 * the rule, put together the digests that are due. */
NP_NODISCARD np_err outbox_tidy(struct pg_conn *c);
/* At the start: leases of earlier incarnations of the alerter `name` end now. */
NP_NODISCARD np_err outbox_take_over(struct pg_conn *c, np_str name, np_str owner);

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
