/* SPDX-License-Identifier: Apache-2.0 */
/* `netpulse join`: this machine becomes a checker. Its key is made here and never leaves. */
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/str.h"
#include "cli/cli.h"
#include "cli/command.h"
#include "net/enrol.h"

#define JOIN_MS 30000

static const struct arg_opt opts[] = {
	{ "token", "@FILE|-", "the join token: from a file, or - for standard input", NULL },
	{ "dir", "DIR", "where key and certificate are kept", NULL },
};
static const struct arg_spec spec = {
	.usage = "netpulse join --token @FILE|- --dir DIR",
	.about = "Enrol this machine as a checker. The token says where, for which region, and\n"
		 "which root to believe; it never stands on a command line.",
	.opts = opts,
	.n = NP_LEN(opts),
};

struct join {
	struct loop *loop;
	struct buf *why;
	np_err err;
	bool done;
};

static void on_enrolled(void *ctx, np_err e, const char *why)
{
	struct join *j = ctx;
	j->err = e;
	j->done = true;
	if (e < 0)
		(void)buf_add_c(j->why, why);
	loop_stop(j->loop);
}

static void on_late(void *ctx)
{
	loop_stop(((struct join *)ctx)->loop);
}

static np_err read_token(const char *from, struct buf *text, struct buf *why)
{
	if (from != NULL && from[0] == '@' && from[1] != '\0') {
		np_err e = file_read(from + 1, text);
		if (e < 0)
			(void)buf_printf(why, "cannot read %s: %s", from + 1, np_err_text(e));
		return e;
	}
	if (from == NULL || strcmp(from, "-") != 0) {
		(void)buf_add_c(
			why,
			"--token @FILE or --token - is needed; a token on the command line could "
			"be read by everybody on this machine");
		return NP_E_INVAL;
	}
	char chunk[512];
	for (ssize_t n; (n = read(0, chunk, sizeof chunk)) > 0;)
		if (buf_add(text, (np_str){ chunk, (size_t)n }) < 0)
			return NP_E_LIMIT;
	return NP_OK;
}

static np_err enrol(struct join *j, const char *dir, const struct token *t)
{
	struct enrol *under_way = NULL;
	struct loop_timer *late = loop_timer_new(j->loop, on_late, j);
	if (late == NULL)
		return NP_E_NOMEM;
	loop_timer_at(late, clock_mono_ms() + JOIN_MS);
	const struct enrol_cfg cfg = { .dir = dir, .fn = on_enrolled, .ctx = j };
	np_err e = enrol_join(j->loop, &cfg, t, &under_way);
	if (e == NP_OK)
		e = loop_run(j->loop);
	loop_timer_free(late);
	if (e == NP_OK && !j->done) {
		enrol_cancel(under_way);
		(void)buf_printf(
			j->why,
			"no answer from %s within %d s: is the address reachable from here?",
			t->addr, JOIN_MS / 1000);
		return NP_E_TIMEOUT;
	}
	return e < 0 ? e : j->err;
}

static np_err work(struct command *c)
{
	NP_CLEANUP(token_done) struct token t;
	NP_CLEANUP(buf_done) struct buf text;
	struct join j = { .why = &c->why };
	const char *dir = args_str(c->args, "dir");
	memset(&t, 0, sizeof t);
	buf_init(&text, TOKEN_TEXT_MAX + 16);
	if (dir == NULL) {
		(void)buf_add_c(&c->why,
				"--dir DIR is needed: where this checker keeps its key and spool");
		return NP_E_INVAL;
	}
	np_err e = read_token(args_str(c->args, "token"), &text, &c->why);
	if (e == NP_OK && (e = token_parse(buf_str(&text), &t)) < 0)
		(void)buf_add_c(&c->why,
				"this is no join token; make one with `netpulse token create`");
	if (e == NP_OK && (e = file_mkdirs(dir, 0700)) < 0)
		(void)buf_printf(&c->why, "cannot make %s: %s", dir, np_err_text(e));
	if (e < 0)
		return e;
	j.loop = loop_new(NULL);
	if (j.loop == NULL)
		return NP_E_NOMEM;
	e = enrol(&j, dir, &t);
	loop_free(j.loop);
	if (e == NP_OK)
		(void)printf(
			"enrolled in region %s; start it with `netpulse checker --config FILE`\n",
			t.region);
	return e;
}

int cli_join_main(int argc, char **argv)
{
	return command_run(&spec, false, argc, argv, work);
}
