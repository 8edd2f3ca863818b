/* SPDX-License-Identifier: Apache-2.0 */
/* `netpulse admin-token`: the first credential of an installation, made where there is no API
 * token to ask with yet. Only its SHA-256 is stored. */
#include "base/clock.h"
#include "base/crypt.h"
#include "base/file.h"
#include "base/str.h"
#include "cli/cli.h"
#include "cli/owner.h"

#define DB_MS 10000
#define PREFIX 8 /* as the API keeps of those that it makes */

static const struct arg_opt opts[] = {
	OWNER_OPT,
	{ "out", "FILE", "write the token there, readable by you alone", NULL },
	{ "name", "NAME", "what the audit log calls its holder", "admin" },
};
static const struct arg_spec spec = {
	.usage = "netpulse admin-token --config FILE --out FILE",
	.about = "Make an API token for the owner of the first organisation.",
	.opts = opts,
	.n = NP_LEN(opts),
};

static const char insert_sql[] =
	"WITH made AS (INSERT INTO np.api_token (token_sha256, id, org_id, name, role, prefix, created_by) "
	"  SELECT $1, gen_random_uuid(), min(id), $2, 'owner', $3, 'operator' FROM np.org RETURNING id, org_id, name) "
	"INSERT INTO np.audit (org_id, actor, origin, act, subject, after) "
	"SELECT org_id, 'operator', 'cli', 'token.create', id::text, jsonb_build_object('name', name, 'role', 'owner') "
	"  FROM made";

static np_err store(struct owner *o, np_str token, const char *name)
{
	uint8_t hash[CRYPT_SHA256_LEN];
	NP_CLEANUP(pg_params_done) struct pg_params p;
	crypt_sha256(token, hash);
	pg_params_init(&p);
	pg_params_bytea(&p, (np_str){ (const char *)hash, sizeof hash });
	pg_params_c(&p, name);
	pg_params_text(&p, str_sub(token, 0, PREFIX)); /* so that people recognise it in lists */
	return pg_exec(o->db, insert_sql, &p, NULL);
}

static np_err work(struct command *c)
{
	const char *out = args_str(c->args, "out");
	struct owner o = { 0 };
	if (out == NULL) {
		(void)buf_add_c(
			&c->why,
			"--out FILE is needed: the token is written there and shown nowhere");
		return NP_E_INVAL;
	}
	np_err e = owner_open(c, DB_MS, &o);
	if (e < 0)
		return e;
	NP_CLEANUP(secret_done) struct secret token = { .n = 0 };
	uint8_t raw[32];
	rnd_bytes(raw, sizeof raw);
	memcpy(token.bytes, "npt_", 4);
	token.n = 4 + str_b64url(raw, sizeof raw, (char *)token.bytes + 4);
	/* The file first: a token that is stored and lost would be a key without an owner. */
	e = file_write_atomic(out, secret_peek(&token), 0600);
	if (e < 0)
		(void)buf_printf(&c->why, "cannot write %s: %s", out, np_err_text(e));
	else if ((e = store(&o, secret_peek(&token), args_str(c->args, "name"))) < 0)
		(void)buf_printf(&c->why, "the database refuses the token: %s",
				 pg_conn_error(o.db)->message);
	owner_close(&o);
	return e;
}

int cli_admin_token_main(int argc, char **argv)
{
	return command_run(&spec, false, argc, argv, work);
}
