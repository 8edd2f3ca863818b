/* SPDX-License-Identifier: Apache-2.0 */
/* args.h - command lines: a table of options per subcommand, --help from the same table.
 *
 * Floor 1 (base). "--name VALUE", "--name=VALUE", "--flag", "--" and positions in
 * any order; no abbreviations, no option twice. Values point into argv.
 */
#pragma once
#include "base/buf.h"

struct arg_opt {
	const char *name;     /* long option without dashes */
	const char *meta;     /* "ADDR:PORT"; NULL: a flag */
	const char *help;     /* one line */
	const char *fallback; /* default text or NULL */
};
struct arg_spec {
	const char *usage; /* "netpulse up [options]" */
	const char *about; /* a few lines */
	const struct arg_opt *opts;
	size_t n;
	size_t min_pos, max_pos; /* positional arguments */
};
struct args;
/* NP_OK: go on. NP_E_CANCELED: --help was printed, exit 0. NP_E_INVAL: the sentence is in
 * *ret_why, exit 2. */
NP_NODISCARD np_err args_parse(const struct arg_spec *spec, int argc, char **argv,
			       struct args **ret_args, struct buf *ret_why);
void args_free(struct args *a);
const char *args_str(const struct args *a, const char *name); /* value, default or NULL */
bool args_flag(const struct args *a, const char *name);
size_t args_pos(const struct args *a, const char *const **ret_pos);
