/* SPDX-License-Identifier: Apache-2.0 */
/* store_maintenance.h - SQL around maintenance.
 *
 * Floor 4 (web). In a transaction of the tenant. Worker thread.
 */
#pragma once
#include "web/req.h"

#define SMA_MAX 500 /* that live */

/* SQL: is the monitor of row `m` in the scope `x`? The same rule as the engine's, which never
 * holds a drill. */
#define SMA_CONCERNS(x, m)                                                                     \
	"(" m ".provenance <> 'drill' AND (" x "->'all' = 'true' OR " x "->'monitors' ? " m    \
	".uuid::text OR " m ".definition->'tags' ?| ARRAY(SELECT jsonb_array_elements_text(" x \
	"->'tags'))))"

struct sma_row {
	uint8_t id[16];
	np_str title, note, definition, scope, created_by; /* definition, scope: JSON */
	bool late;
	int64_t monitors;  /* concerned */
	np_str created_at; /* JSON */
};
struct sma_list {
	struct sma_row *row; /* in the arena */
	size_t n;
};
NP_NODISCARD np_err sma_list(struct wreq *q, struct pg_conn *c, struct sma_list *ret);
/* lock: until the end of the transaction. NP_E_NOTFOUND. */
NP_NODISCARD np_err sma_read(struct wreq *q, struct pg_conn *c, bool lock, struct sma_row *ret);
/* id is q->subject. NP_E_LIMIT past SMA_MAX. */
NP_NODISCARD np_err sma_insert(struct wreq *q, struct pg_conn *c, const struct sma_row *w);
NP_NODISCARD np_err sma_update(struct wreq *q, struct pg_conn *c, const struct sma_row *w);
NP_NODISCARD np_err sma_delete(struct wreq *q, struct pg_conn *c);
/* How many monitors a scope concerns, and how many that it names are not there. */
NP_NODISCARD np_err sma_scope(struct pg_conn *c, np_str scope, int64_t *ret_monitors,
			      int64_t *ret_missing);
