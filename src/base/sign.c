/* SPDX-License-Identifier: Apache-2.0 */
#include "base/sign.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include "base/crypt.h"
#include "base/str.h"

struct sign_key {
	EVP_PKEY *pkey;
	uint8_t public[SIGN_PUBLIC_LEN];
};

np_err sign_key_new(np_str seed_hex, struct sign_key **ret)
{
	uint8_t seed[32];
	size_t n = SIGN_PUBLIC_LEN;
	if (seed_hex.n != 2 * sizeof seed || str_unhex(seed_hex, seed, sizeof seed) < 0)
		return NP_E_INVAL;
	struct sign_key *k = np_zalloc(sizeof *k);
	if (k)
		k->pkey = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, seed, sizeof seed);
	OPENSSL_cleanse(seed, sizeof seed);
	if (!k)
		return NP_E_NOMEM;
	if (!k->pkey || EVP_PKEY_get_raw_public_key(k->pkey, k->public, &n) != 1 ||
	    n != SIGN_PUBLIC_LEN) {
		sign_key_free(k);
		return NP_E_CRYPTO;
	}
	*ret = k;
	return NP_OK;
}

np_err sign_key_load(const char *path, struct sign_key **ret)
{
	NP_CLEANUP(secret_done) struct secret seed = { .n = 0 };
	np_err e = secret_load(path, &seed);
	return e < 0 ? e : sign_key_new(secret_peek(&seed), ret);
}

void sign_key_free(struct sign_key *k)
{
	if (!k)
		return;
	EVP_PKEY_free(k->pkey);
	free(k);
}

void sign_key_free_p(struct sign_key **k)
{
	sign_key_free(*k);
	*k = NULL;
}

void sign_key_public(const struct sign_key *k, uint8_t ret[SIGN_PUBLIC_LEN])
{
	memcpy(ret, k->public, SIGN_PUBLIC_LEN);
}

static const unsigned char *bytes_of(np_str s)
{
	return (const unsigned char *)(s.n > 0 ? s.p : "");
}

np_err sign_make(struct sign_key *k, np_str text, uint8_t ret[SIGN_LEN])
{
	EVP_MD_CTX *c = EVP_MD_CTX_new();
	size_t n = SIGN_LEN;
	if (!c)
		return NP_E_NOMEM;
	bool ok = EVP_DigestSignInit(c, NULL, NULL, NULL, k->pkey) == 1 &&
		  EVP_DigestSign(c, ret, &n, bytes_of(text), text.n) == 1 && n == SIGN_LEN;
	EVP_MD_CTX_free(c);
	return ok ? NP_OK : NP_E_CRYPTO;
}

np_err sign_check(const uint8_t key[SIGN_PUBLIC_LEN], np_str text, const uint8_t sig[SIGN_LEN])
{
	EVP_PKEY *pkey = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, key, SIGN_PUBLIC_LEN);
	EVP_MD_CTX *c = EVP_MD_CTX_new();
	np_err e = NP_E_NOMEM;
	if (pkey && c && EVP_DigestVerifyInit(c, NULL, NULL, NULL, pkey) == 1)
		e = EVP_DigestVerify(c, sig, SIGN_LEN, bytes_of(text), text.n) == 1 ? NP_OK
										    : NP_E_AUTH;
	EVP_MD_CTX_free(c);
	EVP_PKEY_free(pkey);
	return e;
}
