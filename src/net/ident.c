/* SPDX-License-Identifier: Apache-2.0 */
#include "net/ident.h"

#include <openssl/err.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "base/str.h"
#include "net/x509.h"

#define SCHEME "spiffe://"
#define UUID_LEN 36

static_assert(IDENT_SERIAL_MAX + 1 == X509_SERIAL_HEX_MAX, "one size of serial");

bool ident_region_ok(np_str region)
{
	if (region.n == 0 || region.n > IDENT_REGION_MAX)
		return false;
	for (size_t i = 0; i < region.n; i++) {
		char c = region.p[i];
		bool alnum = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
		bool inner = i > 0 && i + 1 < region.n;
		if (!alnum && !(c == '-' && inner))
			return false;
	}
	return true;
}

static bool is_lower_uuid(np_str s)
{
	if (s.n != UUID_LEN)
		return false;
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] >= 'A' && s.p[i] <= 'F')
			return false;
	return true;
}

np_err ident_parse_uri(np_str uri, struct ident *ret)
{
	np_str suffix = NP_STR(IDENT_HOST_SUFFIX), host, path;
	if (!str_starts(uri, NP_STR(SCHEME)))
		return NP_E_AUTH;
	if (!str_cut(str_sub(uri, sizeof SCHEME - 1, uri.n), '/', &host, &path))
		return NP_E_AUTH;
	if (!str_ends(host, suffix))
		return NP_E_AUTH;
	np_str region = str_sub(host, 0, host.n - suffix.n);
	uint8_t uuid[16];
	if (!ident_region_ok(region) || !is_lower_uuid(path) || str_to_uuid(path, uuid) < 0)
		return NP_E_AUTH;
	memcpy(ret->region, region.p, region.n);
	ret->region[region.n] = 0;
	memcpy(ret->uuid, uuid, sizeof uuid);
	return NP_OK;
}

void ident_uri(np_str region, const uint8_t uuid[16], struct buf *out)
{
	char text[UUID_LEN];
	str_uuid(uuid, text);
	(void)buf_printf(out, SCHEME "%.*s" IDENT_HOST_SUFFIX "/%.*s", NP_FMT(region), UUID_LEN,
			 text);
}

/* ---- one certificate ---------------------------------------------------------------- */

static bool eku_is_only(X509 *c, int nid)
{
	EXTENDED_KEY_USAGE *eku = X509_get_ext_d2i(c, NID_ext_key_usage, NULL, NULL);
	bool only = eku && sk_ASN1_OBJECT_num(eku) == 1 &&
		    OBJ_obj2nid(sk_ASN1_OBJECT_value(eku, 0)) == nid;
	EXTENDED_KEY_USAGE_free(eku);
	return only;
}

/* The text of the one URI among the names; {NULL,0} when they are anything else. */
static np_str only_uri(const GENERAL_NAMES *names)
{
	if (!names || sk_GENERAL_NAME_num(names) != 1)
		return (np_str){ NULL, 0 };
	const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, 0);
	if (name->type != GEN_URI)
		return (np_str){ NULL, 0 };
	const ASN1_IA5STRING *s = name->d.uniformResourceIdentifier;
	return (np_str){ (const char *)ASN1_STRING_get0_data(s), (size_t)ASN1_STRING_length(s) };
}

static np_err read_name(X509 *leaf, struct ident *id)
{
	int critical = 0;
	/* NULL also when the extension is there twice */
	GENERAL_NAMES *names = X509_get_ext_d2i(leaf, NID_subject_alt_name, &critical, NULL);
	np_err e = NP_E_AUTH;
	if (critical == 1 && X509_NAME_entry_count(X509_get_subject_name(leaf)) == 0)
		e = ident_parse_uri(only_uri(names), id);
	GENERAL_NAMES_free(names);
	return e;
}

np_err ident_from_leaf(X509 *leaf, struct ident *ret)
{
	struct ident id = { .expired = false };
	EVP_PKEY *key = X509_get0_pubkey(leaf);
	np_err e = NP_E_AUTH;
	if (X509_get_version(leaf) == X509_VERSION_3 && X509_check_ca(leaf) == 0 &&
	    eku_is_only(leaf, NID_client_auth) && x509_key_is_p256(key))
		e = read_name(leaf, &id);
	if (e == NP_OK && x509_cert_serial(leaf, id.serial) < 0)
		e = NP_E_AUTH;
	if (e == NP_OK && x509_cert_times(leaf, &id.not_before_us, &id.not_after_us) < 0)
		e = NP_E_AUTH;
	if (e == NP_OK && x509_cert_key_sha256(leaf, id.key_sha256) < 0)
		e = NP_E_AUTH;
	ERR_clear_error();
	if (e == NP_OK)
		*ret = id;
	return e;
}

/* ---- the chain ------------------------------------------------------------------------ */

static bool permits_only(X509 *ca, np_str host)
{
	int critical = 0;
	NAME_CONSTRAINTS *nc = X509_get_ext_d2i(ca, NID_name_constraints, &critical, NULL);
	bool only = false;
	if (nc && critical == 1 && !nc->excludedSubtrees &&
	    sk_GENERAL_SUBTREE_num(nc->permittedSubtrees) == 1) {
		const GENERAL_NAME *base = sk_GENERAL_SUBTREE_value(nc->permittedSubtrees, 0)->base;
		if (base->type == GEN_URI) {
			const ASN1_IA5STRING *s = base->d.uniformResourceIdentifier;
			only = str_eq(host, (np_str){ (const char *)ASN1_STRING_get0_data(s),
						      (size_t)ASN1_STRING_length(s) });
		}
	}
	NAME_CONSTRAINTS_free(nc);
	return only;
}

np_err ident_from_chain(const STACK_OF(X509) * chain, struct ident *ret)
{
	if (!chain || sk_X509_num(chain) != 3)
		return NP_E_AUTH;
	struct ident id;
	np_err e = ident_from_leaf(sk_X509_value(chain, 0), &id);
	if (e < 0)
		return e;
	X509 *ca = sk_X509_value(chain, 1);
	char host[IDENT_URI_MAX];
	(void)snprintf(host, sizeof host, "%s" IDENT_HOST_SUFFIX, id.region);
	bool ok = X509_get_pathlen(ca) == 0 && eku_is_only(ca, NID_client_auth) &&
		  permits_only(ca, str_from_c(host));
	ERR_clear_error();
	if (!ok)
		return NP_E_AUTH;
	*ret = id;
	return NP_OK;
}

int ident_let_expired_cb(int ok, X509_STORE_CTX *ctx)
{
	if (!ok && X509_STORE_CTX_get_error(ctx) == X509_V_ERR_CERT_HAS_EXPIRED &&
	    X509_STORE_CTX_get_error_depth(ctx) == 0) {
		X509_STORE_CTX_set_error(ctx, X509_V_OK);
		return 1;
	}
	return ok;
}

np_err ident_from_verified(X509_STORE_CTX *ctx, int64_t wall_us, int64_t grace_us,
			   struct ident *ret)
{
	struct ident id;
	np_err e = ident_from_chain(X509_STORE_CTX_get0_chain(ctx), &id);
	if (e < 0)
		return e;
	id.expired = id.not_after_us < wall_us;
	if (id.expired && wall_us - id.not_after_us > grace_us)
		return NP_E_AUTH;
	*ret = id;
	return NP_OK;
}

static np_err verify(X509_STORE_CTX *ctx, int64_t wall_us, int64_t grace_us, struct ident *ret)
{
	X509_STORE_CTX_set_time(ctx, 0, (time_t)(wall_us / NP_SEC_US));
	if (grace_us > 0)
		X509_STORE_CTX_set_verify_cb(ctx, ident_let_expired_cb);
	if (X509_STORE_CTX_set_purpose(ctx, X509_PURPOSE_SSL_CLIENT) != 1 ||
	    X509_verify_cert(ctx) != 1)
		return NP_E_AUTH;
	return ident_from_verified(ctx, wall_us, grace_us, ret);
}

np_err ident_verify(np_str chain_pem, X509 *root, int64_t wall_us, int64_t grace_us,
		    struct ident *ret)
{
	STACK_OF(X509) *chain = NULL;
	np_err e = x509_chain_parse(chain_pem, &chain);
	if (e < 0)
		return NP_E_AUTH;
	X509_STORE *store = X509_STORE_new();
	X509_STORE_CTX *ctx = X509_STORE_CTX_new();
	e = NP_E_NOMEM;
	if (store && ctx && X509_STORE_add_cert(store, root) == 1 &&
	    X509_STORE_CTX_init(ctx, store, sk_X509_value(chain, 0), chain) == 1)
		e = verify(ctx, wall_us, grace_us, ret);
	X509_STORE_CTX_free(ctx);
	X509_STORE_free(store);
	x509_chain_free(chain);
	ERR_clear_error();
	return e;
}
