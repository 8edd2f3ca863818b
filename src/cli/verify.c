/* SPDX-License-Identifier: Apache-2.0 */
/* `netpulse verify`: an exported incident, checked without the installation that it came from. */
#include "base/clock.h"
#include "base/file.h"
#include "base/str.h"
#include "cli/auditkey.h"
#include "cli/cli.h"
#include "cli/evidence.h"
#include "cli/export.h"

static const struct arg_opt opts[] = {
	AUDITKEY_OPT,
	{ "json", NULL, "print JSON, for scripts", NULL },
};
static const struct arg_spec spec = {
	.usage = "netpulse verify FILE [--key KEY]",
	.about =
		"Check an exported incident offline: the document, the hash chain of its audit\n"
		"entries up to signed heads, and whether its inputs, folded again, give that very\n"
		"incident. Pin the key with --key; else the one that the file names is shown.\n"
		"Exit code 1: it does not hold.",
	.opts = opts,
	.n = NP_LEN(opts),
	.min_pos = 1,
	.max_pos = 1,
};

struct verifying {
	struct command *c;
	json_t *doc;
	const json_t *incident;
	uint8_t id[16], key[SIGN_PUBLIC_LEN];
	bool pinned;
	struct export_chain_seen chain;
	struct evidence_fold fold;
	bool folded;
};

static np_err bad(struct verifying *v, const char *what)
{
	(void)buf_add_c(&v->c->why, what);
	return NP_E_CORRUPT;
}

static np_err load(struct verifying *v)
{
	NP_CLEANUP(buf_done) struct buf text;
	const char *const *pos;
	json_error_t err;
	(void)args_pos(v->c->args, &pos);
	buf_init(&text, EXPORT_FILE_MAX);
	np_err e = file_read(pos[0], &text);
	if (e < 0) {
		(void)buf_printf(&v->c->why, "cannot read %s: %s", pos[0], np_err_text(e));
		return e;
	}
	v->doc = json_loadb(buf_c(&text), text.n, JSON_REJECT_DUPLICATES, &err);
	if (!json_is_object(v->doc) ||
	    !str_eq_c(str_from_c(json_string_value(json_object_get(v->doc, "format"))),
		      EXPORT_FORMAT))
		return bad(v, "the file is no exported incident of this version");
	v->incident = json_object_get(v->doc, "incident");
	if (str_to_uuid(str_from_c(json_string_value(json_object_get(v->incident, "id"))), v->id) <
	    0)
		return bad(v, "the file names no incident");
	return NP_OK;
}

static np_err check_sum(struct verifying *v)
{
	char sum[65];
	np_err e = export_sum(v->doc, sum);
	if (e == NP_OK &&
	    !str_eq_c(str_from_c(sum), json_string_value(json_object_get(v->doc, "sha256"))))
		return bad(v, "the file was changed or damaged: its own sum does not hold");
	return e;
}

static np_err find_key(struct verifying *v)
{
	const char *pinned = args_str(v->c->args, "key");
	const char *named = json_string_value(json_object_get(v->doc, "key"));
	v->pinned = pinned != NULL;
	if (pinned == NULL && named == NULL) {
		(void)buf_add_c(&v->c->why, "the file names no key: give the installation's with "
					    "--key (`netpulse audit key` prints it)");
		return NP_E_INVAL;
	}
	return auditkey_parse(v->c, pinned != NULL ? pinned : named, v->key);
}

static int64_t time_of(const json_t *o, const char *key)
{
	int64_t us = 0;
	np_str text = str_from_c(json_string_value(json_object_get(o, key)));
	return clock_from_rfc3339(text, &us) == NP_OK ? us : 0;
}

/* Three accounts of the same times: the row, the chain, the fold. */
static np_err check_times(struct verifying *v)
{
	int64_t opened = time_of(v->incident, "opened_at"),
		closed = time_of(v->incident, "closed_at");
	if (v->chain.opened_us != 0 && v->chain.opened_us != opened)
		return bad(v, "the incident opened at another time than the chain says");
	if (v->chain.closed_us != 0 && v->chain.closed_us != closed)
		return bad(v, "the incident closed at another time than the chain says");
	if (!v->folded)
		return NP_OK;
	if (!v->fold.found)
		return bad(v, "its inputs, folded again, do not give this incident");
	if (v->fold.opened_us != opened || v->fold.closed_us != closed)
		return bad(v, "its inputs, folded again, give other times");
	return NP_OK;
}

static np_err fold_again(struct verifying *v)
{
	const json_t *evidence = json_object_get(v->doc, "evidence");
	json_int_t monitor = json_integer_value(json_object_get(v->incident, "monitor_id"));
	if (!str_eq_c(str_from_c(json_string_value(json_object_get(evidence, "source"))), "log"))
		return NP_OK;
	np_err e = evidence_again(evidence, (uint64_t)monitor, v->id, &v->fold);
	if (e < 0 && e != NP_E_NOMEM)
		return bad(v, "its inputs cannot be folded");
	v->folded = e == NP_OK;
	return e;
}

static void report(const struct verifying *v)
{
	char key[2 * SIGN_PUBLIC_LEN + 1] = { 0 }, until[CLOCK_RFC3339_MAX];
	json_int_t unproven =
		json_integer_value(json_object_get(json_object_get(v->doc, "chain"), "unproven"));
	str_hex(v->key, sizeof v->key, key);
	(void)clock_rfc3339(v->chain.until_us, until);
	json_t *j =
		json_pack("{s:b, s:s, s:s, s:b, s:I, s:I, s:I, s:o, s:o}", "ok", 1, "incident",
			  json_string_value(json_object_get(v->incident, "id")), "key", key,
			  "key_pinned", v->pinned, "entries", (json_int_t)v->chain.entries, "heads",
			  (json_int_t)v->chain.heads, "unproven", unproven, "signed_until",
			  v->chain.until_us != 0 ? json_string(until) : json_null(),
			  "inputs_folded",
			  v->folded ? json_integer((json_int_t)v->fold.inputs) : json_null());
	if (args_flag(v->c->args, "json"))
		command_print_json(j);
	else
		(void)printf("the document is whole\n%zu audit entries are in the chain, under %zu "
			     "signed heads, the last of %s; %lld have no head yet\n%s %s\n%s\n",
			     v->chain.entries, v->chain.heads,
			     v->chain.until_us != 0 ? until : "no time", (long long)unproven,
			     v->pinned ? "signed by the key that you gave:"
				       : "signed by the key that the file names (is it yours?):",
			     key,
			     v->folded ? "its inputs, folded again, give the same incident"
				       : "the log was gone: its inputs cannot be folded again");
	json_decref(j);
}

static np_err work(struct command *c)
{
	struct verifying v = { .c = c };
	np_err e = load(&v);
	if (e == NP_OK)
		e = check_sum(&v);
	if (e == NP_OK)
		e = find_key(&v);
	if (e == NP_OK) {
		const char *id = json_string_value(json_object_get(v.incident, "id"));
		e = export_chain_check(json_object_get(v.doc, "chain"), str_from_c(id), v.key,
				       &v.chain, &c->why);
	}
	if (e == NP_OK)
		e = fold_again(&v);
	if (e == NP_OK)
		e = check_times(&v);
	if (e == NP_OK)
		report(&v);
	json_decref(v.doc);
	return e;
}

int cli_verify_main(int argc, char **argv)
{
	return command_run(&spec, false, argc, argv, work);
}
