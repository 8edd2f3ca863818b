/* SPDX-License-Identifier: Apache-2.0 */
#include "base/str.h"
#include "cli/cli.h"
#include "cli/command.h"
#include "core/monitor.h"
#include "core/target.h"

/* ---- add --------------------------------------------------------------------- */

static const struct arg_opt add_opts[] = {
	API_OPTS,
	{ "name", "NAME", "what to call it (default: the target)", NULL },
	{ "kind", "KIND", "http, tcp, icmp, dns or tls (default: from the target)", NULL },
	{ "interval", "TIME", "how often: 30s, 5m", NULL },
	{ "timeout", "TIME", "give up after", NULL },
	{ "regions", "A,B", "from where (default: everywhere)", NULL },
	{ "quorum", "Q", "majority, all, any or a number of regions", NULL },
	{ "tag", "A,B", "tags", NULL },
};
static const struct arg_spec add_spec = {
	.usage = "netpulse monitor add TARGET [options]",
	.about = "Watch TARGET: a URL, host:port, or a host.",
	.opts = add_opts,
	.n = NP_LEN(add_opts),
	.min_pos = 1,
	.max_pos = 1,
};

static np_err set_seconds(json_t *m, const char *key, const char *text, struct buf *why)
{
	int64_t ms = 0;
	if (text == NULL)
		return NP_OK;
	if (str_to_ms(str_from_c(text), &ms) < 0 || ms <= 0) {
		(void)buf_printf(why, "%s is no time: write 30s, 5m or 250ms", text);
		return NP_E_INVAL;
	}
	return json_object_set_new(m, key, json_real((double)ms / 1000)) == 0 ? NP_OK : NP_E_NOMEM;
}

static np_err set_list(json_t *m, const char *key, const char *text)
{
	np_str rest = str_from_c(text);
	if (rest.n == 0)
		return NP_OK;
	json_t *list = json_array();
	while (rest.n > 0) {
		np_str one;
		(void)str_cut(rest, ',', &one, &rest);
		one = str_trim(one);
		(void)json_array_append_new(list, json_stringn(one.p, one.n));
	}
	return json_object_set_new(m, key, list) == 0 ? NP_OK : NP_E_NOMEM;
}

static np_err set_quorum(json_t *m, const char *text)
{
	uint64_t n = 0;
	if (text == NULL)
		return NP_OK;
	json_t *q = str_to_u64(str_from_c(text), &n) == NP_OK ? json_integer((json_int_t)n)
							      : json_string(text);
	return json_object_set_new(m, "quorum", q) == 0 ? NP_OK : NP_E_NOMEM;
}

static np_err add(struct command *c)
{
	const char *const *pos;
	(void)args_pos(c->args, &pos);
	const char *name = args_str(c->args, "name"), *kind = args_str(c->args, "kind");
	bool https = false;
	if (kind == NULL)
		kind = mon_kind_name(tgt_guess(str_from_c(pos[0]), &https));
	json_t *m = json_pack("{s:s, s:s, s:s+}", "name", name != NULL ? name : pos[0], "kind",
			      kind, "target", https ? "https://" : "", pos[0]);
	json_t *made = NULL;
	np_err e = m == NULL ? NP_E_INVAL : NP_OK;
	if (e == NP_OK)
		e = set_seconds(m, "interval_s", args_str(c->args, "interval"), &c->why);
	if (e == NP_OK)
		e = set_seconds(m, "timeout_s", args_str(c->args, "timeout"), &c->why);
	if (e == NP_OK)
		e = set_list(m, "regions", args_str(c->args, "regions"));
	if (e == NP_OK)
		e = set_list(m, "tags", args_str(c->args, "tag"));
	if (e == NP_OK)
		e = set_quorum(m, args_str(c->args, "quorum"));
	if (e == NP_OK)
		e = api_call(c->api, &(struct api_request){ "POST", "/api/v1/monitors", m }, &made,
			     &c->why);
	if (e == NP_OK && c->json)
		command_print_json(made);
	else if (e == NP_OK)
		(void)printf("watching %s (%s)\n", pos[0], api_text(made, "id"));
	json_decref(m);
	json_decref(made);
	return e;
}

static int add_main(int argc, char **argv)
{
	return command_run(&add_spec, true, argc, argv, add);
}

/* ---- list, show, rm ------------------------------------------------------------ */

static const struct arg_opt api_opts[] = { API_OPTS };
static const struct arg_spec list_spec = {
	.usage = "netpulse monitor list [options]",
	.about = "All monitors with their state.",
	.opts = api_opts,
	.n = NP_LEN(api_opts),
};
static const struct arg_spec show_spec = {
	.usage = "netpulse monitor show MONITOR [options]",
	.about = "One monitor, by name or id.",
	.opts = api_opts,
	.n = NP_LEN(api_opts),
	.min_pos = 1,
	.max_pos = 1,
};
static const struct arg_spec rm_spec = {
	.usage = "netpulse monitor rm MONITOR [options]",
	.about = "Watch it no longer. An open incident is closed.",
	.opts = api_opts,
	.n = NP_LEN(api_opts),
	.min_pos = 1,
	.max_pos = 1,
};

static np_err list(struct command *c)
{
	static const char *const head[] = { "STATE", "NAME", "KIND", "TARGET", "SINCE" };
	static const char *const keys[] = { "state", "name", "kind", "target", "since" };
	json_t *items = NULL, *one;
	size_t i, n = 0;
	np_err e = api_list(c->api, "/api/v1/monitors?limit=200", &items, &c->why);
	if (e < 0)
		return e;
	if (c->json) {
		command_print_json(items);
		json_decref(items);
		return NP_OK;
	}
	const char **cells = np_calloc(json_array_size(items) * NP_LEN(keys) + 1, sizeof *cells);
	if (cells == NULL) {
		json_decref(items);
		return NP_E_NOMEM;
	}
	json_array_foreach(items, i, one) for (size_t k = 0; k < NP_LEN(keys); k++) cells[n++] =
		api_text(one, keys[k]);
	command_print_table(head, NP_LEN(head), cells, json_array_size(items));
	free(cells);
	json_decref(items);
	return NP_OK;
}

static np_err show(struct command *c)
{
	const char *const *pos;
	json_t *m = NULL;
	(void)args_pos(c->args, &pos);
	np_err e = api_find_monitor(c->api, pos[0], &m, &c->why);
	if (e < 0)
		return e;
	if (c->json) {
		command_print_json(m);
	} else {
		const char *key;
		json_t *value;
		json_object_foreach(m, key, value)
		{
			char *text = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);
			command_print_pair(key,
					   json_is_string(value) ? json_string_value(value) : text);
			free(text);
		}
	}
	json_decref(m);
	return NP_OK;
}

static np_err rm(struct command *c)
{
	const char *const *pos;
	char path[API_PATH_MAX];
	json_t *m = NULL;
	(void)args_pos(c->args, &pos);
	np_err e = api_find_monitor(c->api, pos[0], &m, &c->why);
	if (e < 0)
		return e;
	(void)snprintf(path, sizeof path, "/api/v1/monitors/%s", api_text(m, "id"));
	e = api_call(c->api, &(struct api_request){ "DELETE", path, NULL }, NULL, &c->why);
	if (e == NP_OK && !c->json)
		(void)printf("%s is watched no longer\n", api_text(m, "name"));
	json_decref(m);
	return e;
}

static int list_main(int argc, char **argv)
{
	return command_run(&list_spec, true, argc, argv, list);
}

static int show_main(int argc, char **argv)
{
	return command_run(&show_spec, true, argc, argv, show);
}

static int rm_main(int argc, char **argv)
{
	return command_run(&rm_spec, true, argc, argv, rm);
}

int cli_monitor_main(int argc, char **argv)
{
	static const struct command_verb verbs[] = {
		{ "add", "watch something", add_main },
		{ "list", "all monitors", list_main },
		{ "show", "one monitor", show_main },
		{ "rm", "watch it no longer", rm_main },
	};
	return command_verbs("monitor", verbs, NP_LEN(verbs), argc, argv);
}
