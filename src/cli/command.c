/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/command.h"

#include <curl/curl.h>
#include <unistd.h>

#include "base/str.h"

#define COLS_MAX 12
#define WIDTH_MAX 60

int command_run(const struct arg_spec *spec, bool with_api, int argc, char **argv,
		np_err (*work)(struct command *c))
{
	struct command c = { 0 };
	buf_init(&c.why, 16384);
	np_err e = args_parse(spec, argc, argv, &c.args, &c.why);
	bool usage = e < 0;
	if (e == NP_OK && with_api) {
		c.json = args_flag(c.args, "json");
		e = curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK
			    ? api_new(c.args, &c.api, &c.why)
			    : NP_E_NOMEM;
	}
	if (e == NP_OK)
		e = work(&c);
	bool fine = e == NP_OK || (usage && e == NP_E_CANCELED);
	if (!fine)
		(void)fprintf(stderr, "netpulse: %s\n",
			      c.why.n > 0 ? buf_c(&c.why) : np_err_text(e));
	api_free(c.api);
	args_free(c.args);
	buf_done(&c.why);
	if (!fine && !usage && c.status != 0)
		return c.status;
	return fine ? 0 : usage || e == NP_E_INVAL ? 2 : 1;
}

static int verbs_usage(const char *noun, const struct command_verb *verbs, size_t n, FILE *out,
		       int status)
{
	(void)fprintf(out, "usage: netpulse %s VERB [options]\n\n", noun);
	for (size_t i = 0; i < n; i++)
		(void)fprintf(out, "  %-8s %s\n", verbs[i].name, verbs[i].about);
	return status;
}

int command_verbs(const char *noun, const struct command_verb *verbs, size_t n, int argc,
		  char **argv)
{
	if (argc < 2)
		return verbs_usage(noun, verbs, n, stderr, 2);
	for (size_t i = 0; i < n; i++)
		if (strcmp(argv[1], verbs[i].name) == 0)
			return verbs[i].main(argc - 1, argv + 1);
	bool help = strcmp(argv[1], "--help") == 0;
	return verbs_usage(noun, verbs, n, help ? stdout : stderr, help ? 0 : 2);
}

void command_print_json(const json_t *j)
{
	(void)json_dumpf(j, stdout, JSON_ENCODE_ANY | (isatty(1) ? JSON_INDENT(2) : JSON_COMPACT));
	(void)putchar('\n');
}

static size_t print_safe(const char *text, size_t max)
{
	size_t n = 0;
	for (; text[n] != '\0' && n < max; n++)
		(void)putchar((unsigned char)text[n] < ' ' || text[n] == 0x7f ? '?' : text[n]);
	return n;
}

void command_print_pair(const char *key, const char *value)
{
	if (value == NULL)
		return;
	(void)printf("%-18s ", key);
	(void)print_safe(value, SIZE_MAX);
	(void)putchar('\n');
}

static void print_cell(const char *text, size_t width, bool last)
{
	static const char more[] = "...";
	bool cut = strlen(text) > WIDTH_MAX;
	size_t n = print_safe(text, cut ? WIDTH_MAX - strlen(more) : WIDTH_MAX);
	if (cut)
		n += (size_t)printf("%s", more);
	for (; !last && n < width + 2; n++)
		(void)putchar(' ');
}

static void print_row(const char *const *cells, const size_t *width, size_t cols)
{
	for (size_t i = 0; i < cols; i++)
		print_cell(cells[i], width[i], i + 1 == cols);
	(void)putchar('\n');
}

void command_print_table(const char *const *head, size_t cols, const char *const *cells,
			 size_t rows)
{
	size_t width[COLS_MAX] = { 0 };
	assert(cols <= COLS_MAX);
	for (size_t c = 0; c < cols; c++) {
		width[c] = strlen(head[c]);
		for (size_t r = 0; r < rows; r++) {
			size_t n = strlen(cells[r * cols + c]);
			n = n > WIDTH_MAX ? WIDTH_MAX : n;
			width[c] = n > width[c] ? n : width[c];
		}
	}
	print_row(head, width, cols);
	for (size_t r = 0; r < rows; r++)
		print_row(cells + r * cols, width, cols);
}
