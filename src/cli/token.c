/* SPDX-License-Identifier: Apache-2.0 */
/* `netpulse token create`: a one-time token through the API. It is a secret: to a 0600 file, or to
 * standard output when somebody asked for just that. */
#include "base/file.h"
#include "base/str.h"
#include "cli/cli.h"
#include "cli/command.h"
#include "net/ident.h"

static const struct arg_opt opts[] = {
	API_OPTS,
	{ "region", "NAME", "region that the checker will serve", NULL },
	{ "cidr", "NET", "it must come from there, as 203.0.113.0/24", NULL },
	{ "make-region", NULL, "make the region when there is none of that name", NULL },
	{ "out", "FILE", "write the token there, readable by you alone", NULL },
};
static const struct arg_spec spec = {
	.usage = "netpulse token create --region NAME [options]",
	.about = "A token that enrols one checker within 15 minutes. On that machine:\n"
		 "  netpulse join --token @FILE --dir DIR",
	.opts = opts,
	.n = NP_LEN(opts),
};

static bool has_region(const json_t *regions, const char *name)
{
	size_t i;
	json_t *one;
	json_array_foreach((json_t *)(uintptr_t)regions, i,
			   one) if (strcmp(api_text(one, "name"), name) == 0) return true;
	return false;
}

static np_err make_region(struct command *c, const char *name)
{
	json_t *regions = NULL;
	np_err e = api_list(c->api, "/api/v1/regions", &regions, &c->why);
	if (e == NP_OK && !has_region(regions, name)) {
		json_t *body = json_pack("{s:s}", "name", name);
		e = api_call(c->api, &(struct api_request){ "POST", "/api/v1/regions", body }, NULL,
			     &c->why);
		json_decref(body);
	}
	json_decref(regions);
	return e;
}

static np_err deliver(struct command *c, const json_t *answer)
{
	const char *out = args_str(c->args, "out"), *token = api_text(answer, "token");
	if (out == NULL && c->json)
		command_print_json(answer);
	else if (out == NULL)
		(void)printf("%s\n", token);
	if (out == NULL)
		return NP_OK;
	np_err e = file_write_atomic(out, str_from_c(token), 0600);
	if (e < 0)
		(void)buf_printf(&c->why, "cannot write %s: %s", out, np_err_text(e));
	return e;
}

static np_err work(struct command *c)
{
	char path[API_PATH_MAX];
	const char *region = args_str(c->args, "region"), *cidr = args_str(c->args, "cidr");
	if (region == NULL || !ident_region_ok(str_from_c(region))) {
		(void)buf_add_c(&c->why, "--region NAME is needed: a-z, 0-9 and -");
		return NP_E_INVAL;
	}
	np_err e = args_flag(c->args, "make-region") ? make_region(c, region) : NP_OK;
	if (e < 0)
		return e;
	json_t *answer = NULL;
	json_t *body = cidr != NULL ? json_pack("{s:s}", "cidr", cidr) : json_object();
	(void)snprintf(path, sizeof path, "/api/v1/regions/%s/join-tokens", region);
	e = api_call(c->api, &(struct api_request){ "POST", path, body }, &answer, &c->why);
	if (e == NP_E_NOTFOUND) {
		buf_reset(&c->why);
		(void)buf_printf(&c->why, "no region is called %s; --make-region makes it", region);
	}
	if (e == NP_OK)
		e = deliver(c, answer);
	json_decref(body);
	json_decref(answer);
	return e;
}

static int create_main(int argc, char **argv)
{
	return command_run(&spec, true, argc, argv, work);
}

int cli_token_main(int argc, char **argv)
{
	static const struct command_verb verbs[] = {
		{ "create", "a one-time join token for a region", create_main },
	};
	return command_verbs("token", verbs, NP_LEN(verbs), argc, argv);
}
