/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/str.h"
#include "pg/pg.h"
#include "up/secrets.h"
#include "up/servers.h"

static np_err missing(struct buf *why, const char *what, const char *package)
{
	(void)buf_printf(why, "%s is not installed: run script/setup, or `apt-get install %s`",
			 what, package);
	return NP_E_NOTFOUND;
}

np_err servers_check(const struct place *p, struct buf *ret_why)
{
	if (!file_exists(SERVERS_PG_BIN "postgres"))
		return missing(ret_why, "PostgreSQL " SERVERS_PG_MAJOR, "postgresql-15");
	if (!file_exists(SERVERS_BOUNCER))
		return missing(ret_why, "PgBouncer", "pgbouncer");
	if (!file_exists(SERVERS_REDIS))
		return missing(ret_why, "Redis", "redis-server");
	char path[PLACE_FILE_MAX];
	NP_CLEANUP(buf_done) struct buf version;
	buf_init(&version, 64);
	place_path(p, "pg/PG_VERSION", path);
	if (!file_exists(path))
		return NP_OK;
	np_err e = file_read(path, &version);
	if (e == NP_OK && str_eq_c(str_trim(buf_str(&version)), SERVERS_PG_MAJOR))
		return NP_OK;
	(void)buf_printf(ret_why,
			 "%s/pg was made by PostgreSQL %.*s and this program runs " SERVERS_PG_MAJOR
			 ": move it with pg_upgrade, or choose another folder "
			 "with --data",
			 p->dir, NP_FMT(str_trim(buf_str(&version))));
	return NP_E_VERSION;
}

static bool socket_answers(const char *path)
{
	NP_CLEANUP(np_close_fd) int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	if (fd < 0 || strlen(path) >= sizeof sa.sun_path)
		return false;
	memcpy(sa.sun_path, path, strlen(path) + 1);
	return connect(fd, (const struct sockaddr *)&sa, sizeof sa) == 0;
}

np_err servers_wait_socket(struct procs *ps, const struct place *p, const char *sub,
			   const char *name, struct buf *ret_why)
{
	char path[PLACE_FILE_MAX];
	place_path(p, sub, path);
	int64_t deadline = clock_mono_ms() + SERVERS_WAIT_MS;
	while (!socket_answers(path)) {
		if (clock_mono_ms() < deadline && proc_restarts(ps, name) < 5) {
			procs_turn(ps, 20);
			continue;
		}
		(void)buf_printf(ret_why,
				 "%s does not come up; its last words in %s/log/%s.log: ", name,
				 p->dir, name);
		proc_last_words(ps, name, ret_why);
		return NP_E_TIMEOUT;
	}
	return NP_OK;
}

static np_err init_cluster(struct procs *ps, const struct place *p, struct buf *why)
{
	char pg[PLACE_FILE_MAX], fresh[PLACE_FILE_MAX], pwfile[PLACE_FILE_MAX + 16];
	char secret[PLACE_FILE_MAX];
	place_path(p, "pg", pg);
	place_path(p, "pg.new", fresh);
	place_path(p, "secret/admin.db", secret);
	(void)snprintf(pwfile, sizeof pwfile, "--pwfile=%s", secret);
	if (file_exists(pg))
		return NP_OK;
	/* A first start that was killed leaves pg.new: only a finished one becomes pg. */
	const struct proc_spec rm = { .name = "initdb", .argv = { "/bin/rm", "-rf", fresh } };
	const struct proc_spec init = {
		.name = "initdb",
		.argv = { SERVERS_PG_BIN "initdb", "-D", fresh, "-U", "np_admin", pwfile,
			  "--auth-local=scram-sha-256", "--auth-host=reject", "-E", "UTF8",
			  "--locale=C.UTF-8", "--no-instructions" },
	};
	np_err e = proc_run(ps, &rm, 30000, why);
	if (e == NP_OK)
		e = proc_run(ps, &init, 120000, why);
	if (e == NP_OK && rename(fresh, pg) != 0)
		e = np_err_from_errno(errno);
	return e;
}

static np_err start_postgres(struct procs *ps, const struct place *p)
{
	char pg[PLACE_FILE_MAX], run[PLACE_FILE_MAX];
	place_path(p, "pg", pg);
	place_path(p, "run", run);
	const struct proc_spec spec = {
		.name = "postgres",
		.stop_signal = SIGINT, /* fast shutdown */
		.argv = { SERVERS_PG_BIN "postgres",
			  "-D",
			  pg,
			  "-k",
			  run,
			  "-c",
			  "listen_addresses=",
			  "-c",
			  "unix_socket_permissions=0700",
			  "-c",
			  "max_connections=48",
			  "-c",
			  "shared_buffers=128MB",
			  "-c",
			  "max_wal_size=2GB",
			  "-c",
			  "wal_compression=lz4",
			  "-c",
			  "password_encryption=scram-sha-256",
			  "-c",
			  "timezone=UTC",
			  "-c",
			  "log_timezone=UTC",
			  "-c",
			  "client_connection_check_interval=1000" },
	};
	return proc_start(ps, &spec);
}

static np_err make_database(struct procs *ps, const struct place *p, struct buf *why)
{
	char run[PLACE_FILE_MAX], secret[PLACE_FILE_MAX];
	place_path(p, "run", run);
	place_path(p, "secret/admin.db", secret);
	const struct pg_conf conf = { .host = run,
				      .port = 5432,
				      .name = "postgres",
				      .user = "np_admin",
				      .password_file = secret,
				      .app = "netpulse up" };
	NP_CLEANUP(pg_conn_free_p) struct pg_conn *c = pg_conn_new(&conf);
	NP_CLEANUP(pg_res_free_p) struct pg_res *found = NULL;
	if (c == NULL)
		return NP_E_NOMEM;
	/* The socket accepts before recovery is over. */
	int64_t deadline = clock_mono_ms() + SERVERS_WAIT_MS;
	np_err e;
	while ((e = pg_conn_ready(c, clock_mono_ms() + 2000)) < 0 && clock_mono_ms() < deadline)
		procs_turn(ps, 100);
	if (e == NP_OK)
		e = pg_exec(c, "SELECT 1 FROM pg_database WHERE datname = 'netpulse'", NULL,
			    &found);
	if (e == NP_OK && pg_res_rows(found) == 0)
		e = pg_exec_script(c, "CREATE DATABASE netpulse");
	if (e < 0)
		(void)buf_printf(why, "the private PostgreSQL refuses: %s",
				 pg_conn_error(c)->message);
	return e;
}

np_err servers_postgres(struct procs *ps, const struct place *p, struct buf *ret_why)
{
	NP_CLEANUP(secret_done) struct secret s = { .n = 0 };
	np_err e = secrets_get(p, "admin.db", &s);
	if (e == NP_OK)
		e = init_cluster(ps, p, ret_why);
	if (e == NP_OK)
		e = start_postgres(ps, p);
	if (e == NP_OK)
		e = servers_wait_socket(ps, p, "run/.s.PGSQL.5432", "postgres", ret_why);
	return e == NP_OK ? make_database(ps, p, ret_why) : e;
}
