/* SPDX-License-Identifier: Apache-2.0 */
/* role.h - how every role starts: arguments, configuration file, log level, then its work.
 *
 * Floor 1 (base). One line of the log says why it could not. Main thread.
 */
#pragma once
#include "base/args.h"
#include "base/conf.h"

/* Key that every role's table has. */
#define ROLE_CONF_ITEMS                                                  \
	{                                                                \
		.key = "log.level", .kind = CONF_STR, .fallback = "info" \
	}

struct role {
	const char *name;            /* "engine": of the log and of events <name>.failed */
	const struct arg_spec *spec; /* has the option "config" */
	const struct conf_item *items;
	size_t items_n;
	/* Runs until it is told to stop. On failure the sentence is in *ret_why, if there is one. */
	np_err (*serve)(const struct args *args, const struct conf *c, struct buf *ret_why);
};

/* Exit status: 0 ended as asked (or printed --help), 1 failed, 2 not started as it is meant. */
int role_main(const struct role *r, int argc, char **argv);
