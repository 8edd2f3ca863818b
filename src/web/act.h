/* SPDX-License-Identifier: Apache-2.0 */
/* act.h - acts of people: the audit row, and the command to the owner of a shard.
 *
 * Floor 4 (web). Everything here is inserted in the transaction of the act; the
 * request then waits for the owner's decision. Worker thread.
 */
#pragma once
#include "web/req.h"

struct act_audit {
	const char *act; /* "monitor.create" */
	np_str subject;
	np_str before, after; /* JSON, "" for null */
};
NP_NODISCARD np_err act_audit(struct wreq *q, struct pg_conn *c, const struct act_audit *a);

struct act_command {
	const char *command; /* "define" */
	int64_t monitor;     /* number */
	int32_t shard;
	np_str body;   /* JSON object */
	wq_fn applied; /* writes the answer, in a later transaction; q->subject says of what */
};
/* Inserts the command under q->inbox and arranges the wait. */
NP_NODISCARD np_err act_send(struct wreq *q, struct pg_conn *c, const struct act_command *a);
/* Writes the command itself as answer: of q->inbox, or NP_E_NOTFOUND. */
NP_NODISCARD np_err act_show(struct wreq *q, struct pg_conn *c);
/* Handler of GET /api/v1/inbox/{}. */
np_err act_get(struct wreq *q, struct pg_conn *c);
