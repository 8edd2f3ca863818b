/* SPDX-License-Identifier: Apache-2.0 */
/* Joining and renewing against the real database, over TLS, through the client's own code. */
#include "unit/t.h"

#include <ftw.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "ca/desk.h"
#include "ca/leaves.h"
#include "ca/request.h"
#include "lib/servers.h"
#include "net/enrol.h"
#include "net/x509.h"

#define WAIT_MS T_PATIENCE_MS

struct env {
	char dir[64], id_dir[96], tls_dir[96];
	struct loop *l;
	struct metrics *metrics;
	struct tls *tls;
	struct desk *desk;
	struct httpd *h;
	struct pg_conn *owner, *db;
	struct vault *vault; /* of tests that run requests themselves */
	struct buf why;
	struct token token;
	int done, changed;
	np_err err;
	char said[512];
};

/* Paths of the servers' files; they live as long as the process. */
static const char *srv_dir, *owner_password, *ca_password;

static int remove_cb(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
	(void)st, (void)flag, (void)ftw;
	return remove(path);
}

static void run_sql(struct pg_conn *c, const char *sql)
{
	assert_ok(pg_conn_ready(c, clock_mono_ms() + WAIT_MS));
	if (pg_exec_script(c, sql) < 0)
		fail_msg("%s: %s", sql, pg_conn_error(c)->message);
}

static int64_t ask(struct env *v, const char *sql)
{
	struct pg_res *r = NULL;
	if (pg_exec(v->owner, sql, NULL, &r) < 0)
		fail_msg("%s: %s", sql, pg_conn_error(v->owner)->message);
	int64_t n = pg_res_i64(r, 0, 0);
	pg_res_free(r);
	return n;
}

static struct pg_conf conf_of(const char *user, const char *password_file)
{
	return (struct pg_conf){ .host = srv_dir,
				 .port = 5432,
				 .name = "netpulse",
				 .user = user,
				 .password_file = password_file };
}

static void post_enrol(struct httpd_req *r, void *ctx)
{
	desk_enrol(((struct env *)ctx)->desk, r);
}

static void post_renew(struct httpd_req *r, void *ctx)
{
	desk_renew(((struct env *)ctx)->desk, r);
}

static const struct httpd_route routes[] = {
	{ "POST", "/v1/enrol", REQUEST_BODY_MAX, post_enrol },
	{ "POST", "/v1/renew", REQUEST_BODY_MAX, post_renew },
};

static void changed(void *ctx)
{
	struct env *v = ctx;
	v->changed++;
}

static void migrate(struct env *v)
{
	srv_ctl("schema", "pg");
	run_sql(v->owner, "INSERT INTO np.region (org_id, name) VALUES (1, 'eu-west')");
}

static void serve(struct env *v)
{
	static const char *const names[] = { "127.0.0.1", "localhost" };
	struct vault *vault = NULL;
	struct addr at;
	char cert[128], key[128], root[128];
	const struct leaves_plan plan = { v->tls_dir, names, 2 };
	assert_ok(vault_create(v->dir, clock_wall_us(), &v->why));
	assert_ok(vault_open(v->dir, &vault, &v->why));
	assert_ok(vault_open(v->dir, &v->vault, &v->why));
	assert_ok(leaves_init(vault, v->dir, &plan, clock_wall_us(), &v->why));
	(void)snprintf(cert, sizeof cert, "%s/ca.pem", v->tls_dir);
	(void)snprintf(key, sizeof key, "%s/ca.key", v->tls_dir);
	(void)snprintf(root, sizeof root, "%s/edge-root.pem", v->tls_dir);
	const struct tls_cfg tls = { TLS_ENROL_SERVER, cert, key, root, NULL };
	assert_ok(tls_new(&tls, &v->tls, &v->why));
	const struct desk_cfg desk = { .loop = v->l,
				       .dir = v->dir,
				       .vault = vault,
				       .database = conf_of("np_ca", ca_password),
				       .gateway = "0.0.0.0:8443",
				       .metrics = v->metrics,
				       .changed = changed,
				       .ctx = v };
	v->desk = desk_new(&desk);
	const struct httpd_cfg http = { .routes = routes, .n_routes = NP_LEN(routes), .ctx = v };
	const struct listen_cfg where = { .address = "127.0.0.1:0", .tls = v->tls };
	v->h = httpd_new(v->l, &http);
	assert_ok(httpd_listen(v->h, &where, &v->why));
	httpd_addr(v->h, 0, &at);
	(void)addr_print(&at, v->token.addr);
	vault_edge_sha256(v->vault, v->token.root_sha256);
	(void)snprintf(v->token.region, sizeof v->token.region, "eu-west");
}

static int setup(void **state)
{
	struct env *v = np_zalloc(sizeof *v);
	(void)snprintf(v->dir, sizeof v->dir, "/tmp/np-flow-XXXXXX");
	assert_non_null(mkdtemp(v->dir));
	(void)snprintf(v->id_dir, sizeof v->id_dir, "%s/id", v->dir);
	(void)snprintf(v->tls_dir, sizeof v->tls_dir, "%s/tls", v->dir);
	buf_init(&v->why, 4096);
	v->l = loop_new(NULL);
	v->metrics = metrics_new("ca");
	const struct pg_conf owner = conf_of("np_admin", owner_password);
	const struct pg_conf db = conf_of("np_ca", ca_password);
	v->owner = pg_conn_new(&owner);
	v->db = pg_conn_new(&db);
	migrate(v);
	serve(v);
	*state = v;
	return 0;
}

static int teardown(void **state)
{
	struct env *v = *state;
	httpd_free(v->h);
	desk_free(v->desk);
	vault_free(v->vault);
	tls_free(v->tls);
	loop_free(v->l);
	metrics_free(v->metrics);
	pg_conn_free(v->owner);
	pg_conn_free(v->db);
	buf_done(&v->why);
	(void)nftw(v->dir, remove_cb, 16, FTW_DEPTH | FTW_PHYS);
	free(v);
	return 0;
}

static void put_token(struct env *v, const char *cidr, const char *expires)
{
	static const char sql[] =
		"INSERT INTO np.join_token (token_sha256, org_id, region_id, cidr,"
		" created_by, expires_at) VALUES ($1, 1, 1, $2::text::cidr, 'test',"
		" now() + $3::text::interval)";
	uint8_t sum[32];
	struct pg_params p;
	token_fresh(&v->token);
	token_hash(v->token.secret, sum);
	pg_params_init(&p);
	pg_params_bytea(&p, (np_str){ (const char *)sum, sizeof sum });
	pg_params_c(&p, cidr);
	pg_params_c(&p, expires);
	if (pg_exec(v->owner, sql, &p, NULL) < 0)
		fail_msg("%s", pg_conn_error(v->owner)->message);
	pg_params_done(&p);
}

static void told(void *ctx, np_err e, const char *why)
{
	struct env *v = ctx;
	v->done++;
	v->err = e;
	(void)snprintf(v->said, sizeof v->said, "%s", why);
}

static void wait_done(struct env *v)
{
	int64_t until = clock_mono_ms() + WAIT_MS;
	while (!v->done && clock_mono_ms() < until)
		loop_run_for(v->l, 5);
	assert_int_equal(v->done, 1);
	v->done = 0;
}

static void join(struct env *v)
{
	struct enrol *e = NULL;
	const struct enrol_cfg cfg = { v->id_dir, told, v };
	assert_ok(enrol_join(v->l, &cfg, &v->token, &e));
	wait_done(v);
}

static void renew(struct env *v)
{
	struct enrol *e = NULL;
	const struct enrol_cfg cfg = { v->id_dir, told, v };
	assert_ok(enrol_renew(v->l, &cfg, &e));
	wait_done(v);
}

static void load(struct env *v, struct enrol_identity *id)
{
	buf_reset(&v->why);
	if (enrol_load(v->id_dir, clock_wall_us(), id, &v->why) < 0)
		fail_msg("%s", buf_c(&v->why));
}

static void a_token_makes_a_checker(void **state)
{
	struct env *v = *state;
	struct enrol_identity id;
	struct stat st;
	char key[128];
	put_token(v, "127.0.0.0/8", "15 minutes");
	join(v);
	if (v->err < 0)
		fail_msg("%s", v->said);
	load(v, &id);
	assert_string_equal(id.region, "eu-west");
	assert_string_equal(id.ca_addr, v->token.addr);
	assert_int_equal(id.n_gateways, 1);
	assert_string_equal(id.gateways[0], "127.0.0.1:8443"); /* not "everywhere" */
	assert_false(id.expired);
	(void)snprintf(key, sizeof key, "%s/key.pem", v->id_dir);
	assert_int_equal(stat(key, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(ask(v, "SELECT count(*) FROM np.checker WHERE state = 'active'"), 1);
	assert_int_equal(ask(v, "SELECT count(*) FROM np.join_token t JOIN np.checker c ON"
				" c.id = t.checker_id AND c.key_sha256 = t.key_sha256"),
			 1);
	assert_int_equal(ask(v, "SELECT count(*) FROM np.audit WHERE act = 'checker.enrol' AND"
				" actor = 'ca' AND after->>'outcome' = 'enrol'"),
			 1);
	assert_int_equal(v->changed, 1);
	/* the same token in other hands */
	(void)snprintf(v->id_dir, sizeof v->id_dir, "%s/id2", v->dir);
	join(v);
	assert_err(v->err, NP_E_DENIED);
	assert_non_null(strstr(v->said, "used already"));
	assert_int_equal(ask(v, "SELECT count(*) FROM np.checker"), 1);
	assert_int_equal(
		ask(v, "SELECT count(*) FROM np.audit WHERE act = 'checker.enrol_refused'"), 1);
}

static void refuses_tokens_that_do_not_hold(void **state)
{
	struct env *v = *state;
	put_token(v, NULL, "-1 second");
	join(v);
	assert_err(v->err, NP_E_DENIED);
	assert_non_null(strstr(v->said, "15 minutes"));
	put_token(v, "192.0.2.0/24", "15 minutes");
	join(v);
	assert_err(v->err, NP_E_DENIED);
	assert_non_null(strstr(v->said, "address you come from"));
	token_fresh(&v->token);
	join(v);
	assert_err(v->err, NP_E_DENIED);
	assert_non_null(strstr(v->said, "unknown"));
	v->token.root_sha256[0] ^= 1;
	join(v);
	assert_err(v->err, NP_E_AUTH);
	assert_int_equal(ask(v, "SELECT count(*) FROM np.checker"), 0);
}

/* An answer got lost: the same key asks again, and it is the same checker. */
static void the_same_key_may_repeat(void **state)
{
	struct env *v = *state;
	struct enrol_identity first, second;
	char from[128], to[128];
	put_token(v, NULL, "15 minutes");
	join(v);
	assert_ok(v->err);
	load(v, &first);
	(void)snprintf(from, sizeof from, "%s/key.pem", v->id_dir);
	(void)snprintf(to, sizeof to, "%s/next.key.pem", v->id_dir);
	assert_int_equal(rename(from, to), 0);
	(void)snprintf(from, sizeof from, "%s/cert.pem", v->id_dir);
	assert_int_equal(unlink(from), 0);
	join(v);
	assert_ok(v->err);
	load(v, &second);
	assert_memory_equal(first.checker, second.checker, 16);
	assert_int_equal(ask(v, "SELECT count(*) FROM np.checker"), 1);
	assert_int_equal(ask(v, "SELECT count(*) FROM np.checker WHERE next_serial IS NOT NULL"),
			 1);
}

static void renews_with_a_new_key_until_banned(void **state)
{
	struct env *v = *state;
	struct enrol_identity before, after;
	put_token(v, NULL, "15 minutes");
	join(v);
	load(v, &before);
	renew(v);
	if (v->err < 0)
		fail_msg("%s", v->said);
	load(v, &after);
	assert_memory_equal(before.checker, after.checker, 16);
	assert_int_equal(ask(v, "SELECT count(*) FROM np.checker WHERE next_serial <> serial"), 1);
	/* the new certificate counts as used when it renews in its turn */
	run_sql(v->owner, "CREATE TEMP TABLE was AS SELECT next_serial FROM np.checker");
	renew(v);
	assert_ok(v->err);
	assert_int_equal(ask(v, "SELECT count(*) FROM np.checker c JOIN was w"
				" ON w.next_serial = c.serial WHERE c.next_serial <> c.serial"),
			 1);
	assert_int_equal(ask(v, "SELECT count(*) FROM np.audit WHERE act = 'checker.renew'"), 2);
	run_sql(v->owner, "UPDATE np.checker SET state = 'banned'");
	renew(v);
	assert_err(v->err, NP_E_DENIED);
	assert_non_null(strstr(v->said, "banned"));
	assert_int_equal(
		ask(v, "SELECT count(*) FROM np.audit WHERE act = 'checker.renew_refused'"), 1);
	load(v, &after); /* what it has stays whole */
}

/* ---- requests by themselves ---------------------------------------------------------------- */

static void run(struct env *v, struct request *q, np_str body)
{
	request_init(q);
	q->body = body;
	q->vault = v->vault;
	q->db = v->db;
	q->gateway = "g:1";
	assert_ok(addr_parse_ip(NP_STR("::ffff:127.0.0.1"), &q->from));
	request_run(q);
}

static void malformed_bodies_are_said_and_change_nothing(void **state)
{
	struct env *v = *state;
	static const char *const bodies[] = {
		"",
		"{",
		"[]",
		"{}",
		"{\"token\":\"x\",\"csr\":\"y\"}",
		"{\"token\":1,\"csr\":\"y\"}",
		"{\"token\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\",\"csr\":\"y\"}",
		"{\"token\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\",\"csr\":\"y\",\"region\":\"a\"}",
		"{\"csr\":\"a\",\"csr\":\"b\",\"token\":\"c\"}",
	};
	for (size_t i = 0; i < NP_LEN(bodies); i++) {
		struct request q;
		run(v, &q, str_from_c(bodies[i]));
		assert_int_equal(q.status, 400);
		assert_true(strlen(q.detail) > 5);
		assert_false(q.changed);
		request_done(&q);
	}
	assert_int_equal(ask(v, "SELECT count(*) FROM np.audit"), 0);
}

static void without_a_database_the_answer_is_later(void **state)
{
	struct env *v = *state;
	struct buf body, csr;
	EVP_PKEY *key = NULL;
	struct request q;
	buf_init(&csr, 4096);
	buf_init(&body, 8192);
	assert_ok(x509_key_new(&key));
	assert_ok(x509_csr(key, &csr));
	(void)buf_add_c(&body,
			"{\"token\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\",\"csr\":\"");
	for (size_t i = 0; i < csr.n; i++)
		(void)buf_add_c(&body, csr.p[i] == '\n' ? "\\n" : (char[]){ csr.p[i], 0 });
	(void)buf_add_c(&body, "\"}");
	run(v, &q, buf_str(&body));
	assert_int_equal(q.status, 403);
	request_done(&q);
	pg_conn_free(v->db);
	const struct pg_conf nowhere = { .host = "/nonexistent", .name = "x", .user = "x" };
	v->db = pg_conn_new(&nowhere);
	run(v, &q, buf_str(&body));
	assert_int_equal(q.status, 503);
	request_done(&q);
	EVP_PKEY_free(key);
	buf_done(&csr);
	buf_done(&body);
}

static void too_many_refusals_must_wait(void **state)
{
	struct env *v = *state;
	token_fresh(&v->token);
	for (int i = 0; i < 20; i++) {
		join(v);
		assert_err(v->err, NP_E_DENIED);
	}
	join(v);
	assert_err(v->err, NP_E_AGAIN);
	assert_non_null(strstr(v->said, "too many"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		T(a_token_makes_a_checker),
		T(refuses_tokens_that_do_not_hold),
		T(the_same_key_may_repeat),
		T(renews_with_a_new_key_until_banned),
		T(malformed_bodies_are_said_and_change_nothing),
		T(without_a_database_the_answer_is_later),
		T(too_many_refusals_must_wait),
	};
	srv_dir = srv_path("");
	owner_password = srv_path("np_admin.db");
	ca_password = srv_path("np_ca.db");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
