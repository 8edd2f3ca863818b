/* SPDX-License-Identifier: Apache-2.0 */
/* command.h - what every command does around its work: options, API, exit code.
 *
 * Floor 5.
 */
#pragma once
#include "cli/api.h"

struct command {
	struct args *args;
	struct api *api; /* NULL when the command does not use it */
	bool json;
	struct buf why;
	int status; /* exit code of a failure, when it is not the usual one; else 0 */
};

/* Parse, connect to the API when `with_api`, run, say what went wrong, clean up. */
int command_run(const struct arg_spec *spec, bool with_api, int argc, char **argv,
		np_err (*work)(struct command *c));

/* Subcommands ("monitor add"): cut the word and dispatch. */
struct command_verb {
	const char *name, *about;
	int (*main)(int argc, char **argv);
};
int command_verbs(const char *noun, const struct command_verb *verbs, size_t n, int argc,
		  char **argv);

/* JSON, pretty on a terminal, one line else. */
void command_print_json(const json_t *j);
/* `key  value`, made safe for a terminal as below; NULL value prints nothing. */
void command_print_pair(const char *key, const char *value);
/* A table: column widths from the content; control characters become '?', so that no name can
 * move the cursor. Cells are row by row. */
void command_print_table(const char *const *head, size_t cols, const char *const *cells,
			 size_t rows);
