/* SPDX-License-Identifier: Apache-2.0 */
/* sql.h - every SQL statement of the engine.
 *
 * Floor 4 (engine). Literals; what the parameters are stands beside each in sql.c.
 */
#pragma once
#include "base/np.h"

enum sql {
	/* a commit, in this order (txbuild.c) */
	SQL_LIMITS,
	SQL_FENCE,
	SQL_LOG,
	SQL_STATE,
	SQL_CHANGE,
	SQL_TIMER_DROP,
	SQL_TIMER_SET,
	SQL_INCIDENT_CHANGE,
	SQL_INCIDENT_OPEN,
	SQL_EVENT,
	SQL_PARENTS,
	SQL_TRUST,
	SQL_WINDOWS_CHANGED,
	SQL_WINDOWS,
	SQL_TALLY,
	SQL_JUDGE,
	SQL_TRUST_SET,
	SQL_NOTICE,
	SQL_NOTICE_AFTER,
	SQL_ASK,
	SQL_OUTCOME,
	SQL_REJECT,
	SQL_AUDIT,
	SQL_MEMBERSHIP,
	SQL_SNAPSHOT,
	SQL_SNAPSHOT_OLD,
	/* the keeper (keeper.c, load.c, feed.c) */
	SQL_TAKE,
	SQL_INHERIT,
	SQL_RENEW,
	SQL_RELEASE,
	SQL_ALIVE,
	SQL_LEAVE,
	SQL_SHARD,
	SQL_SNAPSHOT_NEWEST,
	SQL_TAIL,
	SQL_TAIL_ROWS,
	SQL_TAIL_BLOCK,
	SQL_SNAPSHOT_BEFORE,
	SQL_MONITORS,
	SQL_REVISION,
	SQL_MEMBERSHIPS,
	SQL_MEMBERSHIPS_RECENT,
	SQL_CHECKERS,
	SQL_CHANNELS,
	SQL_INBOX,
	SQL_GENS,
	SQL_SEEN,
	SQL_PARTITIONS,
	SQL_N
};
const char *sql_text(enum sql s);
