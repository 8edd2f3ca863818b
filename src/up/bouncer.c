/* SPDX-License-Identifier: Apache-2.0 */
/* PgBouncer in front of the private PostgreSQL: one alias per role with its own number of
 * connections, SCRAM on both hops with the verifiers that PostgreSQL itself made. */
#include "base/clock.h"
#include "base/str.h"
#include "pg/pg.h"
#include "up/secrets.h"
#include "up/servers.h"

#define TEXT_MAX 16384

static np_err set_password(struct pg_conn *c, const struct place *p, const struct role_info *r)
{
	char name[48], sql[256];
	NP_CLEANUP(secret_done) struct secret s = { .n = 0 };
	(void)snprintf(name, sizeof name, "%s.db", r->name);
	np_err e = secrets_get(p, name, &s);
	if (e < 0)
		return e;
	/* A utility statement takes no parameters; both texts are ours: a name from the table,
	 * hexadecimal digits from the generator. */
	(void)snprintf(sql, sizeof sql, "ALTER ROLE %s PASSWORD '%.*s'", r->db_user,
		       NP_FMT(secret_peek(&s)));
	e = pg_exec_script(c, sql);
	explicit_bzero(sql, sizeof sql);
	return e;
}

/* "user" "SCRAM-SHA-256$…" per line. */
static np_err add_verifier(struct pg_conn *c, const struct role_info *r, struct buf *list)
{
	NP_CLEANUP(pg_res_free_p) struct pg_res *row = NULL;
	NP_CLEANUP(pg_params_done) struct pg_params q;
	pg_params_init(&q);
	pg_params_c(&q, r->db_user);
	np_err e = pg_exec(c, "SELECT rolpassword FROM pg_authid WHERE rolname = $1", &q, &row);
	if (e < 0)
		return e;
	if (pg_res_rows(row) != 1)
		return NP_E_NOTFOUND;
	return buf_printf(list, "\"%s\" \"%.*s\"\n", r->db_user, NP_FMT(pg_res_str(row, 0, 0)));
}

static np_err write_userlist(const struct place *p, struct buf *why)
{
	char run[PLACE_FILE_MAX], secret[PLACE_FILE_MAX];
	place_path(p, "run", run);
	place_path(p, "secret/admin.db", secret);
	const struct pg_conf conf = { .host = run,
				      .port = 5432,
				      .name = "netpulse",
				      .user = "np_admin",
				      .password_file = secret,
				      .app = "netpulse up" };
	NP_CLEANUP(pg_conn_free_p) struct pg_conn *c = pg_conn_new(&conf);
	NP_CLEANUP(buf_done) struct buf list;
	buf_init(&list, TEXT_MAX);
	np_err e = c == NULL ? NP_E_NOMEM : pg_conn_ready(c, clock_mono_ms() + 5000);
	for (enum role r = 0; e == NP_OK && r < ROLE_N; r++)
		if ((e = set_password(c, p, &roles[r])) == NP_OK)
			e = add_verifier(c, &roles[r], &list);
	if (e == NP_OK)
		e = place_write(p, "secret/pgbouncer.users", buf_str(&list), 0600);
	if (e < 0)
		(void)buf_printf(why, "cannot set the roles' passwords: %s",
				 c != NULL ? pg_conn_error(c)->message : np_err_text(e));
	return e;
}

static np_err write_ini(const struct place *p)
{
	NP_CLEANUP(buf_done) struct buf b;
	buf_init(&b, TEXT_MAX);
	(void)buf_add_c(&b, "; Written by `netpulse up` at each start.\n[databases]\n");
	/* No user= here: PgBouncer can pass a client's SCRAM keys on, but cannot log in with a verifier. */
	for (enum role r = 0; r < ROLE_N; r++)
		(void)buf_printf(&b, "%s = host=%s/run port=5432 dbname=netpulse pool_size=%d\n",
				 roles[r].db_user, p->dir, roles[r].pool);
	(void)buf_printf(
		&b,
		"[pgbouncer]\nlisten_addr =\nlisten_port = 6432\nunix_socket_dir = %s/run\n"
		"unix_socket_mode = 0700\nauth_type = hba\nauth_hba_file = %s/etc/pgbouncer.hba\n"
		"auth_file = %s/secret/pgbouncer.users\npool_mode = transaction\n"
		"max_client_conn = 1000\ndefault_pool_size = 1\nmin_pool_size = 1\n"
		"server_lifetime = 3600\nquery_wait_timeout = 10\nserver_login_retry = 1\n"
		"ignore_startup_parameters = extra_float_digits\nlog_connections = 0\n"
		"log_disconnections = 0\nlog_stats = 0\nadmin_users =\nstats_users =\n",
		p->dir, p->dir, p->dir);
	np_err e = buf_failed(&b);
	if (e == NP_OK)
		e = place_write(p, "etc/pgbouncer.ini", buf_str(&b), 0600);
	/* `sameuser`: a role must not open pools under another's alias. */
	return e < 0 ? e
		     : place_write(p, "etc/pgbouncer.hba",
				   NP_STR("local sameuser all scram-sha-256\n"), 0600);
}

np_err servers_bouncer(struct procs *ps, const struct place *p, struct buf *ret_why)
{
	char ini[PLACE_FILE_MAX];
	place_path(p, "etc/pgbouncer.ini", ini);
	np_err e = write_userlist(p, ret_why);
	if (e == NP_OK)
		e = write_ini(p);
	const struct proc_spec spec = { .name = "pgbouncer",
					.level = 1, /* SIGTERM: at once */
					.argv = { SERVERS_BOUNCER, ini } };
	if (e == NP_OK)
		e = proc_start(ps, &spec);
	return e == NP_OK ? servers_wait_socket(ps, p, "run/.s.PGSQL.6432", "pgbouncer", ret_why)
			  : e;
}
