/* SPDX-License-Identifier: Apache-2.0 */
#include "net/mint.h"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "base/crypt.h"
#include "base/str.h"
#include "net/addr.h"
#include "net/ident.h"

#define SERIAL_LEN 16

static np_err ssl_rc(int rc)
{
	if (rc > 0)
		return NP_OK;
	ERR_clear_error();
	return NP_E_CRYPTO;
}

static np_err set_serial(X509 *c)
{
	uint8_t raw[SERIAL_LEN];
	rnd_bytes(raw, sizeof raw);
	raw[0] = (uint8_t)((raw[0] & 0x7f) | 0x40); /* positive, and always 16 bytes long */
	BIGNUM *bn = BN_bin2bn(raw, sizeof raw, NULL);
	np_err e = ssl_rc(bn && BN_to_ASN1_INTEGER(bn, X509_get_serialNumber(c)) != NULL);
	BN_free(bn);
	return e;
}

static np_err set_times(X509 *c, struct mint_span span)
{
	time_t from = (time_t)(span.not_before_us / NP_SEC_US);
	time_t to = (time_t)(span.not_after_us / NP_SEC_US);
	if (to < from)
		return NP_E_RANGE;
	return ssl_rc(ASN1_TIME_set(X509_getm_notBefore(c), from) != NULL &&
		      ASN1_TIME_set(X509_getm_notAfter(c), to) != NULL);
}

static np_err set_names(X509 *c, const char *cn, X509 *issuer)
{
	if (cn) {
		const unsigned char *text = (const unsigned char *)cn;
		int rc = X509_NAME_add_entry_by_txt(X509_get_subject_name(c), "CN", MBSTRING_UTF8,
						    text, -1, -1, 0);
		if (rc != 1)
			return ssl_rc(0);
	}
	return ssl_rc(X509_set_issuer_name(c, X509_get_subject_name(issuer ? issuer : c)));
}

/* ---- extensions -------------------------------------------------------------- */

static np_err add_ext(X509 *c, int nid, void *value, bool critical)
{
	return ssl_rc(X509_add1_ext_i2d(c, nid, value, critical, X509V3_ADD_APPEND));
}

static np_err add_basic(X509 *c, const struct mint_spec *spec)
{
	BASIC_CONSTRAINTS *bc = BASIC_CONSTRAINTS_new();
	if (!bc)
		return ssl_rc(0);
	np_err e = NP_OK;
	if (spec->ca) {
		bc->ca = 0xff;
		bc->pathlen = ASN1_INTEGER_new();
		e = ssl_rc(bc->pathlen && ASN1_INTEGER_set(bc->pathlen, spec->pathlen));
	}
	if (e == NP_OK)
		e = add_ext(c, NID_basic_constraints, bc, true);
	BASIC_CONSTRAINTS_free(bc);
	return e;
}

/* Bits of KeyUsage, RFC 5280 4.2.1.3. */
enum { KU_BIT_SIGNATURE = 0, KU_BIT_CERT_SIGN = 5, KU_BIT_CRL_SIGN = 6 };

static np_err add_usage(X509 *c, bool ca)
{
	ASN1_BIT_STRING *bits = ASN1_BIT_STRING_new();
	int rc = bits != NULL;
	if (ca)
		rc = rc && ASN1_BIT_STRING_set_bit(bits, KU_BIT_CERT_SIGN, 1) &&
		     ASN1_BIT_STRING_set_bit(bits, KU_BIT_CRL_SIGN, 1);
	else
		rc = rc && ASN1_BIT_STRING_set_bit(bits, KU_BIT_SIGNATURE, 1);
	np_err e = rc ? add_ext(c, NID_key_usage, bits, true) : ssl_rc(0);
	ASN1_BIT_STRING_free(bits);
	return e;
}

static np_err add_extended_usage(X509 *c, const struct mint_spec *spec)
{
	if (!spec->eku_server && !spec->eku_client)
		return NP_OK;
	EXTENDED_KEY_USAGE *eku = EXTENDED_KEY_USAGE_new();
	int rc = eku != NULL;
	if (spec->eku_server)
		rc = rc && sk_ASN1_OBJECT_push(eku, OBJ_nid2obj(NID_server_auth));
	if (spec->eku_client)
		rc = rc && sk_ASN1_OBJECT_push(eku, OBJ_nid2obj(NID_client_auth));
	np_err e = rc ? add_ext(c, NID_ext_key_usage, eku, false) : ssl_rc(0);
	EXTENDED_KEY_USAGE_free(eku);
	return e;
}

static ASN1_STRING *new_string(int type, const void *p, size_t n)
{
	ASN1_STRING *s = ASN1_STRING_type_new(type);
	if (s && ASN1_STRING_set(s, p, (int)n) == 1)
		return s;
	ASN1_STRING_free(s);
	return NULL;
}

static ASN1_STRING *san_value(const struct mint_san *san)
{
	if (san->kind != MINT_IP)
		return new_string(V_ASN1_IA5STRING, san->text.p, san->text.n);
	struct addr a;
	if (addr_parse_ip(san->text, &a) < 0)
		return NULL;
	if (a.u.sa.sa_family == AF_INET)
		return new_string(V_ASN1_OCTET_STRING, &a.u.in.sin_addr, sizeof a.u.in.sin_addr);
	return new_string(V_ASN1_OCTET_STRING, &a.u.in6.sin6_addr, sizeof a.u.in6.sin6_addr);
}

static GENERAL_NAME *new_name(const struct mint_san *san)
{
	static const int kinds[] = { [MINT_DNS] = GEN_DNS,
				     [MINT_IP] = GEN_IPADD,
				     [MINT_URI] = GEN_URI,
				     [MINT_EMAIL] = GEN_EMAIL };
	ASN1_STRING *value = san_value(san);
	GENERAL_NAME *name = value ? GENERAL_NAME_new() : NULL;
	if (!name) {
		ASN1_STRING_free(value);
		return NULL;
	}
	GENERAL_NAME_set0_value(name, kinds[san->kind], value);
	return name;
}

static np_err add_sans(X509 *c, const struct mint_spec *spec)
{
	if (spec->n_sans == 0)
		return NP_OK;
	GENERAL_NAMES *names = GENERAL_NAMES_new();
	np_err e = ssl_rc(names != NULL);
	for (size_t i = 0; i < spec->n_sans && e == NP_OK; i++) {
		GENERAL_NAME *name = new_name(&spec->sans[i]);
		e = ssl_rc(name && sk_GENERAL_NAME_push(names, name));
		if (e < 0)
			GENERAL_NAME_free(name);
	}
	if (e == NP_OK)
		e = add_ext(c, NID_subject_alt_name, names, spec->san_critical);
	GENERAL_NAMES_free(names);
	return e;
}

static np_err add_constraint(X509 *c, const struct mint_spec *spec)
{
	if (!spec->uri_host)
		return NP_OK;
	const struct mint_san host = { MINT_URI, str_from_c(spec->uri_host) };
	NAME_CONSTRAINTS *nc = NAME_CONSTRAINTS_new();
	GENERAL_SUBTREE *tree = GENERAL_SUBTREE_new();
	GENERAL_NAME *name = new_name(&host);
	np_err e = ssl_rc(nc && tree && name);
	if (e == NP_OK) {
		GENERAL_NAME_free(tree->base);
		tree->base = np_take(name);
		nc->permittedSubtrees = sk_GENERAL_SUBTREE_new_null();
		e = ssl_rc(nc->permittedSubtrees &&
			   sk_GENERAL_SUBTREE_push(nc->permittedSubtrees, tree));
		if (e == NP_OK)
			tree = NULL;
	}
	if (e == NP_OK)
		e = add_ext(c, NID_name_constraints, nc, true);
	GENERAL_NAME_free(name);
	GENERAL_SUBTREE_free(tree);
	NAME_CONSTRAINTS_free(nc);
	return e;
}

/* Key identifiers: how a verifier finds the issuer among several. */
static np_err add_key_ids(X509 *c, X509 *issuer)
{
	X509V3_CTX ctx;
	X509V3_set_ctx(&ctx, issuer ? issuer : c, c, NULL, NULL, 0);
	const struct {
		int nid;
		const char *value;
	} rows[] = { { NID_subject_key_identifier, "hash" },
		     { NID_authority_key_identifier, "keyid" } };
	for (size_t i = 0; i < NP_LEN(rows); i++) {
		X509_EXTENSION *ext = X509V3_EXT_conf_nid(NULL, &ctx, rows[i].nid, rows[i].value);
		np_err e = ssl_rc(ext && X509_add_ext(c, ext, -1));
		X509_EXTENSION_free(ext);
		if (e < 0)
			return e;
	}
	return NP_OK;
}

/* ---- certificates --------------------------------------------------------------- */

static np_err fill(X509 *c, X509 *issuer, EVP_PKEY *pub, const struct mint_spec *spec)
{
	np_err e = ssl_rc(X509_set_version(c, X509_VERSION_3) == 1 && X509_set_pubkey(c, pub) == 1);
	if (e == NP_OK)
		e = set_serial(c);
	if (e == NP_OK)
		e = set_times(c, spec->span);
	if (e == NP_OK)
		e = set_names(c, spec->cn, issuer);
	if (e == NP_OK)
		e = add_basic(c, spec);
	if (e == NP_OK)
		e = add_usage(c, spec->ca);
	if (e == NP_OK)
		e = add_extended_usage(c, spec);
	if (e == NP_OK)
		e = add_constraint(c, spec);
	if (e == NP_OK)
		e = add_sans(c, spec);
	if (e == NP_OK)
		e = add_key_ids(c, issuer);
	return e;
}

np_err mint_cert(const struct mint_issuer *issuer, EVP_PKEY *pub, const struct mint_spec *spec,
		 X509 **ret_cert)
{
	X509 *c = X509_new();
	if (!c)
		return ssl_rc(0);
	np_err e = fill(c, issuer ? issuer->cert : NULL, pub, spec);
	if (e == NP_OK)
		e = ssl_rc(X509_sign(c, issuer ? issuer->key : pub, EVP_sha256()));
	if (e < 0) {
		X509_free(c);
		return e;
	}
	*ret_cert = c;
	return NP_OK;
}

np_err mint_root(EVP_PKEY *key, const char *cn, struct mint_span span, X509 **ret_cert)
{
	const struct mint_spec spec = { .cn = cn, .ca = true, .pathlen = 1, .span = span };
	return mint_cert(NULL, key, &spec, ret_cert);
}

np_err mint_region_ca(const struct mint_issuer *root, EVP_PKEY *pub, np_str region,
		      struct mint_span span, X509 **ret_cert)
{
	if (!ident_region_ok(region))
		return NP_E_INVAL;
	char cn[IDENT_URI_MAX], host[IDENT_URI_MAX];
	(void)snprintf(cn, sizeof cn, "NetPulse region %.*s", NP_FMT(region));
	(void)snprintf(host, sizeof host, "%.*s" IDENT_HOST_SUFFIX, NP_FMT(region));
	const struct mint_spec spec = {
		.cn = cn, .ca = true, .eku_client = true, .uri_host = host, .span = span
	};
	return mint_cert(root, pub, &spec, ret_cert);
}

np_err mint_server_ca(const struct mint_issuer *root, EVP_PKEY *pub, struct mint_span span,
		      X509 **ret_cert)
{
	const struct mint_spec spec = {
		.cn = "NetPulse servers", .ca = true, .eku_server = true, .span = span
	};
	return mint_cert(root, pub, &spec, ret_cert);
}

np_err mint_checker(const struct mint_issuer *region_ca, EVP_PKEY *pub, np_str spiffe_uri,
		    struct mint_span span, X509 **ret_cert)
{
	const struct mint_san san = { MINT_URI, spiffe_uri };
	const struct mint_spec spec = {
		.sans = &san, .n_sans = 1, .san_critical = true, .eku_client = true, .span = span
	};
	return mint_cert(region_ca, pub, &spec, ret_cert);
}

np_err mint_leaf(const struct mint_issuer *ca, EVP_PKEY *pub, const struct mint_leaf_req *req,
		 X509 **ret_cert)
{
	struct mint_san sans[MINT_SANS_MAX];
	if (req->n > NP_LEN(sans))
		return NP_E_LIMIT;
	for (size_t i = 0; i < req->n; i++) {
		struct addr a;
		np_str name = str_from_c(req->names[i]);
		bool is_ip = addr_parse_ip(name, &a) == NP_OK;
		if (!is_ip && !addr_is_hostname(name))
			return NP_E_INVAL;
		sans[i] = (struct mint_san){ is_ip ? MINT_IP : MINT_DNS, name };
	}
	const struct mint_spec spec = { .cn = req->cn,
					.sans = sans,
					.n_sans = req->n,
					.eku_server = req->server,
					.eku_client = req->client,
					.span = req->span };
	return mint_cert(ca, pub, &spec, ret_cert);
}
