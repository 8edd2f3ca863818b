/* SPDX-License-Identifier: Apache-2.0 */
/* pgconf.h - the `database.*` part of a role's configuration file.
 *
 * Floor 2 (pg). PG_CONF_ITEMS are rows for the role's table of conf items.
 */
#pragma once
#include "base/conf.h"
#include "pg/pg.h"

#define PG_CONF_ITEMS                                                           \
	{ .key = "database.host", .kind = CONF_STR, .required = true },         \
		{ .key = "database.port",                                       \
		  .kind = CONF_INT,                                             \
		  .min = 1,                                                     \
		  .max = 65535,                                                 \
		  .fallback = "5432" },                                         \
		{ .key = "database.name", .kind = CONF_STR, .required = true }, \
		{ .key = "database.user", .kind = CONF_STR, .required = true }, \
		{ .key = "database.password_file", .kind = CONF_STR },          \
		{ .key = "database.pool",                                       \
		  .kind = CONF_INT,                                             \
		  .min = 1,                                                     \
		  .max = 64,                                                    \
		  .fallback = "4" },                                            \
		{ .key = "database.root_file", .kind = CONF_STR },              \
		{ .key = "database.cert_file", .kind = CONF_STR },              \
	{                                                                       \
		.key = "database.key_file", .kind = CONF_STR                    \
	}

/* Borrowed from the conf, which must outlive every connection made of it. */
struct pg_conf pg_conf_from(const struct conf *c);
