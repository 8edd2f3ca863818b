/* SPDX-License-Identifier: Apache-2.0 */
/* pgtest.h - connections of the tests of this room. */
#pragma once
#include "unit/t.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/str.h"
#include "lib/servers.h"
#include "pg/pg.h"

static inline int64_t soon(void)
{
	return clock_mono_ms() + T_PATIENCE_MS;
}

static inline struct pg_conf conf_direct(void)
{
	return (struct pg_conf){ .host = srv_path(""),
				 .port = 5432,
				 .name = "netpulse",
				 .user = "np_admin",
				 .password_file = srv_path("np_admin.db") };
}

static inline struct pg_conf conf_pooled(void)
{
	return (struct pg_conf){ .host = srv_path(""),
				 .port = 6432,
				 .name = "np_web",
				 .user = "np_web",
				 .password_file = srv_path("np_web.db") };
}

static inline struct pg_conn *conn_up(const struct pg_conf *conf)
{
	struct pg_conn *c = pg_conn_new(conf);
	assert_non_null(c);
	if (pg_conn_ready(c, soon()) != NP_OK)
		fail_msg("no connection: %s", pg_conn_error(c)->message);
	return c;
}

static inline void run(struct pg_conn *c, const char *sql)
{
	if (pg_exec(c, sql, NULL, NULL) != NP_OK)
		fail_msg("%s: %s", sql, pg_conn_error(c)->message);
}

static inline int64_t ask_i64(struct pg_conn *c, const char *sql)
{
	struct pg_res *r = NULL;
	int64_t v;
	if (pg_exec(c, sql, NULL, &r) != NP_OK)
		fail_msg("%s: %s", sql, pg_conn_error(c)->message);
	v = pg_res_i64(r, 0, 0);
	pg_res_free(r);
	return v;
}
