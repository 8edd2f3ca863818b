/* SPDX-License-Identifier: Apache-2.0 */
/* store_policy.h - SQL around policies and the definitions that they make.
 *
 * Floor 4 (web). In a transaction of the tenant. Worker thread.
 */
#pragma once
#include "web/derive.h"

#define STP_MONITORS_MAX 20000 /* of one change */

/* Until the end of the transaction: nobody else changes policies (all), or at least not
 * while a definition is written. Before any row is locked. */
NP_NODISCARD np_err stp_lock(struct wreq *q, struct pg_conn *c, bool all);
/* Fills d->pol and d->rules. */
NP_NODISCARD np_err stp_policies(struct wreq *q, struct pg_conn *c, struct derive *d);
NP_NODISCARD np_err stp_channel_names(struct pg_conn *c, json_t **ret);
/* How many ids of this array (NULL: none) are no channels of the organisation? */
NP_NODISCARD np_err stp_channels_missing(struct pg_conn *c, const json_t *ids, int64_t *ret);

struct stp_row {
	uint8_t id[16];
	np_str name, tag, rules; /* tag "": none */
	enum pol_scope scope;
	int32_t priority, version;
	np_str created_at, changed_at; /* JSON */
	int64_t monitors;              /* concerned */
};
struct stp_list {
	struct stp_row *row; /* in the arena */
	size_t n;
};
NP_NODISCARD np_err stp_list(struct wreq *q, struct pg_conn *c, struct stp_list *ret);
NP_NODISCARD np_err stp_read(struct wreq *q, struct pg_conn *c, const uint8_t id[16],
			     struct stp_row *ret);
/* id is q->subject. NP_E_EXISTS: the name, the tag or the organisation has one already. */
NP_NODISCARD np_err stp_insert(struct wreq *q, struct pg_conn *c, const struct stp_row *w);
NP_NODISCARD np_err stp_update(struct wreq *q, struct pg_conn *c, const struct stp_row *w);
NP_NODISCARD np_err stp_delete(struct wreq *q, struct pg_conn *c);

/* Monitors that a policy with this scope concerns, or did with its tag of before. */
struct stp_concern {
	enum pol_scope scope;
	np_str tag, old_tag;
	const uint8_t *id;
	bool lock;
};
/* (id, uuid, name, given, definition) by id. NP_E_LIMIT past STP_MONITORS_MAX. */
NP_NODISCARD np_err stp_concerned(struct pg_conn *c, const struct stp_concern *w,
				  struct pg_res **ret);
/* New definitions of these monitors: next revisions and their inbox rows. */
NP_NODISCARD np_err stp_redefine(struct wreq *q, struct pg_conn *c, np_str actor,
				 const struct pg_array ids_definitions[2]);
/* Does some monitor name the policy q->subject? */
NP_NODISCARD np_err stp_is_named(struct wreq *q, struct pg_conn *c, bool *ret);
