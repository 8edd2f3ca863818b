/* SPDX-License-Identifier: Apache-2.0 */
#include "base/str.h"
#include "cli/cli.h"
#include "cli/command.h"

static const struct arg_opt list_opts[] = {
	API_OPTS,
	{ "state", "STATE", "open, acknowledged, resolved or active", NULL },
};
static const struct arg_spec list_spec = {
	.usage = "netpulse incident list [options]",
	.about = "Incidents, newest first.",
	.opts = list_opts,
	.n = NP_LEN(list_opts),
};
static const struct arg_opt show_opts[] = { API_OPTS };
static const struct arg_spec show_spec = {
	.usage = "netpulse incident show ID [options]",
	.about = "What happened, who was told, and how it was decided.",
	.opts = show_opts,
	.n = NP_LEN(show_opts),
	.min_pos = 1,
	.max_pos = 1,
};

/* What people and the auditor open has a title and no monitor. */
static const char *cell(const json_t *incident, const char *key)
{
	const char *text = api_text(incident, key);
	bool name = strcmp(key, "monitor_name") == 0;
	return name && *text == '\0' ? api_text(incident, "title") : text;
}

static np_err list(struct command *c)
{
	static const char *const head[] = { "STATE", "WHAT", "OPENED", "CLOSED", "ID", "WHY" };
	static const char *const keys[] = { "state",     "monitor_name", "opened_at",
					    "closed_at", "id",           "why" };
	char path[API_PATH_MAX] = "/api/v1/incidents";
	json_t *items = NULL, *one;
	size_t i, n = 0;
	np_str state = str_from_c(args_str(c->args, "state"));
	static const char *const states[] = { "open", "acknowledged", "resolved", "active" };
	for (i = 0; state.n > 0 && i < NP_LEN(states) && !str_eq_c(state, states[i]); i++)
		;
	if (state.n > 0 && i == NP_LEN(states)) {
		(void)buf_add_c(&c->why, "--state: want open, acknowledged, resolved or active");
		return NP_E_INVAL;
	}
	if (state.n > 0)
		(void)snprintf(path, sizeof path, "/api/v1/incidents?state=%s", states[i]);
	np_err e = api_list(c->api, path, &items, &c->why);
	if (e < 0)
		return e;
	const char **cells = np_calloc(json_array_size(items) * NP_LEN(keys) + 1, sizeof *cells);
	if (cells == NULL)
		e = NP_E_NOMEM;
	else if (c->json)
		command_print_json(items);
	else {
		json_array_foreach(items, i, one) for (size_t k = 0; k < NP_LEN(keys); k++)
			cells[n++] = cell(one, keys[k]);
		command_print_table(head, NP_LEN(head), cells, json_array_size(items));
	}
	free(cells);
	json_decref(items);
	return e;
}

static void print_story(const json_t *incident)
{
	static const char *const keys[] = { "monitor_name",    "state",
					    "opened_at",       "acknowledged_at",
					    "acknowledged_by", "closed_at",
					    "close_reason",    "why" };
	size_t i;
	json_t *one;
	for (i = 0; i < NP_LEN(keys); i++)
		if (*api_text(incident, keys[i]) != '\0')
			command_print_pair(keys[i], api_text(incident, keys[i]));
	(void)printf("\nEVENTS\n");
	json_array_foreach(json_object_get(incident, "events"), i, one)
	{
		char line[600];
		(void)snprintf(line, sizeof line, "%s by %s %s", api_text(one, "kind"),
			       api_text(one, "actor"), api_text(one, "reason"));
		command_print_pair(api_text(one, "at"), line);
	}
	(void)printf("\nNOTICES\n");
	json_array_foreach(json_object_get(incident, "notices"), i, one)
	{
		char line[600];
		const char *held = api_text(one, "held_reason");
		size_t attempts = json_array_size(json_object_get(one, "attempts"));
		(void)snprintf(line, sizeof line, "%s to %s: %s after %zu attempt%s%s%s",
			       api_text(one, "kind"), api_text(one, "channel_name"),
			       api_text(one, "state"), attempts, attempts == 1 ? "" : "s",
			       *held != '\0' ? ": " : "", held);
		command_print_pair(api_text(one, "created_at"), line);
	}
}

static np_err show(struct command *c)
{
	const char *const *pos;
	char path[API_PATH_MAX];
	uint8_t id[16];
	json_t *incident = NULL;
	(void)args_pos(c->args, &pos);
	if (str_to_uuid(str_from_c(pos[0]), id) < 0) {
		(void)buf_printf(&c->why,
				 "%s is no incident's id; `netpulse incident list` shows them",
				 pos[0]);
		return NP_E_INVAL;
	}
	(void)snprintf(path, sizeof path, "/api/v1/incidents/%s", pos[0]);
	np_err e = api_call(c->api, &(struct api_request){ "GET", path, NULL }, &incident, &c->why);
	if (e == NP_OK && c->json)
		command_print_json(incident);
	else if (e == NP_OK)
		print_story(incident);
	json_decref(incident);
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

int cli_incident_main(int argc, char **argv)
{
	static const struct command_verb verbs[] = {
		{ "list", "incidents, newest first", list_main },
		{ "show", "one incident with its story", show_main },
		{ "export", "one document that can be checked offline", cli_incident_export_main },
	};
	return command_verbs("incident", verbs, NP_LEN(verbs), argc, argv);
}
