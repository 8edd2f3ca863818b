/* SPDX-License-Identifier: Apache-2.0 */
/* `netpulse audit`: is the audit chain what was sealed, and as long as it was? */
#include <fcntl.h>
#include <jansson.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/str.h"
#include "cli/audit.h"
#include "cli/auditkey.h"
#include "cli/cli.h"
#include "cli/owner.h"

#define DB_MS (60 * NP_MIN_MS)
#define FILES_MAX 16
#define EXIT_UNCHECKED 2

static const struct arg_opt verify_opts[] = {
	OWNER_OPT,
	AUDITKEY_OPT,
	{ "json", NULL, "print JSON, for scripts", NULL },
};
static const struct arg_spec verify_spec = {
	.usage = "netpulse audit verify --data DIR | --config FILE --key KEY HEADSFILE…",
	.about =
		"Check every entry of the audit log against its hash chain, and the chain against\n"
		"the signed heads outside the database. Reads the database directly, changes\n"
		"nothing. Exit code 0: everything is as it was sealed. 1: it is not, and the first\n"
		"bad entry of each organisation is named. 2: it could not be checked.",
	.opts = verify_opts,
	.n = NP_LEN(verify_opts),
	.max_pos = FILES_MAX,
};

static np_err read_heads(struct command *c, struct audit *a, const char *path,
			 const uint8_t key[SIGN_PUBLIC_LEN])
{
	NP_CLEANUP(np_close_fd) int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		(void)buf_printf(&c->why, "cannot read the heads file %s", path);
		return NP_E_IO;
	}
	return audit_read_heads(a, fd, key);
}

static np_err read_files(struct command *c, struct audit *a, const uint8_t key[SIGN_PUBLIC_LEN])
{
	const char *const *pos;
	size_t n = args_pos(c->args, &pos);
	const char *data = args_str(c->args, "data");
	char path[OWNER_PATH_MAX];
	if (n == 0 && data == NULL) {
		(void)buf_add_c(&c->why, "name the heads file, or give --data DIR");
		return NP_E_INVAL;
	}
	np_err e = NP_OK;
	for (size_t i = 0; e == NP_OK && i < n; i++)
		e = read_heads(c, a, pos[i], key);
	if (n == 0) {
		(void)snprintf(path, sizeof path, "%s/audit/heads.log", data);
		e = read_heads(c, a, path, key);
	}
	return e;
}

static json_t *finding_json(const struct audit_finding *f)
{
	char at[CLOCK_RFC3339_MAX];
	(void)clock_rfc3339(f->when_us, at);
	return json_pack("{s:s, s:I, s:I, s:o, s:s}", "kind", audit_kind_name(f->kind), "org",
			 (json_int_t)f->org, "entry", (json_int_t)f->seq, "when",
			 f->when_us != 0 ? json_string(at) : json_null(), "text", f->text);
}

static void print_json(const struct audit *a)
{
	char until[CLOCK_RFC3339_MAX];
	json_t *list = json_array();
	(void)clock_rfc3339(a->until_us, until);
	for (size_t i = 0; i < a->found_n; i++)
		(void)json_array_append_new(list, finding_json(&a->found[i]));
	json_t *all = json_pack("{s:b, s:I, s:I, s:I, s:I, s:o, s:I, s:o}", "ok", a->wrong_n == 0,
				"entries", (json_int_t)a->entries, "organisations",
				(json_int_t)map_len(a->orgs), "heads", (json_int_t)a->heads,
				"unsealed", (json_int_t)a->unsealed, "signed_until",
				a->until_us != 0 ? json_string(until) : json_null(), "wrong",
				(json_int_t)a->wrong_n, "findings", list);
	command_print_json(all);
	json_decref(all);
}

static void print_text(const struct audit *a)
{
	char until[CLOCK_RFC3339_MAX];
	(void)clock_rfc3339(a->until_us, until);
	for (size_t i = 0; i < a->found_n; i++)
		if (a->found[i].org != 0)
			(void)printf("organisation %lld: %s\n", (long long)a->found[i].org,
				     a->found[i].text);
		else
			(void)printf("%s\n", a->found[i].text);
	(void)printf("%llu entries, %llu signed heads, %llu not sealed yet; signed until %s\n",
		     (unsigned long long)a->entries, (unsigned long long)a->heads,
		     (unsigned long long)a->unsealed, a->until_us != 0 ? until : "never");
}

static np_err report(struct command *c, const struct audit *a)
{
	if (args_flag(c->args, "json"))
		print_json(a);
	else
		print_text(a);
	c->status = 0;
	if (a->wrong_n == 0)
		return NP_OK;
	(void)buf_printf(&c->why,
			 "the audit log is not what was sealed: %llu findings; the first: %s",
			 (unsigned long long)a->wrong_n, a->found[0].text);
	return NP_E_CORRUPT;
}

static np_err check(struct command *c, struct owner *o, const uint8_t key[SIGN_PUBLIC_LEN])
{
	NP_CLEANUP(np_free_ptr) struct audit *a = np_zalloc(sizeof *a);
	np_err e = a != NULL ? audit_init(a, o->db) : NP_E_NOMEM;
	if (e == NP_OK)
		e = audit_read_tips(a);
	if (e == NP_OK)
		e = read_files(c, a, key);
	if (e == NP_OK) {
		audit_end_heads(a);
		e = audit_read_rows(a);
	}
	if (e == NP_OK)
		e = report(c, a);
	else if (c->why.n == 0)
		(void)buf_printf(&c->why, "the audit log could not be checked: %s",
				 pg_conn_error(o->db)->message);
	if (a != NULL)
		audit_done(a);
	return e;
}

static np_err verify(struct command *c)
{
	uint8_t key[SIGN_PUBLIC_LEN];
	struct owner o = { 0 };
	c->status = EXIT_UNCHECKED;
	np_err e = auditkey_public(c, key);
	if (e == NP_OK)
		e = owner_open(c, DB_MS, &o);
	if (e < 0)
		return e;
	e = check(c, &o, key);
	owner_close(&o);
	return e;
}

/* ---- key ---- */

static const struct arg_opt key_opts[] = {
	{ "data", "DIR", "the folder of `netpulse up`", NULL },
	{ "file", "FILE", "the sealer's secret (audit.key_file of the historian)", NULL },
};
static const struct arg_spec key_spec = {
	.usage = "netpulse audit key --data DIR | --file FILE",
	.about = "Print the public half of the audit key, to keep where the installation cannot\n"
		 "reach it: who checks heads and exports with it need not trust us.",
	.opts = key_opts,
	.n = NP_LEN(key_opts),
};

static np_err print_key(struct command *c)
{
	uint8_t key[SIGN_PUBLIC_LEN];
	char hex[2 * SIGN_PUBLIC_LEN];
	np_err e = auditkey_of_secret(c, args_str(c->args, "file"), key);
	if (e < 0)
		return e;
	str_hex(key, sizeof key, hex);
	(void)printf("%.*s\n", (int)sizeof hex, hex);
	return NP_OK;
}

static int verify_main(int argc, char **argv)
{
	return command_run(&verify_spec, false, argc, argv, verify);
}

static int key_main(int argc, char **argv)
{
	return command_run(&key_spec, false, argc, argv, print_key);
}

int cli_audit_main(int argc, char **argv)
{
	static const struct command_verb verbs[] = {
		{ "verify", "check the chain and its signed heads", verify_main },
		{ "key", "print the public half of the audit key", key_main },
	};
	return command_verbs("audit", verbs, NP_LEN(verbs), argc, argv);
}
