/* SPDX-License-Identifier: Apache-2.0 */
/* store.h - what the gateway reads from PostgreSQL, and the one thing it writes.
 *
 * Floor 4 (gateway). Blocking: on a worker. Reads are what changed since a
 * transaction number: rows with changed_xid >= since, where `since` is the
 * snapshot's xmin of the read before; some rows come twice, none is missed.
 */
#pragma once
#include "gateway/world.h"
#include "pg/pg.h"

#define STORE_XID_MAX 24
#define STORE_ROWS_MAX 1000000

struct store_rows {
	struct world_region_row *regions;
	struct world_checker_row *checkers;
	struct world_membership_row *memberships;
	struct gw_monitor **monitors; /* NULL entries are gone into the world */
	uint64_t *gone;         /* monitors that nobody is to run: deleted, paused, unreadable */
	uint64_t *private_orgs; /* ascending, whole */
	size_t n_regions, n_checkers, n_memberships, n_monitors, n_gone, n_private;
	size_t unreadable; /* definitions that made no sense: counted */
};
void store_rows_free(struct store_rows *r); /* NULL is fine */

/* Text of the oldest transaction that still runs: the next `since`. */
NP_NODISCARD np_err store_xmin(struct pg_conn *c, char ret_xid[STORE_XID_MAX]);
NP_NODISCARD np_err store_read(struct pg_conn *c, const char *since, struct store_rows *ret);
NP_NODISCARD np_err store_serial_used(struct pg_conn *c, uint64_t checker, const char *serial);
