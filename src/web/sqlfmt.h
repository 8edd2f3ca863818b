/* SPDX-License-Identifier: Apache-2.0 */
/* sqlfmt.h - pieces of SQL text that several statements share.
 *
 * Floor 4 (web). Literals only: nothing that a person sent is ever part of SQL text.
 */
#pragma once

/* A timestamptz as RFC 3339 UTC with µs, whatever the session's time zone is. */
#define SQL_TIME(x) "to_char(" x " AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')"
/* JSON array of a notice's attempts, oldest first. */
#define SQL_ATTEMPTS(id)                                                                           \
	"(SELECT coalesce(json_agg(json_build_object('n', a.n, 'at', " SQL_TIME(                   \
		"a.at") ","                                                                        \
			" 'duration_ms', a.duration_ms, 'outcome', a.outcome, 'answer', a.answer)" \
			" ORDER BY a.n), '[]') FROM np.notice_attempt a WHERE a.notice_id = " id   \
			")"
