/* SPDX-License-Identifier: Apache-2.0 */
/* `netpulse scenario FILE...`: stories about a monitor, told to the real rules. Needs no server. */
#include "base/file.h"
#include "base/str.h"
#include "cli/cli.h"
#include "cli/command.h"
#include "core/scenario.h"

#define TEXT_MAX ((size_t)4 << 20)

static const struct arg_opt opts[] = {
	{ "only", "TEXT", "only scenarios with this in their name", NULL },
};
static const struct arg_spec spec = {
	.usage = "netpulse scenario FILE... [options]",
	.about = "Play scenarios: what regions see, what people do, and what must be true when.\n"
		 "doc/scenarios.md explains the notation. Exit code 1 when something is not true.",
	.opts = opts,
	.n = NP_LEN(opts),
	.min_pos = 1,
	.max_pos = 64,
};

static void done(void *ctx NP_UNUSED, np_str name, bool good)
{
	(void)printf("%-6s %.*s\n", good ? "ok" : "FAILED", NP_FMT(name));
}

static np_err play(struct command *c, const char *path, struct scn_report *report, struct buf *out)
{
	NP_CLEANUP(buf_done) struct buf text;
	buf_init(&text, TEXT_MAX);
	np_err e = file_read(path, &text);
	if (e < 0) {
		(void)buf_printf(&c->why, "%s: %s", path, np_err_text(e));
		return e;
	}
	const char *only = args_str(c->args, "only");
	const struct scn_file f = { .name = str_from_c(path),
				    .text = buf_str(&text),
				    .only = str_from_c(only),
				    .done = done };
	size_t before = out->n;
	e = scn_run_file(&f, report, out);
	if (e < 0) {
		np_str why = { buf_c(out) + before, out->n - before };
		if (why.n > 0 && why.p[why.n - 1] == '\n')
			why.n--;
		(void)buf_printf(&c->why, "%s cannot be read: %.*s", path, NP_FMT(why));
	}
	return e;
}

static np_err work(struct command *c)
{
	NP_CLEANUP(buf_done) struct buf out;
	struct scn_report report = { 0 };
	const char *const *pos;
	size_t n = args_pos(c->args, &pos);
	np_err e = NP_OK;
	buf_init(&out, SCN_OUT_MAX);
	for (size_t i = 0; e == NP_OK && i < n; i++)
		e = play(c, pos[i], &report, &out);
	if (e < 0)
		return e;
	(void)printf("%s%u scenarios, %u runs, %u checks, %u failed\n", buf_c(&out),
		     report.scenarios, report.runs, report.checks, report.failed);
	if (report.scenarios == 0) {
		(void)buf_add_c(&c->why, "no scenario was played: --only fits none of their names");
		return NP_E_INVAL;
	}
	if (report.failed == 0)
		return NP_OK;
	(void)buf_printf(&c->why, "%u of %u scenarios failed", report.failed, report.scenarios);
	return NP_E_AGAIN;
}

int cli_scenario_main(int argc, char **argv)
{
	return command_run(&spec, false, argc, argv, work);
}
