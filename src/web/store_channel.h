/* SPDX-License-Identifier: Apache-2.0 */
/* store_channel.h - SQL around channels and their test notices.
 *
 * Floor 4 (web). The key that signs webhooks is written here and read by the
 * alerter alone. Worker thread.
 */
#pragma once
#include "web/page.h"

#define STC_CHANNELS_MAX 200 /* of one organisation */

struct stc_row {
	uint8_t id[16];
	np_str kind, name;
	np_str config;               /* JSON without what is secret */
	np_str secret;               /* JSON object of the rest: only to be masked */
	np_str created_at, delivery; /* JSON text values; delivery "null" before the first */
	np_str fallback;             /* JSON: id or null */
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
	np_str secret; /* JSON object: what it names is replaced, null forgets; "": nothing */
	bool set_fallback, has_fallback;
	uint8_t fallback[16];
};
/* id is q->subject. NP_E_LIMIT: too many channels. NP_E_NOTFOUND: no such fallback. */
NP_NODISCARD np_err stc_insert(struct wreq *q, struct pg_conn *c, const struct stc_write *w);
NP_NODISCARD np_err stc_update(struct wreq *q, struct pg_conn *c, const struct stc_write *w);
/* Who needs it: rotas, policies, monitors and channels that name it: `rota "Week", monitor "api"`
 * and how many more; "" = nobody. */
NP_NODISCARD np_err stc_needed(struct wreq *q, struct pg_conn *c, np_str *ret_who);
NP_NODISCARD np_err stc_delete(struct wreq *q, struct pg_conn *c);
/* Queue a test notice to q->subject: its number and key. */
NP_NODISCARD np_err stc_test(struct wreq *q, struct pg_conn *c, np_str body, int64_t *ret_notice,
			     uint8_t ret_key[16]);
/* Notices of q->subject with their attempts, newest first: (json, id, "") for page_write. */
NP_NODISCARD np_err stc_notices(struct wreq *q, struct pg_conn *c, const struct page *p,
				struct pg_res **ret);
/* JSON object of the first attempt, "" when there is none yet. */
NP_NODISCARD np_err stc_attempt(struct wreq *q, struct pg_conn *c, int64_t notice, np_str *ret);
