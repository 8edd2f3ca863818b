/* SPDX-License-Identifier: Apache-2.0 */
/* Runs scenario files; one line a scenario, as cmocka prints them.
 * usage: scenarios [--only PART] FILE... */
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/str.h"
#include "core/scenario.h"

static void done(void *ctx, np_str name, bool good)
{
	(void)ctx;
	(void)printf("[ %s ] %.*s\n", good ? "      OK" : " FAILED ", NP_FMT(name));
}

static np_err run(const char *path, np_str only, struct scn_report *report, struct buf *out)
{
	NP_CLEANUP(buf_done) struct buf text;
	buf_init(&text, (size_t)4 << 20);
	np_err e = file_read(path, &text);
	if (e < 0) {
		(void)buf_printf(out, "%s: %s\n", path, np_err_text(e));
		return e;
	}
	const char *slash = strrchr(path, '/');
	const struct scn_file f = { .name = str_from_c(slash != NULL ? slash + 1 : path),
				    .text = buf_str(&text),
				    .only = only,
				    .done = done };
	e = scn_run_file(&f, report, out);
	if (e < 0)
		(void)buf_printf(out, "%s cannot be read\n", path);
	return e;
}

int main(int argc, char **argv)
{
	NP_CLEANUP(buf_done) struct buf out;
	struct scn_report report = { 0 };
	np_str only = { 0 };
	int bad = 0, from = 1;
	buf_init(&out, SCN_OUT_MAX);
	if (argc > 2 && strcmp(argv[1], "--only") == 0) {
		only = str_from_c(argv[2]);
		from = 3;
	}
	for (int i = from; i < argc; i++)
		bad += run(argv[i], only, &report, &out) < 0;
	(void)fprintf(stderr, "%s", buf_c(&out));
	(void)printf("%u scenarios, %u runs, %u checks, %u failed\n", report.scenarios, report.runs,
		     report.checks, report.failed);
	return bad > 0 || report.failed > 0;
}
