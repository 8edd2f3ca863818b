/* SPDX-License-Identifier: Apache-2.0 */
/* `netpulse api-token`: the keys of programs and people to the API. A secret is shown or written
 * once, when it is made. */
#include "base/clock.h"
#include "base/file.h"
#include "base/str.h"
#include "cli/cli.h"
#include "cli/command.h"

static const struct arg_opt create_opts[] = {
	API_OPTS,
	{ "name", "NAME", "what the audit log calls its holder", NULL },
	{ "role", "ROLE", "viewer, editor, admin or owner; not more than your own", "viewer" },
	{ "scopes", "LIST", "of read, write, respond, admin, with commas (default all)", NULL },
	{ "expires", "TIME", "from now, as 90d or 12h (default never)", NULL },
	{ "out", "FILE", "write the secret there, readable by you alone", NULL },
};
static const struct arg_spec create_spec = {
	.usage = "netpulse api-token create --name NAME [options]",
	.about = "Make an API token. Its secret goes to standard output or to --out FILE, and\n"
		 "cannot be shown again.",
	.opts = create_opts,
	.n = NP_LEN(create_opts),
};
static const struct arg_opt list_opts[] = {
	API_OPTS,
	{ "state", "STATE", "active, expired or revoked", NULL },
};
static const struct arg_spec list_spec = {
	.usage = "netpulse api-token list [options]",
	.about = "API tokens, newest first. `*` is the one that asks.",
	.opts = list_opts,
	.n = NP_LEN(list_opts),
};
static const struct arg_opt revoke_opts[] = { API_OPTS };
static const struct arg_spec revoke_spec = {
	.usage = "netpulse api-token revoke ID [options]",
	.about = "End an API token, and every session that was opened with it, for ever.",
	.opts = revoke_opts,
	.n = NP_LEN(revoke_opts),
	.min_pos = 1,
	.max_pos = 1,
};

static np_err add_expiry(struct command *c, json_t *body)
{
	const char *text = args_str(c->args, "expires");
	char at[CLOCK_RFC3339_MAX];
	int64_t ms = 0;
	if (text == NULL)
		return NP_OK;
	if (str_to_ms(str_from_c(text), &ms) < 0 || ms <= 0 || ms > INT64_MAX / 4000) {
		(void)buf_add_c(&c->why, "--expires: want a time such as 90d or 12h");
		return NP_E_INVAL;
	}
	(void)clock_rfc3339(clock_wall_us() + ms * 1000, at);
	return json_object_set_new(body, "expires_at", json_string(at)) == 0 ? NP_OK : NP_E_NOMEM;
}

static np_err add_scopes(struct command *c, json_t *body)
{
	np_str rest = str_from_c(args_str(c->args, "scopes")), word;
	json_t *list = rest.n > 0 ? json_array() : NULL;
	bool more = list != NULL;
	while (more) {
		more = str_cut(rest, ',', &word, &rest);
		(void)json_array_append_new(list, json_stringn(word.p, word.n));
	}
	return list == NULL || json_object_set_new(body, "scopes", list) == 0 ? NP_OK : NP_E_NOMEM;
}

static np_err deliver(struct command *c, const json_t *answer)
{
	const char *out = args_str(c->args, "out"), *secret = api_text(answer, "secret");
	if (out == NULL && c->json)
		command_print_json(answer);
	else if (out == NULL)
		(void)printf("%s\n", secret);
	if (out == NULL)
		return NP_OK;
	np_err e = file_write_atomic(out, str_from_c(secret), 0600);
	if (e == NP_OK)
		return NP_OK;
	(void)buf_printf(&c->why, "cannot write %s: %s; revoke token %s, nobody has its secret",
			 out, np_err_text(e), api_text(json_object_get(answer, "token"), "id"));
	return e;
}

static np_err create(struct command *c)
{
	const char *name = args_str(c->args, "name");
	if (name == NULL) {
		(void)buf_add_c(&c->why, "--name NAME is needed");
		return NP_E_INVAL;
	}
	json_t *answer = NULL;
	json_t *body = json_pack("{s:s, s:s}", "name", name, "role", args_str(c->args, "role"));
	np_err e = body == NULL ? NP_E_NOMEM : add_expiry(c, body);
	if (e == NP_OK)
		e = add_scopes(c, body);
	if (e == NP_OK)
		e = api_call(c->api, &(struct api_request){ "POST", "/api/v1/tokens", body },
			     &answer, &c->why);
	if (e == NP_OK)
		e = deliver(c, answer);
	json_decref(body);
	json_decref(answer);
	return e;
}

static const char *scopes_of(const json_t *token, char *text, size_t size)
{
	const json_t *list = json_object_get(token, "scopes"), *one;
	size_t i, n = 0;
	text[0] = '\0';
	json_array_foreach((json_t *)(uintptr_t)list, i, one)
	{
		int wrote = snprintf(text + n, size - n, "%s%s", i > 0 ? "," : "",
				     json_string_value(one) != NULL ? json_string_value(one) : "");
		n += wrote > 0 && (size_t)wrote < size - n ? (size_t)wrote : 0;
	}
	return json_array_size(list) == 4 ? "all" : text;
}

static np_err print_list(const json_t *items)
{
	static const char *const head[] = { "",       "NAME",      "ROLE",    "SCOPES", "STATE",
					    "PREFIX", "LAST USED", "EXPIRES", "BY",     "ID" };
	static const char *const keys[] = { NULL,         "name",   "role",         NULL,
					    "state",      "prefix", "last_used_at", "expires_at",
					    "created_by", "id" };
	size_t i, n = 0, rows = json_array_size(items);
	json_t *one;
	char(*scopes)[40] = np_calloc(rows + 1, sizeof *scopes);
	const char **cells = np_calloc(rows * NP_LEN(keys) + 1, sizeof *cells);
	if (scopes != NULL && cells != NULL) {
		json_array_foreach((json_t *)(uintptr_t)items, i, one)
		{
			for (size_t k = 0; k < NP_LEN(keys); k++)
				cells[n + k] = keys[k] != NULL ? api_text(one, keys[k]) : "";
			cells[n] = json_is_true(json_object_get(one, "current")) ? "*" : "";
			cells[n + 3] = scopes_of(one, scopes[i], sizeof scopes[i]);
			n += NP_LEN(keys);
		}
		command_print_table(head, NP_LEN(head), cells, rows);
	}
	np_err e = scopes != NULL && cells != NULL ? NP_OK : NP_E_NOMEM;
	free(scopes);
	free(cells);
	return e;
}

static np_err list(struct command *c)
{
	static const char *const states[] = { "active", "expired", "revoked" };
	char path[API_PATH_MAX] = "/api/v1/tokens?limit=200";
	np_str state = str_from_c(args_str(c->args, "state"));
	json_t *items = NULL;
	size_t i = 0;
	while (i < NP_LEN(states) && !str_eq_c(state, states[i]))
		i++;
	if (state.n > 0 && i == NP_LEN(states)) {
		(void)buf_add_c(&c->why, "--state: want active, expired or revoked");
		return NP_E_INVAL;
	}
	if (state.n > 0)
		(void)snprintf(path, sizeof path, "/api/v1/tokens?limit=200&state=%s", states[i]);
	np_err e = api_list(c->api, path, &items, &c->why);
	if (e == NP_OK && c->json)
		command_print_json(items);
	else if (e == NP_OK)
		e = print_list(items);
	json_decref(items);
	return e;
}

static np_err end(struct command *c)
{
	char path[API_PATH_MAX];
	const char *const *pos;
	uint8_t raw[16];
	(void)args_pos(c->args, &pos);
	const char *id = pos[0];
	if (str_to_uuid(str_from_c(id), raw) < 0) {
		(void)buf_add_c(&c->why, "want the ID that `netpulse api-token list` shows");
		return NP_E_INVAL;
	}
	(void)snprintf(path, sizeof path, "/api/v1/tokens/%.36s", id);
	return api_call(c->api, &(struct api_request){ "DELETE", path, NULL }, NULL, &c->why);
}

static int create_main(int argc, char **argv)
{
	return command_run(&create_spec, true, argc, argv, create);
}

static int list_main(int argc, char **argv)
{
	return command_run(&list_spec, true, argc, argv, list);
}

static int revoke_main(int argc, char **argv)
{
	return command_run(&revoke_spec, true, argc, argv, end);
}

int cli_api_token_main(int argc, char **argv)
{
	static const struct command_verb verbs[] = {
		{ "create", "make one; its secret is shown once", create_main },
		{ "list", "who has one, what it may, when it was last used", list_main },
		{ "revoke", "end one", revoke_main },
	};
	return command_verbs("api-token", verbs, NP_LEN(verbs), argc, argv);
}
