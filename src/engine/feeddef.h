/* SPDX-License-Identifier: Apache-2.0 */
/* feeddef.h - definitions of monitors, read as inputs.
 *
 * Floor 4 (engine). Blocking; the keeper's thread. What is read lives in the message.
 */
#pragma once
#include "engine/msg.h"
#include "pg/pg.h"

/* Definitions of a loaded shard that are newer than what it knows. */
NP_NODISCARD np_err feeddef_monitors(struct pg_conn *c, const struct shard *s, struct msg *rows);
/* The newest definitions of what a shard asked for. */
NP_NODISCARD np_err feeddef_wanted(struct pg_conn *c, const struct msg *want, struct msg *rows);
/* One revision (0: the newest) as one more row; *ret stays the row's. NP_E_NOTFOUND: no such. */
NP_NODISCARD np_err feeddef_one(struct pg_conn *c, const struct msg_want *want, struct msg *rows,
				Np__I1__DefinitionInput **ret);

/* A column's text, NUL-terminated, or id, copied into the message; {0} or NULL: no memory. */
char *feeddef_text(struct msg *m, np_str s);
ProtobufCBinaryData feeddef_uuid(struct msg *m, const struct pg_res *res, size_t row, size_t col);
