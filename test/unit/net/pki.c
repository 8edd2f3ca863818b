/* SPDX-License-Identifier: Apache-2.0 */
#include "unit/net/pki.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "unit/t.h"

#include "base/clock.h"
#include "base/file.h"
#include "net/ident.h"

const char *pki_path(const struct pki *p, const char *file)
{
	static char bufs[4][160];
	static unsigned turn;
	char *b = bufs[turn++ % 4];
	(void)snprintf(b, sizeof bufs[0], "%s/%s", p->dir, file);
	return b;
}

struct mint_span pki_span(const struct pki *p, int64_t from_s, int64_t to_s)
{
	return (struct mint_span){ p->now_us + from_s * NP_SEC_US, p->now_us + to_s * NP_SEC_US };
}

struct mint_spec pki_checker_spec(const struct pki *p, const struct mint_san *san)
{
	return (struct mint_spec){ .sans = san,
				   .n_sans = 1,
				   .san_critical = true,
				   .eku_client = true,
				   .span = pki_span(p, -60, 3600) };
}

void pki_chain(X509 *leaf, X509 *ca, struct buf *out)
{
	assert_ok(x509_cert_add_pem(leaf, out));
	if (ca)
		assert_ok(x509_cert_add_pem(ca, out));
}

static void write_pair(struct pki *p, const char *name, np_str chain, EVP_PKEY *key)
{
	char file[64];
	(void)snprintf(file, sizeof file, "%s.pem", name);
	assert_ok(file_write_atomic(pki_path(p, file), chain, 0644));
	(void)snprintf(file, sizeof file, "%s.key", name);
	assert_ok(x509_key_save(key, pki_path(p, file)));
}

void pki_write(struct pki *p, const char *name, const struct mint_issuer *ca, EVP_PKEY *key,
	       const struct mint_spec *spec)
{
	struct buf chain;
	X509 *leaf = NULL;
	buf_init(&chain, X509_PEM_MAX);
	assert_ok(mint_cert(ca, key, spec, &leaf));
	pki_chain(leaf, ca ? ca->cert : NULL, &chain);
	write_pair(p, name, buf_str(&chain), key);
	X509_free(leaf);
	buf_done(&chain);
}

static void write_server(struct pki *p)
{
	static const char *const names[] = { "127.0.0.1", "localhost" };
	const struct mint_leaf_req req = { .cn = "gateway",
					   .names = names,
					   .n = 2,
					   .server = true,
					   .span = pki_span(p, -60, 3600) };
	const struct mint_issuer ca = { p->server_ca, p->server_key };
	struct buf chain;
	X509 *leaf = NULL;
	buf_init(&chain, X509_PEM_MAX);
	assert_ok(mint_leaf(&ca, p->leaf_key, &req, &leaf));
	pki_chain(leaf, p->server_ca, &chain);
	assert_ok(x509_cert_add_pem(p->edge, &chain));
	write_pair(p, "server", buf_str(&chain), p->leaf_key);
	X509_free(leaf);
	buf_done(&chain);
}

static void write_root(struct pki *p, X509 *root, const char *file)
{
	struct buf pem;
	buf_init(&pem, X509_PEM_MAX);
	assert_ok(x509_cert_add_pem(root, &pem));
	assert_ok(file_write_atomic(pki_path(p, file), buf_str(&pem), 0644));
	buf_done(&pem);
}

void pki_init(struct pki *p)
{
	*p = (struct pki){ .now_us = clock_wall_us() };
	(void)snprintf(p->dir, sizeof p->dir, "/tmp/np-test-XXXXXX");
	assert_non_null(mkdtemp(p->dir));
	EVP_PKEY **keys[] = { &p->edge_key, &p->infra_key, &p->region_key, &p->server_key,
			      &p->leaf_key };
	for (size_t i = 0; i < NP_LEN(keys); i++)
		assert_ok(x509_key_new(keys[i]));
	struct mint_span span = pki_span(p, -3600, 10 * 86400);
	assert_ok(mint_root(p->edge_key, "edge", span, &p->edge));
	assert_ok(mint_root(p->infra_key, "infra", span, &p->infra));
	const struct mint_issuer edge = { p->edge, p->edge_key };
	assert_ok(mint_region_ca(&edge, p->region_key, NP_STR(PKI_REGION), span, &p->region));
	assert_ok(mint_server_ca(&edge, p->server_key, span, &p->server_ca));
	write_root(p, p->edge, "edge.pem");
	write_root(p, p->infra, "infra.pem");
	write_server(p);
	const struct mint_san san = { MINT_URI, NP_STR("spiffe://" PKI_REGION
						       ".checker.netpulse/" PKI_UUID) };
	const struct mint_spec spec = pki_checker_spec(p, &san);
	const struct mint_issuer region = { p->region, p->region_key };
	pki_write(p, "checker", &region, p->leaf_key, &spec);
}

void pki_done(struct pki *p)
{
	EVP_PKEY *keys[] = { p->edge_key, p->infra_key, p->region_key, p->server_key, p->leaf_key };
	X509 *certs[] = { p->edge, p->infra, p->region, p->server_ca };
	for (size_t i = 0; i < NP_LEN(keys); i++)
		EVP_PKEY_free(keys[i]);
	for (size_t i = 0; i < NP_LEN(certs); i++)
		X509_free(certs[i]);
	static const char *const files[] = { "edge.pem",   "infra.pem",   "server.pem",
					     "server.key", "checker.pem", "checker.key",
					     "other.pem",  "other.key" };
	for (size_t i = 0; i < NP_LEN(files); i++)
		(void)unlink(pki_path(p, files[i]));
	(void)rmdir(p->dir);
}
