/* SPDX-License-Identifier: Apache-2.0 */
/* roles.h - which roles there are, their configuration files and how each is started.
 *
 * Floor 5. One table; the supervisor's only knowledge of what a role needs.
 */
#pragma once
#include "up/proc.h"

enum role { ROLE_CA, ROLE_GATEWAY, ROLE_ENGINE, ROLE_HISTORIAN, ROLE_ALERTER, ROLE_WEB, ROLE_N };

struct role_info {
	const char *name;    /* subcommand, file names */
	const char *db_user; /* PostgreSQL role and PgBouncer alias */
	int pool;            /* connections at most */
	const char *acl;     /* Redis rules, NULL: no access */
};
extern const struct role_info roles[ROLE_N];

/* Write DIR/etc/<role>.yaml for every role, and migrate.yaml for the owner's direct connection. */
NP_NODISCARD np_err roles_configure(const struct place *p, const struct up_options *o);
NP_NODISCARD np_err roles_configure_checker(const struct place *p, const struct up_options *o,
					    size_t region);
NP_NODISCARD np_err roles_start(struct procs *ps, enum role r);
NP_NODISCARD np_err roles_start_checker(struct procs *ps, const struct place *p,
					const struct up_options *o, size_t region);
