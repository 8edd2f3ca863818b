/* SPDX-License-Identifier: Apache-2.0 */
/* sqlfmt.h - pieces of SQL text that several statements share.
 *
 * Floor 4 (web). Literals only: nothing that a person sent is ever part of SQL text.
 */
#pragma once

/* A timestamptz as RFC 3339 UTC with µs, whatever the session's time zone is. */
#define SQL_TIME(x) "to_char(" x " AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')"
