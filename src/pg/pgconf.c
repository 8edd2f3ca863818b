/* SPDX-License-Identifier: Apache-2.0 */
#include "pg/pgconf.h"

struct pg_conf pg_conf_from(const struct conf *c)
{
	return (struct pg_conf){
		.host = conf_str(c, "database.host"),
		.port = (uint16_t)conf_int(c, "database.port"),
		.name = conf_str(c, "database.name"),
		.user = conf_str(c, "database.user"),
		.password_file = conf_str(c, "database.password_file"),
		.root_file = conf_str(c, "database.root_file"),
		.cert_file = conf_str(c, "database.cert_file"),
		.key_file = conf_str(c, "database.key_file"),
	};
}
