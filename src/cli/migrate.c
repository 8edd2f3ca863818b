/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/cli.h"
#include "cli/migrations.h"
#include "cli/owner.h"

#define DB_MS 10000

static const struct arg_opt opts[] = {
	OWNER_OPT,
};
static const struct arg_spec spec = {
	.usage = "netpulse migrate --config FILE",
	.about =
		"Bring the database's schema up to date: numbered steps, forward only, each once.\n"
		"Needs the owner's direct connection, never the pool.",
	.opts = opts,
	.n = NP_LEN(opts),
};

static np_err work(struct command *c)
{
	struct owner o = { 0 };
	size_t done = 0;
	struct migrations *m = np_zalloc(sizeof *m);
	np_err e = m == NULL ? NP_E_NOMEM : migrations_load(m);
	if (e == NP_OK)
		e = owner_open(c, DB_MS, &o);
	if (e < 0) {
		free(m);
		return e;
	}
	e = migrate_run(o.db, m->table, m->n, &done, &c->why);
	if (e == NP_OK)
		(void)printf("%zu migrations applied; the schema is at number %zu\n", done, m->n);
	owner_close(&o);
	free(m);
	return e;
}

int cli_migrate_main(int argc, char **argv)
{
	return command_run(&spec, false, argc, argv, work);
}
