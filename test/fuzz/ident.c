/* SPDX-License-Identifier: Apache-2.0 */
/* Who a certificate says it is: the URI by itself, and a leaf in DER or PEM. */
#include <stdlib.h>

#include <openssl/err.h>

#include "base/str.h"
#include "net/ident.h"
#include "net/x509.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct ident *id)
{
	if (!ident_region_ok(str_from_c(id->region)))
		abort();
}

static void try_uri(np_str text)
{
	struct ident id;
	struct buf back;
	buf_init(&back, IDENT_URI_MAX);
	if (ident_parse_uri(text, &id) == NP_OK) {
		check(&id);
		ident_uri(str_from_c(id.region), id.uuid, &back);
		if (!str_eq(buf_str(&back), text))
			abort();
	}
	buf_done(&back);
}

static void try_leaf(X509 *leaf)
{
	struct ident id;
	if (leaf && ident_from_leaf(leaf, &id) == NP_OK)
		check(&id);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	np_str text = { (const char *)data, size };
	const unsigned char *der = data;
	STACK_OF(X509) *chain = NULL;
	struct ident id;
	EVP_PKEY *pub = NULL;
	if (size > X509_PEM_MAX)
		return 0;
	try_uri(text);
	X509 *leaf = d2i_X509(NULL, &der, (long)size);
	try_leaf(leaf);
	X509_free(leaf);
	ERR_clear_error();
	if (x509_chain_parse(text, &chain) == NP_OK) {
		try_leaf(sk_X509_value(chain, 0));
		if (ident_from_chain(chain, &id) == NP_OK)
			check(&id);
		x509_chain_free(chain);
	}
	if (x509_csr_key(text, &pub) == NP_OK)
		EVP_PKEY_free(pub);
	return 0;
}
