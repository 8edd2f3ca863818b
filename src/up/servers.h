/* SPDX-License-Identifier: Apache-2.0 */
/* servers.h - the private PostgreSQL, PgBouncer and Redis: files, start, readiness.
 *
 * Floor 5. Unix sockets in DIR/run only, SCRAM and ACL passwords, binaries by
 * full path. Servers that the machine already runs are never touched. Each
 * function is one step of the boot; *ret_why gets a sentence on failure.
 */
#pragma once
#include "up/roles.h"

#define SERVERS_PG_BIN "/usr/lib/postgresql/15/bin/"
#define SERVERS_PG_MAJOR "15"
#define SERVERS_BOUNCER "/usr/sbin/pgbouncer"
#define SERVERS_REDIS "/usr/bin/redis-server"
#define SERVERS_WAIT_MS 60000

struct pg_conn;
/* Are the packages there, is DIR's database of this version? */
NP_NODISCARD np_err servers_check(const struct place *p, struct buf *ret_why);
/* initdb at first start, then run it until it answers; database `netpulse` exists afterwards. */
NP_NODISCARD np_err servers_postgres(struct procs *ps, const struct place *p, struct buf *ret_why);
/* After the migrations: each role's password, then PgBouncer with one alias per role. */
NP_NODISCARD np_err servers_bouncer(struct procs *ps, const struct place *p, struct buf *ret_why);
NP_NODISCARD np_err servers_redis(struct procs *ps, const struct place *p, struct buf *ret_why);
/* Wait (turning the loop is the caller's `turn`) until a Unix socket in DIR accepts. */
NP_NODISCARD np_err servers_wait_socket(struct procs *ps, const struct place *p, const char *sub,
					const char *name, struct buf *ret_why);
