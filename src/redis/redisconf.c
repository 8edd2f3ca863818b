/* SPDX-License-Identifier: Apache-2.0 */
#include "redis/redisconf.h"

struct redis_conf redis_conf_from(const struct conf *c)
{
	return (struct redis_conf){
		.socket = conf_str(c, "redis.socket"),
		.user = conf_str(c, "redis.user"),
		.password_file = conf_str(c, "redis.password_file"),
	};
}
