/* SPDX-License-Identifier: Apache-2.0 */
#include "base/args.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/str.h"

struct args {
	const struct arg_spec *spec;
	const char **values; /* one per option; NULL: not given; a flag: its own name */
	const char **pos;
	size_t pos_n;
};

void args_free(struct args *a)
{
	if (!a)
		return;
	free((void *)a->values);
	free((void *)a->pos);
	free(a);
}

static void args_free_p(struct args **a)
{
	args_free(np_take(*a));
}

/* Index of an option, or spec->n. */
static size_t find(const struct arg_spec *spec, np_str name)
{
	size_t i = 0;
	while (i < spec->n && !str_eq_c(name, spec->opts[i].name))
		i++;
	return i;
}

/* Width of "--name META" as printed. */
static int left_width(const struct arg_opt *o)
{
	size_t n = 2 + str_from_c(o->name).n + (o->meta ? 1 + str_from_c(o->meta).n : 0);
	return n < 40 ? (int)n : 40;
}

static void print_help(const struct arg_spec *spec)
{
	int width = (int)sizeof "--help" - 1;
	for (size_t i = 0; i < spec->n; i++)
		if (left_width(&spec->opts[i]) > width)
			width = left_width(&spec->opts[i]);
	(void)printf("usage: %s\n", spec->usage);
	if (spec->about)
		(void)printf("\n%s\n", spec->about);
	(void)printf("\noptions:\n");
	for (size_t i = 0; i < spec->n; i++) {
		const struct arg_opt *o = &spec->opts[i];
		(void)printf("  --%s%s%s%*s  %s", o->name, o->meta ? " " : "",
			     o->meta ? o->meta : "", width - left_width(o), "", o->help);
		if (o->fallback)
			(void)printf(" (default: %s)", o->fallback);
		(void)printf("\n");
	}
	(void)printf("  --help%*s  print this and exit\n", width - 6, "");
}

/* One "--name", "--name=value" or "--name value"; *i moves past a value of its own. */
static np_err take_option(struct args *a, int argc, char **argv, int *i, struct buf *ret_why)
{
	np_str name;
	np_str rest;
	np_str word = str_from_c(argv[*i]);
	bool has_value = str_cut(str_sub(word, 2, word.n), '=', &name, &rest);
	size_t k = find(a->spec, name);
	if (k == a->spec->n) {
		(void)buf_printf(ret_why, "unknown option --%.*s; --help lists what there is",
				 NP_FMT(name));
		return NP_E_INVAL;
	}
	const struct arg_opt *o = &a->spec->opts[k];
	const char *wrong = a->values[k]            ? "is given twice"
			    : !o->meta && has_value ? "takes no value"
						    : NULL;
	if (!wrong && o->meta && !has_value && *i + 1 >= argc)
		wrong = "needs a value";
	if (wrong) {
		(void)buf_printf(ret_why, "option --%s %s", o->name, wrong);
		return NP_E_INVAL;
	}
	if (!o->meta)
		a->values[k] = o->name;
	else
		a->values[k] = has_value ? argv[*i] + 2 + name.n + 1 : argv[++*i];
	return NP_OK;
}

static np_err check_positions(const struct args *a, struct buf *ret_why)
{
	const struct arg_spec *spec = a->spec;
	if (a->pos_n < spec->min_pos)
		(void)buf_printf(ret_why, "an argument is missing; usage: %s", spec->usage);
	else if (a->pos_n > spec->max_pos)
		(void)buf_printf(ret_why, "unexpected argument \"%s\"; usage: %s",
				 a->pos[spec->max_pos], spec->usage);
	else
		return NP_OK;
	return NP_E_INVAL;
}

static np_err walk(struct args *a, int argc, char **argv, struct buf *ret_why)
{
	bool only_positions = false;
	for (int i = 1; i < argc; i++) {
		np_str word = str_from_c(argv[i]);
		np_err e = NP_OK;
		if (only_positions || !str_starts(word, NP_STR("-")) || word.n == 1) {
			a->pos[a->pos_n++] = argv[i];
		} else if (str_eq_c(word, "--")) {
			only_positions = true;
		} else if (str_eq_c(word, "--help") || str_eq_c(word, "-h")) {
			print_help(a->spec);
			return NP_E_CANCELED;
		} else if (str_starts(word, NP_STR("--"))) {
			e = take_option(a, argc, argv, &i, ret_why);
		} else {
			(void)buf_printf(ret_why, "unknown option %s; --help lists what there is",
					 argv[i]);
			e = NP_E_INVAL;
		}
		if (e < 0)
			return e;
	}
	return check_positions(a, ret_why);
}

np_err args_parse(const struct arg_spec *spec, int argc, char **argv, struct args **ret_args,
		  struct buf *ret_why)
{
	assert(argc >= 1);
	NP_CLEANUP(args_free_p) struct args *a = np_zalloc(sizeof *a);
	if (!a)
		return NP_E_NOMEM;
	a->spec = spec;
	a->values = np_calloc(spec->n, sizeof *a->values);
	a->pos = np_calloc((size_t)argc, sizeof *a->pos);
	if (!a->values || !a->pos)
		return NP_E_NOMEM;
	np_err e = walk(a, argc, argv, ret_why);
	if (e == NP_OK)
		*ret_args = np_take(a);
	return e;
}

const char *args_str(const struct args *a, const char *name)
{
	size_t k = find(a->spec, str_from_c(name));
	assert(k < a->spec->n);
	return a->values[k] ? a->values[k] : a->spec->opts[k].fallback;
}

bool args_flag(const struct args *a, const char *name)
{
	size_t k = find(a->spec, str_from_c(name));
	assert(k < a->spec->n && !a->spec->opts[k].meta);
	return a->values[k] != NULL;
}

size_t args_pos(const struct args *a, const char *const **ret_pos)
{
	*ret_pos = (const char *const *)a->pos;
	return a->pos_n;
}
