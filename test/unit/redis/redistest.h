/* SPDX-License-Identifier: Apache-2.0 */
/* redistest.h - what the tests of this room share. */
#pragma once
#include "unit/t.h"

#include "base/clock.h"
#include "base/str.h"
#include "lib/servers.h"
#include "redis/redis.h"

static inline int64_t soon(void)
{
	return clock_mono_ms() + T_PATIENCE_MS;
}

static inline struct redis_conf conf(void)
{
	return (struct redis_conf){ .socket = srv_path("redis.sock"),
				    .user = "np_admin",
				    .password_file = srv_path("np_admin.redis") };
}

static inline int ignore_sigpipe(void **state NP_UNUSED)
{
	const struct sigaction ignore = { .sa_handler = SIG_IGN };
	return sigaction(SIGPIPE, &ignore, NULL);
}

static inline struct redis *redis_up(void)
{
	struct redis_conf f = conf();
	struct redis *r = redis_new(&f);
	assert_non_null(r);
	if (redis_ready(r, soon()) != NP_OK)
		fail_msg("no connection: %s", redis_why(r));
	return r;
}

static inline np_err redis_say(struct redis *r, const char *a1, const char *a2, const char *a3)
{
	struct redis_args a;
	redis_args_init(&a, a1);
	if (a2 != NULL)
		redis_args_c(&a, a2);
	if (a3 != NULL)
		redis_args_c(&a, a3);
	return redis_cmd(r, &a, NULL);
}
