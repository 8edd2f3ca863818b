/* SPDX-License-Identifier: Apache-2.0 */
#include "unit/t.h"

#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "net/ident.h"
#include "unit/net/pki.h"

#define HOST PKI_REGION IDENT_HOST_SUFFIX
#define URI "spiffe://" HOST "/" PKI_UUID

static void reads_only_the_exact_uri(void **state)
{
	(void)state;
	static const struct {
		const char *uri;
		bool ok;
	} rows[] = {
		{ URI, true },
		{ "spiffe://a.checker.netpulse/" PKI_UUID, true },
		{ "", false },
		{ "spiffe://", false },
		{ "SPIFFE://" HOST "/" PKI_UUID, false },
		{ "https://" HOST "/" PKI_UUID, false },
		{ "spiffe://" HOST, false },
		{ "spiffe://" HOST "/", false },
		{ URI "/", false },
		{ URI "/x", false },
		{ URI "?a", false },
		{ "spiffe://" HOST ":1/" PKI_UUID, false },
		{ "spiffe://u@" HOST "/" PKI_UUID, false },
		{ "spiffe://checker.netpulse/" PKI_UUID, false },
		{ "spiffe://.checker.netpulse/" PKI_UUID, false },
		{ "spiffe://a.b.checker.netpulse/" PKI_UUID, false },
		{ "spiffe://A.checker.netpulse/" PKI_UUID, false },
		{ "spiffe://-a.checker.netpulse/" PKI_UUID, false },
		{ "spiffe://a.checker.netpulse.evil/" PKI_UUID, false },
		{ "spiffe://a.checkerxnetpulse/" PKI_UUID, false },
		{ "spiffe://" HOST "/0190F3A0-1111-7abc-8def-0123456789ab", false },
		{ "spiffe://" HOST "/0190f3a01111-7abc-8def-0123456789ab", false },
		{ "spiffe://" HOST "//" PKI_UUID, false },
	};
	for (size_t i = 0; i < NP_LEN(rows); i++) {
		struct ident id;
		np_err e = ident_parse_uri(str_from_c(rows[i].uri), &id);
		if ((e == NP_OK) != rows[i].ok)
			fail_msg("%s", rows[i].uri);
	}
}

static void a_uri_reads_back(void **state)
{
	(void)state;
	struct buf out;
	struct ident id, again;
	buf_init(&out, IDENT_URI_MAX);
	assert_ok(ident_parse_uri(NP_STR(URI), &id));
	assert_string_equal(id.region, PKI_REGION);
	ident_uri(str_from_c(id.region), id.uuid, &out);
	assert_str(buf_str(&out), URI);
	assert_ok(ident_parse_uri(buf_str(&out), &again));
	assert_memory_equal(id.uuid, again.uuid, 16);
	buf_done(&out);
}

/* One row per way in which a certificate can be wrong. */
enum who { BY_REGION, BY_EDGE, BY_INFRA, BY_SERVER_CA, BY_SELF };

struct bad {
	const char *what;
	enum who by;
	struct mint_san sans[3];
	size_t n_sans;
	bool not_critical, eku_server, no_client, ca, with_cn;
	int64_t from_s, to_s; /* 0, 0: fine */
	bool ok;
};

#define GOOD_SAN                            \
	{                                   \
		MINT_URI,                   \
		{                           \
			URI, sizeof URI - 1 \
		}                           \
	}
#define SAN(kind, text)                       \
	{                                     \
		kind,                         \
		{                             \
			text, sizeof text - 1 \
		}                             \
	}

static const struct bad bads[] = {
	{ "good", BY_REGION, { GOOD_SAN }, 1, .ok = true },
	{ "no name", BY_REGION, { GOOD_SAN }, 0, .ok = false },
	{ "two URIs", BY_REGION, { GOOD_SAN, GOOD_SAN }, 2, .ok = false },
	{ "a DNS name beside it",
	  BY_REGION,
	  { GOOD_SAN, SAN(MINT_DNS, "a.example") },
	  2,
	  .ok = false },
	{ "an IP beside it", BY_REGION, { GOOD_SAN, SAN(MINT_IP, "10.0.0.1") }, 2, .ok = false },
	{ "e-mail beside it", BY_REGION, { GOOD_SAN, SAN(MINT_EMAIL, "a@b.c") }, 2, .ok = false },
	{ "only a DNS name", BY_REGION, { SAN(MINT_DNS, HOST) }, 1, .ok = false },
	{ "name not critical", BY_REGION, { GOOD_SAN }, 1, .not_critical = true },
	{ "a subject", BY_REGION, { GOOD_SAN }, 1, .with_cn = true },
	{ "server usage too", BY_REGION, { GOOD_SAN }, 1, .eku_server = true },
	{ "server usage alone", BY_REGION, { GOOD_SAN }, 1, .eku_server = true, .no_client = true },
	{ "no usage", BY_REGION, { GOOD_SAN }, 1, .no_client = true },
	{ "a CA", BY_REGION, { GOOD_SAN }, 1, .ca = true },
	{ "another region's host",
	  BY_REGION,
	  { SAN(MINT_URI, "spiffe://us-east" IDENT_HOST_SUFFIX "/" PKI_UUID) },
	  1,
	  .ok = false },
	{ "a host below the region's",
	  BY_REGION,
	  { SAN(MINT_URI, "spiffe://x." HOST "/" PKI_UUID) },
	  1,
	  .ok = false },
	{ "expired", BY_REGION, { GOOD_SAN }, 1, .from_s = -7200, .to_s = -10 },
	{ "not yet valid", BY_REGION, { GOOD_SAN }, 1, .from_s = 3600, .to_s = 7200 },
	{ "signed by the root itself", BY_EDGE, { GOOD_SAN }, 1, .ok = false },
	{ "signed by the server CA", BY_SERVER_CA, { GOOD_SAN }, 1, .ok = false },
	{ "signed by the infra root", BY_INFRA, { GOOD_SAN }, 1, .ok = false },
	{ "self-signed", BY_SELF, { GOOD_SAN }, 1, .ok = false },
};

static X509 *mint_bad(const struct pki *p, const struct bad *b, struct mint_issuer *ret_by)
{
	const struct mint_issuer by[] = {
		[BY_REGION] = { p->region, p->region_key },
		[BY_EDGE] = { p->edge, p->edge_key },
		[BY_INFRA] = { p->infra, p->infra_key },
		[BY_SERVER_CA] = { p->server_ca, p->server_key },
		[BY_SELF] = { NULL, NULL },
	};
	struct mint_spec spec = pki_checker_spec(p, b->sans);
	spec.n_sans = b->n_sans;
	spec.san_critical = !b->not_critical;
	spec.eku_server = b->eku_server;
	spec.eku_client = !b->no_client;
	spec.ca = b->ca;
	spec.cn = b->with_cn ? "checker" : NULL;
	if (b->to_s)
		spec.span = pki_span(p, b->from_s, b->to_s);
	X509 *leaf = NULL;
	*ret_by = by[b->by];
	assert_ok(mint_cert(b->by == BY_SELF ? NULL : ret_by, p->leaf_key, &spec, &leaf));
	return leaf;
}

static void refuses_every_certificate_but_a_checkers(void **state)
{
	struct pki *p = *state;
	for (size_t i = 0; i < NP_LEN(bads); i++) {
		struct mint_issuer by;
		struct ident id;
		struct buf chain;
		buf_init(&chain, X509_PEM_MAX);
		X509 *leaf = mint_bad(p, &bads[i], &by);
		pki_chain(leaf, by.cert, &chain);
		np_err e = ident_verify(buf_str(&chain), p->edge, p->now_us, 0, &id);
		if (e != (bads[i].ok ? NP_OK : NP_E_AUTH))
			fail_msg("%s: %s", bads[i].what, np_err_text(e));
		/* An edge leaf means nothing to who trusts the infra root, and the reverse. */
		assert_int_equal(ident_verify(buf_str(&chain), p->infra, p->now_us, 0, &id),
				 NP_E_AUTH);
		X509_free(leaf);
		buf_done(&chain);
	}
}

static void reads_who_it_is(void **state)
{
	struct pki *p = *state;
	struct buf pem;
	struct ident id;
	uint8_t key[32];
	char uuid[37] = "";
	buf_init(&pem, X509_PEM_MAX);
	assert_ok(file_read(pki_path(p, "checker.pem"), &pem));
	assert_ok(ident_verify(buf_str(&pem), p->edge, p->now_us, 0, &id));
	assert_string_equal(id.region, PKI_REGION);
	str_uuid(id.uuid, uuid);
	assert_string_equal(uuid, PKI_UUID);
	assert_int_equal(strlen(id.serial), 32); /* 128 bits */
	assert_int_equal(id.not_after_us, (p->now_us / NP_SEC_US + 3600) * NP_SEC_US);
	assert_false(id.expired);
	assert_ok(x509_key_sha256(p->leaf_key, key));
	assert_memory_equal(key, id.key_sha256, 32);
	buf_done(&pem);
}

static void grace_lets_only_the_leaf_be_late(void **state)
{
	struct pki *p = *state;
	struct buf pem;
	struct ident id;
	int64_t end = (p->now_us / NP_SEC_US + 3600) * NP_SEC_US;
	buf_init(&pem, X509_PEM_MAX);
	assert_ok(file_read(pki_path(p, "checker.pem"), &pem));
	assert_ok(ident_verify(buf_str(&pem), p->edge, end + NP_DAY_US, 2 * NP_DAY_US, &id));
	assert_true(id.expired);
	assert_int_equal(ident_verify(buf_str(&pem), p->edge, end + NP_DAY_US, 0, &id), NP_E_AUTH);
	assert_int_equal(ident_verify(buf_str(&pem), p->edge, end + 3 * NP_DAY_US, 2 * NP_DAY_US,
				      &id),
			 NP_E_AUTH);
	/* by then the intermediate has expired too */
	assert_int_equal(ident_verify(buf_str(&pem), p->edge, end + 20 * NP_DAY_US, 30 * NP_DAY_US,
				      &id),
			 NP_E_AUTH);
	buf_done(&pem);
}

/* An intermediate that its root did not confine to its region is no use. */
static void the_intermediate_must_be_confined(void **state)
{
	struct pki *p = *state;
	const struct mint_issuer edge = { p->edge, p->edge_key };
	const struct mint_spec cas[] = {
		{ .cn = "no constraint",
		  .ca = true,
		  .eku_client = true,
		  .span = pki_span(p, -60, 3600) },
		{ .cn = "no usage", .ca = true, .uri_host = HOST, .span = pki_span(p, -60, 3600) },
		{ .cn = "wider",
		  .ca = true,
		  .eku_client = true,
		  .uri_host = IDENT_HOST_SUFFIX,
		  .span = pki_span(p, -60, 3600) },
	};
	for (size_t i = 0; i < NP_LEN(cas); i++) {
		X509 *ca = NULL, *leaf = NULL;
		struct buf chain;
		struct ident id;
		buf_init(&chain, X509_PEM_MAX);
		assert_ok(mint_cert(&edge, p->region_key, &cas[i], &ca));
		const struct mint_issuer by = { ca, p->region_key };
		assert_ok(mint_checker(&by, p->leaf_key, NP_STR(URI), pki_span(p, -60, 60), &leaf));
		pki_chain(leaf, ca, &chain);
		assert_int_equal(ident_verify(buf_str(&chain), p->edge, p->now_us, 0, &id),
				 NP_E_AUTH);
		X509_free(ca);
		X509_free(leaf);
		buf_done(&chain);
	}
}

static void a_request_gives_its_key_and_nothing_else(void **state)
{
	struct pki *p = *state;
	struct buf pem;
	EVP_PKEY *pub = NULL;
	buf_init(&pem, X509_PEM_MAX);
	assert_ok(x509_csr(p->leaf_key, &pem));
	assert_ok(x509_csr_key(buf_str(&pem), &pub));
	assert_true(EVP_PKEY_eq(pub, p->leaf_key) == 1);
	EVP_PKEY_free(pub);
	/* one bit of the base64 body flipped: the signature must not hold */
	size_t refused = 0;
	for (size_t i = 60; i + 60 < pem.n; i += 7) {
		char keep = pem.p[i];
		pem.p[i] = keep == 'A' ? 'B' : 'A';
		refused += x509_csr_key(buf_str(&pem), &pub) == NP_E_INVAL;
		pem.p[i] = keep;
	}
	assert_true(refused > 20);
	assert_int_equal(x509_csr_key(NP_STR("nonsense"), &pub), NP_E_INVAL);
	buf_done(&pem);
	EVP_PKEY *other = EVP_RSA_gen(2048);
	buf_init(&pem, X509_PEM_MAX);
	assert_ok(x509_csr(other, &pem));
	assert_int_equal(x509_csr_key(buf_str(&pem), &pub), NP_E_INVAL);
	EVP_PKEY_free(other);
	buf_done(&pem);
}

static void key_files_are_private(void **state)
{
	struct pki *p = *state;
	struct stat st;
	EVP_PKEY *key = NULL;
	assert_int_equal(stat(pki_path(p, "checker.key"), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_ok(x509_key_load(pki_path(p, "checker.key"), &key));
	EVP_PKEY_free(key);
	assert_int_equal(chmod(pki_path(p, "checker.key"), 0640), 0);
	assert_int_equal(x509_key_load(pki_path(p, "checker.key"), &key), NP_E_PERM);
	assert_int_equal(chmod(pki_path(p, "checker.key"), 0600), 0);
	assert_int_equal(x509_key_load(pki_path(p, "no.key"), &key), NP_E_NOTFOUND);
}

static void a_chain_is_read_whole_or_not(void **state)
{
	struct pki *p = *state;
	STACK_OF(X509) *chain = NULL;
	struct buf pem;
	buf_init(&pem, X509_PEM_MAX);
	assert_ok(file_read(pki_path(p, "server.pem"), &pem));
	assert_ok(x509_chain_parse(buf_str(&pem), &chain));
	assert_int_equal(sk_X509_num(chain), 3);
	x509_chain_free(chain);
	assert_int_equal(x509_chain_parse(str_sub(buf_str(&pem), 0, pem.n - 40), &chain),
			 NP_E_INVAL);
	assert_int_equal(x509_chain_parse(NP_STR(""), &chain), NP_E_INVAL);
	buf_done(&pem);
}

static int setup(void **state)
{
	static struct pki p;
	pki_init(&p);
	*state = &p;
	return 0;
}

static int teardown(void **state)
{
	pki_done(*state);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_only_the_exact_uri),
		cmocka_unit_test(a_uri_reads_back),
		cmocka_unit_test(refuses_every_certificate_but_a_checkers),
		cmocka_unit_test(reads_who_it_is),
		cmocka_unit_test(grace_lets_only_the_leaf_be_late),
		cmocka_unit_test(the_intermediate_must_be_confined),
		cmocka_unit_test(a_request_gives_its_key_and_nothing_else),
		cmocka_unit_test(key_files_are_private),
		cmocka_unit_test(a_chain_is_read_whole_or_not),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
