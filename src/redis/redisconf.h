/* SPDX-License-Identifier: Apache-2.0 */
/* redisconf.h - the `redis.*` part of a role's configuration file.
 *
 * Floor 3 (redis). REDIS_CONF_ITEMS are rows for the role's table of conf items.
 */
#pragma once
#include "base/conf.h"
#include "redis/redis.h"

#define REDIS_CONF_ITEMS                                                         \
	{ .key = "redis.socket", .kind = CONF_STR, .required = true },           \
		{ .key = "redis.user", .kind = CONF_STR, .required = true },     \
	{                                                                        \
		.key = "redis.password_file", .kind = CONF_STR, .required = true \
	}

/* Borrowed from the conf, which must outlive every connection made of it. */
struct redis_conf redis_conf_from(const struct conf *c);
