/* SPDX-License-Identifier: Apache-2.0 */
/* store_channel.h - SQL around channels and their test notices.
 *
 * Floor 4 (web). The key that signs webhooks is written here and read by the
 * alerter alone. Worker thread.
 */
#pragma once
#include "web/req.h"

#define STC_CHANNELS_MAX 200 /* of one organisation */

struct stc_row {
	uint8_t id[16];
	np_str kind, name;
	np_str config; /* JSON without the secret */
	bool has_secret;
	np_str created_at, delivery; /* JSON text values; delivery "null" before the first */
	int64_t sent_7d, dead_7d;
};
/* All, by name; rows and their texts live in the arena. */
struct stc_list {
	struct stc_row *row;
	size_t n;
};
NP_NODISCARD np_err stc_list(struct wreq *q, struct pg_conn *c, struct stc_list *ret);
NP_NODISCARD np_err stc_read(struct wreq *q, struct pg_conn *c, const uint8_t id[16],
			     struct stc_row *ret);
struct stc_write {
	const char *kind;
	np_str name, config;
	np_str secret; /* "": keep (update), none (create) */
};
/* id is q->subject. NP_E_LIMIT: too many channels. */
NP_NODISCARD np_err stc_insert(struct wreq *q, struct pg_conn *c, const struct stc_write *w);
NP_NODISCARD np_err stc_update(struct wreq *q, struct pg_conn *c, const struct stc_write *w);
NP_NODISCARD np_err stc_delete(struct wreq *q, struct pg_conn *c);
/* Queue a test notice to q->subject: its number and key. */
NP_NODISCARD np_err stc_test(struct wreq *q, struct pg_conn *c, np_str body, int64_t *ret_notice,
			     uint8_t ret_key[16]);
/* JSON object of the first attempt, "" when there is none yet. */
NP_NODISCARD np_err stc_attempt(struct wreq *q, struct pg_conn *c, int64_t notice, np_str *ret);
