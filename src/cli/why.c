/* SPDX-License-Identifier: Apache-2.0 */
#include "base/clock.h"
#include "base/str.h"
#include "cli/cli.h"
#include "cli/command.h"

static const struct arg_opt opts[] = {
	API_OPTS,
	{ "at", "TIME", "a moment in the past (RFC 3339)", NULL },
};
static const struct arg_spec spec = {
	.usage = "netpulse why MONITOR [options]",
	.about = "Why there is an alert, or none: one sentence.",
	.opts = opts,
	.n = NP_LEN(opts),
	.min_pos = 1,
	.max_pos = 1,
};

static np_err ask(struct command *c, const json_t *monitor, json_t **ret)
{
	char path[API_PATH_MAX], at[CLOCK_RFC3339_MAX];
	const char *when = args_str(c->args, "at");
	int64_t us = 0;
	if (when == NULL) {
		(void)snprintf(path, sizeof path, "/api/v1/monitors/%s/why",
			       api_text(monitor, "id"));
	} else if (clock_from_rfc3339(str_from_c(when), &us) == NP_OK) {
		(void)clock_rfc3339(us, at);
		(void)snprintf(path, sizeof path, "/api/v1/monitors/%s/why?at=%s",
			       api_text(monitor, "id"), at);
	} else {
		(void)buf_printf(&c->why, "--at %s: want a time such as 2026-03-01T12:00:00Z",
				 when);
		return NP_E_INVAL;
	}
	return api_call(c->api, &(struct api_request){ "GET", path, NULL }, ret, &c->why);
}

static np_err work(struct command *c)
{
	const char *const *pos;
	json_t *monitor = NULL, *why = NULL;
	(void)args_pos(c->args, &pos);
	np_err e = api_find_monitor(c->api, pos[0], &monitor, &c->why);
	if (e == NP_OK)
		e = ask(c, monitor, &why);
	if (e == NP_OK && c->json)
		command_print_json(why);
	else if (e == NP_OK)
		command_print_pair(api_text(monitor, "name"), api_text(why, "sentence"));
	json_decref(monitor);
	json_decref(why);
	return e;
}

int cli_why_main(int argc, char **argv)
{
	return command_run(&spec, true, argc, argv, work);
}
