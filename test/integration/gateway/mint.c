/* SPDX-License-Identifier: Apache-2.0 */
/* Certificates for the tests of the gateway, minted as the ca does.
 *
 *   mint init DIR                          edge root, region CAs on demand, server leaf
 *   mint leaf DIR NAME REGION UUID SECONDS chain in NAME.pem, key in NAME.key; prints the serial
 */
#include <stdio.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/str.h"
#include "net/ident.h"
#include "net/mint.h"
#include "net/x509.h"

#define PATH_SIZE 512

static void path(char ret[PATH_SIZE], const char *dir, const char *name, const char *ext)
{
	(void)snprintf(ret, PATH_SIZE, "%s/%s%s", dir, name, ext);
}

static struct mint_span span(int64_t seconds)
{
	int64_t now = clock_wall_us();
	return (struct mint_span){ now - NP_HOUR_US, now + seconds * NP_SEC_US };
}

static np_err save(const char *dir, const char *name, EVP_PKEY *key, np_str pem)
{
	char p[PATH_SIZE];
	path(p, dir, name, ".key");
	np_err e = x509_key_save(key, p);
	path(p, dir, name, ".pem");
	return e < 0 ? e : file_write_atomic(p, pem, 0600);
}

static np_err save_cert(const char *dir, const char *name, EVP_PKEY *key, X509 *cert)
{
	NP_CLEANUP(buf_done) struct buf pem = { 0 };
	buf_init(&pem, X509_PEM_MAX);
	np_err e = x509_cert_add_pem(cert, &pem);
	return e < 0 ? e : save(dir, name, key, buf_str(&pem));
}

static np_err load(const char *dir, const char *name, EVP_PKEY **ret_key, X509 **ret_cert)
{
	char p[PATH_SIZE];
	path(p, dir, name, ".key");
	np_err e = x509_key_load(p, ret_key);
	path(p, dir, name, ".pem");
	return e < 0 ? e : x509_cert_load(p, ret_cert);
}

static np_err save_chain(const char *dir, const char *name, EVP_PKEY *key, X509 *leaf, X509 *ca)
{
	NP_CLEANUP(buf_done) struct buf pem = { 0 };
	buf_init(&pem, X509_PEM_MAX);
	np_err e = x509_cert_add_pem(leaf, &pem);
	if (e == NP_OK)
		e = x509_cert_add_pem(ca, &pem);
	return e < 0 ? e : save(dir, name, key, buf_str(&pem));
}

static np_err server(const char *dir, const struct mint_issuer *root)
{
	static const char *const names[] = { "localhost", "127.0.0.1" };
	const struct mint_leaf_req req = { .cn = "gateway",
					   .names = names,
					   .n = NP_LEN(names),
					   .server = true,
					   .span = span(86400) };
	NP_CLEANUP(x509_key_free_p) EVP_PKEY *ca_key = NULL;
	NP_CLEANUP(x509_key_free_p) EVP_PKEY *key = NULL;
	NP_CLEANUP(x509_cert_free_p) X509 *ca = NULL;
	NP_CLEANUP(x509_cert_free_p) X509 *leaf = NULL;
	np_err e = x509_key_new(&ca_key);
	if (e == NP_OK)
		e = x509_key_new(&key);
	if (e == NP_OK)
		e = mint_server_ca(root, ca_key, span(86400), &ca);
	if (e == NP_OK)
		e = mint_leaf(&(struct mint_issuer){ ca, ca_key }, key, &req, &leaf);
	return e < 0 ? e : save_chain(dir, "server", key, leaf, ca);
}

static np_err init(const char *dir)
{
	NP_CLEANUP(x509_key_free_p) EVP_PKEY *key = NULL;
	NP_CLEANUP(x509_cert_free_p) X509 *root = NULL;
	np_err e = file_mkdirs(dir, 0700);
	if (e == NP_OK)
		e = x509_key_new(&key);
	if (e == NP_OK)
		e = mint_root(key, "test edge root", span(864000), &root);
	if (e == NP_OK)
		e = save_cert(dir, "root", key, root);
	return e < 0 ? e : server(dir, &(struct mint_issuer){ root, key });
}

static np_err region(const char *dir, np_str name, EVP_PKEY **ret_key, X509 **ret_cert)
{
	char file[128], p[PATH_SIZE];
	(void)snprintf(file, sizeof file, "region-%.*s", NP_FMT(name));
	path(p, dir, file, ".pem");
	if (file_exists(p))
		return load(dir, file, ret_key, ret_cert);
	NP_CLEANUP(x509_key_free_p) EVP_PKEY *root_key = NULL;
	NP_CLEANUP(x509_cert_free_p) X509 *root = NULL;
	np_err e = load(dir, "root", &root_key, &root);
	if (e == NP_OK)
		e = x509_key_new(ret_key);
	if (e == NP_OK)
		e = mint_region_ca(&(struct mint_issuer){ root, root_key }, *ret_key, name,
				   span(86400), ret_cert);
	return e < 0 ? e : save_cert(dir, file, *ret_key, *ret_cert);
}

static np_err leaf(const char *dir, char **arg)
{
	NP_CLEANUP(buf_done) struct buf uri = { 0 };
	char hex[X509_SERIAL_HEX_MAX];
	NP_CLEANUP(x509_key_free_p) EVP_PKEY *ca_key = NULL;
	NP_CLEANUP(x509_key_free_p) EVP_PKEY *key = NULL;
	NP_CLEANUP(x509_cert_free_p) X509 *ca = NULL;
	NP_CLEANUP(x509_cert_free_p) X509 *cert = NULL;
	uint8_t uuid[16];
	int64_t seconds = 0;
	buf_init(&uri, IDENT_URI_MAX);
	np_err e = str_to_uuid(str_from_c(arg[2]), uuid);
	if (e == NP_OK)
		e = str_to_i64(str_from_c(arg[3]), &seconds);
	if (e == NP_OK)
		e = region(dir, str_from_c(arg[1]), &ca_key, &ca);
	if (e == NP_OK)
		e = x509_key_new(&key);
	ident_uri(str_from_c(arg[1]), uuid, &uri);
	if (e == NP_OK)
		e = mint_checker(&(struct mint_issuer){ ca, ca_key }, key, buf_str(&uri),
				 span(seconds), &cert);
	if (e == NP_OK)
		e = save_chain(dir, arg[0], key, cert, ca);
	if (e == NP_OK)
		e = x509_cert_serial(cert, hex);
	if (e == NP_OK)
		(void)printf("%s\n", hex);
	return e;
}

int main(int argc, char **argv)
{
	np_err e = NP_E_INVAL;
	if (argc == 3 && strcmp(argv[1], "init") == 0)
		e = init(argv[2]);
	else if (argc == 7 && strcmp(argv[1], "leaf") == 0)
		e = leaf(argv[2], argv + 3);
	if (e < 0)
		(void)fprintf(stderr, "mint: %s\n", np_err_text(e));
	return e < 0 ? 1 : 0;
}
