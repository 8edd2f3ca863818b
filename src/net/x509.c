/* SPDX-License-Identifier: Apache-2.0 */
#include "net/x509.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/bio.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <sys/stat.h>

#include "base/crypt.h"
#include "base/file.h"
#include "base/str.h"

#define CHAIN_MAX 8

void x509_key_free_p(EVP_PKEY **k)
{
	EVP_PKEY_free(*k);
	*k = NULL;
}

void x509_cert_free_p(X509 **c)
{
	X509_free(*c);
	*c = NULL;
}

static void bio_free_p(BIO **b)
{
	BIO_free(*b);
	*b = NULL;
}

/* Never ask a terminal for a passphrase. */
static int no_passphrase(char *out, int size, int rwflag, void *ctx)
{
	(void)out, (void)size, (void)rwflag, (void)ctx;
	return -1;
}

/* OpenSSL's queue of errors must not leak into the next call's diagnosis. */
static np_err refused(np_err e)
{
	ERR_clear_error();
	return e;
}

/* ---- keys ------------------------------------------------------------------- */

np_err x509_key_new(EVP_PKEY **ret_key)
{
	EVP_PKEY *k = EVP_EC_gen("P-256");
	if (!k)
		return refused(NP_E_CRYPTO);
	*ret_key = k;
	return NP_OK;
}

bool x509_key_is_p256(EVP_PKEY *key)
{
	char group[32];
	size_t n = 0;
	if (!key || EVP_PKEY_get_base_id(key) != EVP_PKEY_EC)
		return false;
	if (EVP_PKEY_get_group_name(key, group, sizeof group, &n) != 1)
		return false;
	return str_eq_c((np_str){ group, n }, SN_X9_62_prime256v1);
}

np_err x509_key_save(EVP_PKEY *key, const char *path)
{
	NP_CLEANUP(bio_free_p) BIO *b = BIO_new(BIO_s_secmem());
	if (!b)
		return refused(NP_E_NOMEM);
	if (PEM_write_bio_PKCS8PrivateKey(b, key, NULL, NULL, 0, NULL, NULL) != 1)
		return refused(NP_E_CRYPTO);
	char *p = NULL;
	long n = BIO_get_mem_data(b, &p);
	if (n <= 0)
		return NP_E_CRYPTO;
	return file_write_atomic(path, (np_str){ p, (size_t)n }, 0600);
}

static np_err key_parse(np_str pem, EVP_PKEY **ret_key)
{
	NP_CLEANUP(bio_free_p) BIO *b = BIO_new_mem_buf(pem.p, (int)pem.n);
	if (!b)
		return refused(NP_E_NOMEM);
	NP_CLEANUP(x509_key_free_p)
	EVP_PKEY *k = PEM_read_bio_PrivateKey(b, NULL, no_passphrase, NULL);
	if (!x509_key_is_p256(k))
		return refused(NP_E_CORRUPT);
	*ret_key = np_take(k);
	return NP_OK;
}

np_err x509_key_load(const char *path, EVP_PKEY **ret_key)
{
	struct stat st;
	if (stat(path, &st) < 0)
		return np_err_from_errno(errno);
	if (st.st_mode & (S_IRWXG | S_IRWXO))
		return NP_E_PERM;
	NP_CLEANUP(buf_done) struct buf pem;
	buf_init(&pem, X509_PEM_MAX);
	np_err e = file_read(path, &pem);
	if (e == NP_OK)
		e = key_parse(buf_str(&pem), ret_key);
	if (pem.p)
		OPENSSL_cleanse(pem.p, pem.n);
	return e;
}

np_err x509_key_sha256(EVP_PKEY *key, uint8_t ret[32])
{
	unsigned char *der = NULL;
	int n = i2d_PUBKEY(key, &der);
	if (n <= 0)
		return refused(NP_E_CRYPTO);
	crypt_sha256((np_str){ (const char *)der, (size_t)n }, ret);
	OPENSSL_free(der);
	return NP_OK;
}

/* ---- certificates --------------------------------------------------------------- */

static np_err add_pem(BIO *b, struct buf *out)
{
	char *p = NULL;
	long n = BIO_get_mem_data(b, &p);
	if (n <= 0)
		return NP_E_CRYPTO;
	return buf_add(out, (np_str){ p, (size_t)n });
}

np_err x509_cert_add_pem(X509 *cert, struct buf *out)
{
	NP_CLEANUP(bio_free_p) BIO *b = BIO_new(BIO_s_mem());
	if (!b || PEM_write_bio_X509(b, cert) != 1)
		return refused(NP_E_CRYPTO);
	return add_pem(b, out);
}

void x509_chain_free(STACK_OF(X509) * chain)
{
	sk_X509_pop_free(chain, X509_free);
}

np_err x509_chain_parse(np_str pem, STACK_OF(X509) * *ret_chain)
{
	if (pem.n > X509_PEM_MAX)
		return NP_E_LIMIT;
	NP_CLEANUP(bio_free_p) BIO *b = BIO_new_mem_buf(pem.p, (int)pem.n);
	STACK_OF(X509) *chain = sk_X509_new_null();
	if (!b || !chain)
		goto fail;
	for (X509 *c; (c = PEM_read_bio_X509(b, NULL, no_passphrase, NULL)) != NULL;) {
		if (sk_X509_num(chain) >= CHAIN_MAX || sk_X509_push(chain, c) == 0) {
			X509_free(c);
			goto fail;
		}
	}
	/* The end of the text is an error of its own; anything else is damage. */
	if (sk_X509_num(chain) == 0 || ERR_GET_REASON(ERR_peek_last_error()) != PEM_R_NO_START_LINE)
		goto fail;
	ERR_clear_error();
	*ret_chain = chain;
	return NP_OK;
fail:
	x509_chain_free(chain);
	return refused(NP_E_INVAL);
}

np_err x509_cert_parse(np_str pem, X509 **ret_cert)
{
	STACK_OF(X509) *chain = NULL;
	np_err e = x509_chain_parse(pem, &chain);
	if (e < 0)
		return e;
	*ret_cert = sk_X509_shift(chain);
	x509_chain_free(chain);
	return NP_OK;
}

np_err x509_cert_load(const char *path, X509 **ret_cert)
{
	NP_CLEANUP(buf_done) struct buf pem;
	buf_init(&pem, X509_PEM_MAX);
	np_err e = file_read(path, &pem);
	return e < 0 ? e : x509_cert_parse(buf_str(&pem), ret_cert);
}

np_err x509_cert_key_sha256(X509 *cert, uint8_t ret[32])
{
	unsigned char *der = NULL;
	int n = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(cert), &der);
	if (n <= 0)
		return refused(NP_E_CRYPTO);
	crypt_sha256((np_str){ (const char *)der, (size_t)n }, ret);
	OPENSSL_free(der);
	return NP_OK;
}

np_err x509_cert_sha256(X509 *cert, uint8_t ret[32])
{
	unsigned int n = 32;
	if (X509_digest(cert, EVP_sha256(), ret, &n) != 1)
		return refused(NP_E_CRYPTO);
	return NP_OK;
}

static np_err time_us(const ASN1_TIME *t, int64_t *ret)
{
	struct tm tm;
	if (!t || ASN1_TIME_to_tm(t, &tm) != 1)
		return refused(NP_E_INVAL);
	*ret = (int64_t)timegm(&tm) * NP_SEC_US;
	return NP_OK;
}

np_err x509_cert_times(X509 *cert, int64_t *ret_not_before_us, int64_t *ret_not_after_us)
{
	int64_t from, to;
	np_err e = time_us(X509_get0_notBefore(cert), &from);
	if (e == NP_OK)
		e = time_us(X509_get0_notAfter(cert), &to);
	if (e < 0)
		return e;
	*ret_not_before_us = from;
	*ret_not_after_us = to;
	return NP_OK;
}

np_err x509_cert_serial(X509 *cert, char ret_hex[X509_SERIAL_HEX_MAX])
{
	const ASN1_INTEGER *serial = X509_get0_serialNumber(cert);
	int n = ASN1_STRING_length(serial);
	if (n <= 0 || n > (X509_SERIAL_HEX_MAX - 1) / 2)
		return NP_E_RANGE;
	if (ASN1_STRING_type(serial) & V_ASN1_NEG)
		return NP_E_RANGE;
	str_hex(ASN1_STRING_get0_data(serial), (size_t)n, ret_hex);
	ret_hex[2 * n] = 0;
	return NP_OK;
}

bool x509_cert_has_key(X509 *cert, EVP_PKEY *key)
{
	bool same = EVP_PKEY_eq(X509_get0_pubkey(cert), key) == 1;
	ERR_clear_error();
	return same;
}

/* ---- requests ------------------------------------------------------------------- */

static void req_free_p(X509_REQ **r)
{
	X509_REQ_free(*r);
	*r = NULL;
}

np_err x509_csr(EVP_PKEY *key, struct buf *ret_pem)
{
	NP_CLEANUP(req_free_p) X509_REQ *r = X509_REQ_new();
	NP_CLEANUP(bio_free_p) BIO *b = BIO_new(BIO_s_mem());
	if (!r || !b)
		return refused(NP_E_NOMEM);
	if (X509_REQ_set_version(r, X509_REQ_VERSION_1) != 1 || X509_REQ_set_pubkey(r, key) != 1 ||
	    X509_REQ_sign(r, key, EVP_sha256()) <= 0 || PEM_write_bio_X509_REQ(b, r) != 1)
		return refused(NP_E_CRYPTO);
	return add_pem(b, ret_pem);
}

np_err x509_csr_key(np_str pem, EVP_PKEY **ret_pub)
{
	if (pem.n > X509_PEM_MAX)
		return NP_E_INVAL;
	NP_CLEANUP(bio_free_p) BIO *b = BIO_new_mem_buf(pem.p, (int)pem.n);
	if (!b)
		return refused(NP_E_NOMEM);
	NP_CLEANUP(req_free_p) X509_REQ *r = PEM_read_bio_X509_REQ(b, NULL, no_passphrase, NULL);
	NP_CLEANUP(x509_key_free_p) EVP_PKEY *pub = r ? X509_REQ_get_pubkey(r) : NULL;
	if (!x509_key_is_p256(pub) || X509_REQ_verify(r, pub) != 1)
		return refused(NP_E_INVAL);
	*ret_pub = np_take(pub);
	return NP_OK;
}
