/* SPDX-License-Identifier: Apache-2.0 */
/* owner.h - the owner's direct connection, for the few commands that need it.
 *
 * Floor 5. Reads a file with `database.*` (never through the pool).
 */
#pragma once
#include "base/conf.h"
#include "cli/command.h"
#include "pg/pg.h"

struct owner {
	struct conf *conf;
	struct pg_conn *db;
};
#define OWNER_PATH_MAX 4096
#define OWNER_OPT                                                                                  \
	{ "config", "FILE", "the owner's database connection (etc/migrate.yaml)", NULL },          \
	{                                                                                          \
		"data", "DIR", "the folder of `netpulse up`: its etc/migrate.yaml, and more", NULL \
	}
/* Connected and ready for `max_ms`. One sentence in c->why else. */
NP_NODISCARD np_err owner_open(struct command *c, int64_t max_ms, struct owner *ret);
void owner_close(struct owner *o);
