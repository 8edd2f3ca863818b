/* SPDX-License-Identifier: Apache-2.0 */
/* Join tokens and the identity folder. */
#include "unit/t.h"

#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "net/identdir.h"
#include "net/token.h"
#include "unit/net/pki.h"

static struct token sample(void)
{
	struct token t = { .addr = "ca.example:8444", .region = "eu-west" };
	memset(t.root_sha256, 0xab, sizeof t.root_sha256);
	token_fresh(&t);
	return t;
}

static void a_token_reads_back(void **state)
{
	(void)state;
	struct token t = sample(), got;
	struct buf text;
	uint8_t a[32], b[32];
	buf_init(&text, TOKEN_TEXT_MAX + 2);
	assert_ok(token_encode(&t, &text));
	assert_true(str_starts(buf_str(&text), NP_STR("npj1.")));
	(void)buf_add_c(&text, "\n");
	assert_ok(token_parse(buf_str(&text), &got));
	assert_string_equal(got.addr, t.addr);
	assert_string_equal(got.region, t.region);
	assert_memory_equal(got.root_sha256, t.root_sha256, 32);
	assert_memory_equal(got.secret, t.secret, TOKEN_SECRET_LEN);
	token_hash(t.secret, a);
	token_hash(got.secret, b);
	assert_memory_equal(a, b, 32);
	buf_done(&text);
}

/* Any change of any byte, and any shortening, gives no token or another one: never a crash, and
 * never the same secret under a changed secret part. */
static void a_damaged_token_is_none(void **state)
{
	(void)state;
	struct token t = sample(), got;
	struct buf text;
	buf_init(&text, TOKEN_TEXT_MAX);
	assert_ok(token_encode(&t, &text));
	for (size_t n = 0; n < text.n; n++)
		assert_err(token_parse(str_sub(buf_str(&text), 0, n), &got), NP_E_INVAL);
	static const char *const bad[] = { "", "npj1..", "npj2.e30.AAAA", "npj1.e30.",
					   "npj1.e30.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA" };
	for (size_t i = 0; i < NP_LEN(bad); i++)
		assert_err(token_parse(str_from_c(bad[i]), &got), NP_E_INVAL);
	struct token wrong = t;
	(void)snprintf(wrong.region, sizeof wrong.region, "Not OK");
	assert_err(token_encode(&wrong, &text), NP_E_INVAL);
	wrong = t;
	(void)snprintf(wrong.addr, sizeof wrong.addr, "nowhere");
	assert_err(token_encode(&wrong, &text), NP_E_INVAL);
	buf_done(&text);
}

/* ---- the folder ------------------------------------------------------------------------- */

#define URI "spiffe://" PKI_REGION ".checker.netpulse/" PKI_UUID

struct env {
	struct pki pki;
	struct buf chain, root, why;
	struct enrol_identity id;
};

static int setup(void **state)
{
	struct env *v = np_zalloc(sizeof *v);
	pki_init(&v->pki);
	buf_init(&v->chain, X509_PEM_MAX);
	buf_init(&v->root, X509_PEM_MAX);
	buf_init(&v->why, 4096);
	assert_ok(x509_cert_add_pem(v->pki.edge, &v->root));
	(void)snprintf(v->id.region, sizeof v->id.region, "%s", PKI_REGION);
	(void)snprintf(v->id.ca_addr, sizeof v->id.ca_addr, "127.0.0.1:8444");
	(void)snprintf(v->id.gateways[0], sizeof v->id.gateways[0], "[::1]:8443");
	v->id.n_gateways = 1;
	assert_ok(str_to_uuid(NP_STR(PKI_UUID), v->id.checker));
	*state = v;
	return 0;
}

static int teardown(void **state)
{
	static const char *const files[] = { "key.pem",       "cert.pem",     "root.pem",
					     "identity.json", "next.key.pem", "next.cert.pem" };
	struct env *v = *state;
	for (size_t i = 0; i < NP_LEN(files); i++)
		(void)unlink(pki_path(&v->pki, files[i]));
	buf_done(&v->chain);
	buf_done(&v->root);
	buf_done(&v->why);
	pki_done(&v->pki);
	free(v);
	return 0;
}

/* The ca's answer for the key under way. */
static void sign_next(struct env *v)
{
	EVP_PKEY *key = NULL;
	X509 *leaf = NULL;
	const struct mint_issuer ca = { v->pki.region, v->pki.region_key };
	assert_ok(identdir_next_key(v->pki.dir, &key));
	assert_ok(mint_checker(&ca, key, NP_STR(URI), pki_span(&v->pki, -60, 3600), &leaf));
	buf_reset(&v->chain);
	pki_chain(leaf, v->pki.region, &v->chain);
	X509_free(leaf);
	EVP_PKEY_free(key);
}

static void store(struct env *v)
{
	const struct identdir_answer a = { buf_str(&v->chain), buf_str(&v->root), &v->id };
	assert_ok(identdir_store(v->pki.dir, &a));
}

static np_err load(struct env *v)
{
	struct enrol_identity id;
	buf_reset(&v->why);
	np_err e = enrol_load(v->pki.dir, clock_wall_us(), &id, &v->why);
	if (e == NP_OK) {
		assert_string_equal(id.region, PKI_REGION);
		assert_string_equal(id.gateways[0], "[::1]:8443");
		assert_false(id.expired);
	} else {
		assert_true(v->why.n > 0);
	}
	return e;
}

static void a_folder_reads_back_what_was_stored(void **state)
{
	struct env *v = *state;
	assert_err(load(v), NP_E_NOTFOUND);
	sign_next(v);
	store(v);
	assert_ok(load(v));
	assert_false(file_exists(pki_path(&v->pki, "next.key.pem")));
	assert_false(file_exists(pki_path(&v->pki, "next.cert.pem")));
}

/* Cut off after each step of a renewal: before, the old pair; after, the new one. */
static void an_interrupted_renewal_leaves_a_pair_that_fits(void **state)
{
	struct env *v = *state;
	struct buf old, now;
	buf_init(&old, X509_PEM_MAX);
	buf_init(&now, X509_PEM_MAX);
	sign_next(v);
	store(v);
	assert_ok(file_read(pki_path(&v->pki, "cert.pem"), &old));
	sign_next(v); /* key made, answer not there */
	assert_ok(load(v));
	assert_ok(file_read(pki_path(&v->pki, "cert.pem"), &now));
	assert_true(str_eq(buf_str(&old), buf_str(&now)));
	/* certificate written, nothing moved */
	assert_ok(file_write_atomic(pki_path(&v->pki, "next.cert.pem"), buf_str(&v->chain), 0644));
	assert_ok(load(v));
	buf_reset(&now);
	assert_ok(file_read(pki_path(&v->pki, "cert.pem"), &now));
	assert_true(str_eq(buf_str(&v->chain), buf_str(&now)));
	/* key moved, certificate not */
	sign_next(v);
	assert_ok(file_write_atomic(pki_path(&v->pki, "next.cert.pem"), buf_str(&v->chain), 0644));
	assert_int_equal(rename(pki_path(&v->pki, "next.key.pem"), pki_path(&v->pki, "key.pem")),
			 0);
	assert_ok(load(v));
	/* a certificate whose key is gone */
	sign_next(v);
	assert_ok(file_write_atomic(pki_path(&v->pki, "next.cert.pem"), buf_str(&v->chain), 0644));
	assert_int_equal(unlink(pki_path(&v->pki, "next.key.pem")), 0);
	assert_ok(load(v));
	assert_false(file_exists(pki_path(&v->pki, "next.cert.pem")));
	buf_done(&old);
	buf_done(&now);
}

static void a_mixed_up_folder_is_refused(void **state)
{
	struct env *v = *state;
	sign_next(v);
	store(v);
	assert_ok(x509_key_save(v->pki.leaf_key, pki_path(&v->pki, "key.pem")));
	assert_err(load(v), NP_E_CORRUPT);
	sign_next(v);
	store(v);
	assert_ok(load(v));
	struct buf infra;
	buf_init(&infra, X509_PEM_MAX);
	assert_ok(x509_cert_add_pem(v->pki.infra, &infra));
	assert_ok(file_write_atomic(pki_path(&v->pki, "root.pem"), buf_str(&infra), 0644));
	assert_err(load(v), NP_E_AUTH);
	buf_done(&infra);
	assert_ok(file_write_atomic(pki_path(&v->pki, "root.pem"), buf_str(&v->root), 0644));
	assert_ok(file_write_atomic(pki_path(&v->pki, "identity.json"), NP_STR("{}"), 0644));
	assert_err(load(v), NP_E_CORRUPT);
	v->id.checker[0] ^= 1;
	sign_next(v);
	store(v);
	assert_err(load(v), NP_E_CORRUPT);
}

static void renews_around_half_life(void **state)
{
	(void)state;
	const struct enrol_identity id = { .not_before_us = 1000 * NP_HOUR_US,
					   .not_after_us = 1024 * NP_HOUR_US };
	int64_t low = enrol_renew_at_us(&id, 0), high = enrol_renew_at_us(&id, UINT32_MAX);
	assert_int_equal(low, 1012 * NP_HOUR_US - 12 * NP_HOUR_US / 10);
	assert_true(high > 1013 * NP_HOUR_US && high < 1012 * NP_HOUR_US + 12 * NP_HOUR_US / 10);
	assert_int_equal(enrol_renew_at_us(&id, UINT32_MAX / 2 + 1), 1012 * NP_HOUR_US);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		cmocka_unit_test(a_token_reads_back),
		cmocka_unit_test(a_damaged_token_is_none),
		T(a_folder_reads_back_what_was_stored),
		T(an_interrupted_renewal_leaves_a_pair_that_fits),
		T(a_mixed_up_folder_is_refused),
		cmocka_unit_test(renews_around_half_life),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
