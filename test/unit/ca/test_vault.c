/* SPDX-License-Identifier: Apache-2.0 */
#include "unit/t.h"

#include <ftw.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/crypt.h"
#include "base/file.h"
#include "ca/init.h"
#include "ca/leaves.h"
#include "net/x509.h"

struct env {
	char dir[64];
	struct vault *v;
	int64_t now;
	struct buf why;
};

static int remove_cb(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
	(void)st, (void)flag, (void)ftw;
	return remove(path);
}

static int setup(void **state)
{
	struct env *v = np_zalloc(sizeof *v);
	(void)snprintf(v->dir, sizeof v->dir, "/tmp/np-ca-XXXXXX");
	assert_non_null(mkdtemp(v->dir));
	v->now = clock_wall_us();
	buf_init(&v->why, 4096);
	assert_ok(vault_create(v->dir, v->now, &v->why));
	assert_ok(vault_open(v->dir, &v->v, &v->why));
	*state = v;
	return 0;
}

static int teardown(void **state)
{
	struct env *v = *state;
	vault_free(v->v);
	buf_done(&v->why);
	(void)nftw(v->dir, remove_cb, 16, FTW_DEPTH | FTW_PHYS);
	free(v);
	return 0;
}

static const char *path(const struct env *v, const char *file)
{
	static char bufs[4][160];
	static unsigned turn;
	char *b = bufs[turn++ % 4];
	(void)snprintf(b, sizeof bufs[0], "%s/%s", v->dir, file);
	return b;
}

static unsigned mode_of(const char *file)
{
	struct stat st;
	assert_int_equal(stat(file, &st), 0);
	return st.st_mode & 07777;
}

static void keys_are_for_their_owner_alone(void **state)
{
	struct env *v = *state;
	assert_int_equal(mode_of(v->dir), 0700);
	static const char *const keys[] = { "edge-root.key", "infra-root.key", "servers.key" };
	for (size_t i = 0; i < NP_LEN(keys); i++)
		assert_int_equal(mode_of(path(v, keys[i])), 0600);
	assert_int_equal(chmod(path(v, "servers.key"), 0644), 0);
	struct vault *other = NULL;
	assert_err(vault_open(v->dir, &other, &v->why), NP_E_PERM);
	assert_true(str_find(buf_str(&v->why), NP_STR("servers")) != SIZE_MAX);
}

static void making_it_again_keeps_what_is_there(void **state)
{
	struct env *v = *state;
	uint8_t before[32], after[32];
	struct vault *again = NULL;
	vault_edge_sha256(v->v, before);
	/* as if the first try had been cut off before its last file */
	assert_int_equal(unlink(path(v, "servers.pem")), 0);
	assert_ok(vault_create(v->dir, v->now, &v->why));
	assert_ok(vault_open(v->dir, &again, &v->why));
	vault_edge_sha256(again, after);
	assert_memory_equal(before, after, 32);
	vault_free(again);
}

static void checkers_of_each_region_hold(void **state)
{
	struct env *v = *state;
	static const char *const regions[] = { "eu-west", "us-east", "eu-west", "x" };
	X509 *root = NULL;
	EVP_PKEY *key = NULL;
	assert_ok(x509_cert_parse(vault_edge_root(v->v), &root));
	assert_ok(x509_key_new(&key));
	for (size_t i = 0; i < NP_LEN(regions); i++) {
		uint8_t uuid[16];
		struct vault_leaf leaf;
		struct ident id;
		rnd_uuid(uuid);
		const struct vault_checker who = { str_from_c(regions[i]), uuid, key };
		assert_ok(vault_checker(v->v, &who, v->now, &leaf));
		assert_ok(ident_verify(buf_str(&leaf.chain), root, v->now, 0, &id));
		assert_string_equal(id.region, regions[i]);
		assert_memory_equal(id.uuid, uuid, 16);
		assert_string_equal(id.serial, leaf.ident.serial);
		assert_int_equal(id.not_after_us / NP_SEC_US,
				 (v->now + VAULT_CHECKER_US) / NP_SEC_US);
		assert_err(ident_verify(buf_str(&leaf.chain), root, v->now + NP_DAY_US + NP_SEC_US,
					0, &id),
			   NP_E_AUTH);
		vault_leaf_done(&leaf);
	}
	assert_int_equal(mode_of(path(v, "region-eu-west.key")), 0600);
	struct vault_leaf leaf;
	uint8_t uuid[16] = { 0 };
	const struct vault_checker bad = { NP_STR("../x"), uuid, key };
	assert_err(vault_checker(v->v, &bad, v->now, &leaf), NP_E_INVAL);
	EVP_PKEY_free(key);
	X509_free(root);
}

static void read_file(const char *file, struct buf *out)
{
	buf_init(out, 1 << 20);
	assert_ok(file_read(file, out));
}

static void servers_are_renewed_at_half_life(void **state)
{
	struct env *v = *state;
	static const char *const names[] = { "127.0.0.1", "gateway.example" };
	static const char *const more[] = { "127.0.0.1", "other.example" };
	struct leaves_plan plan = { path(v, "tls"), names, 2 };
	struct buf first, second, key_first, key_second;
	size_t renewed = 99;
	char tls[160];
	(void)snprintf(tls, sizeof tls, "%s", plan.tls_dir);
	plan.tls_dir = tls;
	assert_ok(leaves_init(v->v, v->dir, &plan, v->now, &v->why));
	assert_int_equal(mode_of(path(v, "tls/gateway.key")), 0600);
	read_file(path(v, "tls/gateway.pem"), &first);
	read_file(path(v, "tls/gateway.key"), &key_first);
	assert_ok(leaves_renew(v->v, v->dir, v->now + 44 * NP_DAY_US, &renewed, &v->why));
	assert_int_equal(renewed, 0);
	assert_ok(leaves_renew(v->v, v->dir, v->now + 46 * NP_DAY_US, &renewed, &v->why));
	assert_int_equal(renewed, 2);
	read_file(path(v, "tls/gateway.pem"), &second);
	read_file(path(v, "tls/gateway.key"), &key_second);
	assert_false(str_eq(buf_str(&first), buf_str(&second)));
	assert_true(str_eq(buf_str(&key_first), buf_str(&key_second))); /* the pair always fits */
	buf_done(&first);
	read_file(path(v, "tls/gateway.pem"), &first);
	assert_ok(leaves_init(v->v, v->dir, &plan, v->now + 46 * NP_DAY_US, &v->why));
	buf_done(&second);
	read_file(path(v, "tls/gateway.pem"), &second);
	assert_true(str_eq(buf_str(&first), buf_str(&second))); /* nothing changed: kept */
	plan.names = more;
	assert_ok(leaves_init(v->v, v->dir, &plan, v->now + 46 * NP_DAY_US, &v->why));
	buf_done(&second);
	read_file(path(v, "tls/gateway.pem"), &second);
	assert_false(str_eq(buf_str(&first), buf_str(&second))); /* another name: new ones */
	buf_done(&first);
	buf_done(&second);
	buf_done(&key_first);
	buf_done(&key_second);
}

static int init(const struct env *v, const char *option, const char *value)
{
	char name[] = "init", dir_o[] = "--dir", tls_o[] = "--tls";
	char dir[160], tls[160], o[64], val[160];
	(void)snprintf(dir, sizeof dir, "%s", path(v, "made/ca"));
	(void)snprintf(tls, sizeof tls, "%s", path(v, "made/tls"));
	(void)snprintf(o, sizeof o, "%s", option ? option : "");
	(void)snprintf(val, sizeof val, "%s", value ? value : "");
	char *argv[] = { name, dir_o, dir, tls_o, tls, option ? o : NULL, val, NULL };
	return init_main(option ? 7 : 5, argv);
}

static void init_makes_everything_and_refuses_nonsense(void **state)
{
	struct env *v = *state;
	static const char *const files[] = { "made/ca/edge-root.key", "made/ca/infra-root.pem",
					     "made/ca/leaves.json",   "made/tls/ca.pem",
					     "made/tls/ca.key",       "made/tls/gateway.pem",
					     "made/tls/gateway.key",  "made/tls/edge-root.pem" };
	assert_int_equal(init(v, "--names", "a b"), 2);
	assert_int_equal(init(v, "--gateway", "nonsense"), 2);
	assert_int_equal(init(v, "--names", "edge.example,192.0.2.7"), 0);
	for (size_t i = 0; i < NP_LEN(files); i++)
		if (!file_exists(path(v, files[i])))
			fail_msg("no %s", files[i]);
	assert_int_equal(init(v, "--gateway", "0.0.0.0:8443"), 0);
	assert_int_equal(init(v, NULL, NULL), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		T(keys_are_for_their_owner_alone),
		T(making_it_again_keeps_what_is_there),
		T(checkers_of_each_region_hold),
		T(servers_are_renewed_at_half_life),
		T(init_makes_everything_and_refuses_nonsense),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
