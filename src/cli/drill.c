/* SPDX-License-Identifier: Apache-2.0 */
/* `netpulse drill REGION`: make a region's own monitor fail, and see that somebody hears of it. */
#include <unistd.h>

#include "base/str.h"
#include "cli/cli.h"
#include "cli/command.h"

#define POLL_S 1

static const struct arg_opt opts[] = {
	API_OPTS,
	{ "limit", "SECONDS", "the sink has to hear within (default 180)", NULL },
	{ "no-wait", NULL, "start it and return", NULL },
};
static const struct arg_spec spec = {
	.usage = "netpulse drill REGION [options]",
	.about =
		"A drill: the region's own monitor fails on purpose and has to be told of, from the\n"
		"check to a sink. Nobody else is told. Exit code 1 when it did not get through.",
	.opts = opts,
	.n = NP_LEN(opts),
	.min_pos = 1,
	.max_pos = 1,
};

static np_err start(struct command *c, const char *region, json_t **ret)
{
	char path[API_PATH_MAX];
	uint64_t limit_s = 0;
	const char *limit = args_str(c->args, "limit");
	np_str name = str_from_c(region);
	for (size_t i = 0; i < name.n; i++)
		if (!((name.p[i] >= 'a' && name.p[i] <= 'z') || name.p[i] == '-' ||
		      (name.p[i] >= '0' && name.p[i] <= '9')) ||
		    name.n > 32) {
			(void)buf_printf(&c->why, "%.40s is no region's name", region);
			return NP_E_INVAL;
		}
	if (limit != NULL && (str_to_u64(str_from_c(limit), &limit_s) < 0 || limit_s > 3600)) {
		(void)buf_printf(&c->why, "--limit %.40s: want seconds, 3600 at most", limit);
		return NP_E_INVAL;
	}
	(void)snprintf(path, sizeof path, "/api/v1/regions/%s/drill", region);
	json_t *body = json_object();
	if (limit != NULL)
		(void)json_object_set_new(body, "limit_s", json_integer((json_int_t)limit_s));
	np_err e = api_call(c->api, &(struct api_request){ "POST", path, body }, ret, &c->why);
	json_decref(body);
	if (e == NP_E_NOTFOUND) {
		buf_reset(&c->why);
		(void)buf_printf(&c->why, "no region is called %s", region);
	}
	return e;
}

/* The newest of the region is ours until somebody starts another one, which then counts as well. */
static np_err follow(struct command *c, const char *region, json_t **run)
{
	char path[API_PATH_MAX];
	(void)snprintf(path, sizeof path, "/api/v1/drills?region=%s&limit=1", region);
	while (json_is_null(json_object_get(*run, "finished_at"))) {
		json_t *answer = NULL;
		(void)sleep(POLL_S);
		np_err e = api_call(c->api, &(struct api_request){ "GET", path, NULL }, &answer,
				    &c->why);
		if (e < 0)
			return e;
		json_t *first = json_array_get(json_object_get(answer, "items"), 0);
		if (first != NULL) {
			json_decref(*run);
			*run = json_incref(first);
		}
		json_decref(answer);
	}
	return NP_OK;
}

static void print(const json_t *run)
{
	static const char *const stages[][2] = {
		{ "checked_ms", "the target failed a check" },
		{ "opened_ms", "the incident opened" },
		{ "told_ms", "the sink was told" },
		{ "resolved_ms", "the sink was told of the end" },
	};
	for (size_t i = 0; i < NP_LEN(stages); i++) {
		const json_t *ms = json_object_get(run, stages[i][0]);
		char text[32] = "never";
		if (json_is_integer(ms))
			(void)snprintf(text, sizeof text, "%.1f s",
				       (double)json_integer_value(ms) / 1000);
		command_print_pair(text, stages[i][1]);
	}
}

static np_err work(struct command *c)
{
	const char *const *pos;
	json_t *run = NULL;
	(void)args_pos(c->args, &pos);
	np_err e = start(c, pos[0], &run);
	if (e == NP_OK && !args_flag(c->args, "no-wait"))
		e = follow(c, pos[0], &run);
	if (e == NP_OK && c->json)
		command_print_json(run);
	else if (e == NP_OK && !args_flag(c->args, "no-wait"))
		print(run);
	if (e == NP_OK && json_is_false(json_object_get(run, "ok"))) {
		(void)buf_printf(&c->why, "the drill failed: %s", api_text(run, "why"));
		e = NP_E_AGAIN;
	}
	json_decref(run);
	return e;
}

int cli_drill_main(int argc, char **argv)
{
	return command_run(&spec, true, argc, argv, work);
}
