/* SPDX-License-Identifier: Apache-2.0 */
#include "checker/certs.h"

#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "base/file.h"
#include "base/str.h"
#include "checker/say.h"
#include "net/addr.h"

struct certs {
	X509_STORE *store;
};

/* Where distributions keep the bundle of all roots: one read instead of a look-up in a folder
 * per issuer. */
static const char *const bundles[] = {
	"/etc/ssl/certs/ca-certificates.crt",
	"/etc/pki/tls/certs/ca-bundle.crt",
	"/etc/ssl/cert.pem",
};

static const char *system_bundle(void)
{
	for (size_t i = 0; i < NP_LEN(bundles); i++)
		if (file_exists(bundles[i]))
			return bundles[i];
	return NULL;
}

np_err certs_new(const char *ca_file, struct certs **ret_certs, struct buf *ret_why)
{
	struct certs *c = np_zalloc(sizeof *c);
	if (!c)
		return NP_E_NOMEM;
	c->store = X509_STORE_new();
	const char *path = ca_file ? ca_file : system_bundle();
	int ok = !c->store ? 0
		 : path    ? X509_STORE_load_file(c->store, path)
			   : X509_STORE_set_default_paths(c->store);
	if (ok != 1) {
		buf_printf(ret_why, "cannot read trusted certificates from %s",
			   path ? path : "the system's places (install ca-certificates)");
		certs_free(c);
		return NP_E_CRYPTO;
	}
	*ret_certs = c;
	return NP_OK;
}

void certs_free(struct certs *c)
{
	if (!c)
		return;
	X509_STORE_free(c->store);
	free(c);
}

static int64_t seconds_of(const ASN1_TIME *t)
{
	int days = 0, secs = 0;
	ASN1_TIME *epoch = ASN1_TIME_set(NULL, 0);
	int ok = epoch ? ASN1_TIME_diff(&days, &secs, epoch, t) : 0;
	ASN1_TIME_free(epoch);
	return ok ? (int64_t)days * 86400 + secs : 0;
}

static void note_error(struct cert_seen *s, X509_STORE_CTX *x, int err)
{
	X509 *cert = X509_STORE_CTX_get_current_cert(x);
	bool ended = err == X509_V_ERR_CERT_HAS_EXPIRED;
	if (ended || err == X509_V_ERR_CERT_NOT_YET_VALID) {
		if (s->err_time && s->time_depth == 0)
			return;
		s->err_time = err;
		s->time_depth = X509_STORE_CTX_get_error_depth(x);
		s->time_s = !cert ? 0
				  : seconds_of(ended ? X509_get0_notAfter(cert)
						     : X509_get0_notBefore(cert));
	} else if (err == X509_V_ERR_HOSTNAME_MISMATCH || err == X509_V_ERR_IP_ADDRESS_MISMATCH) {
		s->err_host = err;
	} else if (!s->err_trust) {
		s->err_trust = err;
	}
}

/* Collect every complaint and go on to the end. */
static int on_complaint(int ok, X509_STORE_CTX *x)
{
	struct cert_seen *s = X509_STORE_CTX_get_app_data(x);
	if (!ok)
		note_error(s, x, X509_STORE_CTX_get_error(x));
	return 1;
}

static int first_error(const struct cert_seen *s)
{
	return s->err_time ? s->err_time : s->err_host ? s->err_host : s->err_trust;
}

static int on_verify(X509_STORE_CTX *x, void *arg)
{
	struct cert_seen *s = arg;
	X509 *leaf = X509_STORE_CTX_get0_cert(x);
	if (leaf) {
		s->any = true;
		s->not_before_s = seconds_of(X509_get0_notBefore(leaf));
		s->not_after_s = seconds_of(X509_get0_notAfter(leaf));
	}
	X509_STORE_CTX_set_app_data(x, s);
	X509_STORE_CTX_set_verify_cb(x, on_complaint);
	if (X509_verify_cert(x) <= 0 && !first_error(s))
		s->err_trust = X509_V_ERR_UNSPECIFIED;
	/* The handshake goes on; who asked for it reads the verdict. */
	X509_STORE_CTX_set_error(x, s->verify ? first_error(s) : X509_V_OK);
	return 1;
}

np_err certs_prepare(struct certs *c, SSL_CTX *ctx, struct cert_seen *seen)
{
	struct addr ip;
	X509_VERIFY_PARAM *p = SSL_CTX_get0_param(ctx);
	SSL_CTX_set1_cert_store(ctx, c->store);
	SSL_CTX_set_cert_verify_callback(ctx, on_verify, seen);
	SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
	X509_VERIFY_PARAM_set_hostflags(p, X509_CHECK_FLAG_NEVER_CHECK_SUBJECT |
						   X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
	int ok = addr_parse_ip(str_from_c(seen->host), &ip) == NP_OK
			 ? X509_VERIFY_PARAM_set1_ip_asc(p, seen->host)
			 : X509_VERIFY_PARAM_set1_host(p, seen->host, 0);
	return ok == 1 ? NP_OK : NP_E_CRYPTO;
}

bool certs_ok(const struct cert_seen *s)
{
	return !s->verify || !first_error(s);
}

static np_str say_time(const struct cert_seen *s, int64_t wall_s, struct arena *a)
{
	bool ended = s->err_time == X509_V_ERR_CERT_HAS_EXPIRED;
	np_str when = say_when(a, s->time_s - wall_s);
	return arena_printf(a, "%s %s %.*s",
			    s->time_depth == 0 ? "the certificate" : "a certificate of the chain",
			    ended ? "expired" : "becomes valid only", NP_FMT(when));
}

static const char *trust_words(int err)
{
	switch (err) {
	case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
		return "the certificate is self-signed";
	case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
		return "the certificate's root is not a trusted one";
	case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
	case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
	case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
		return "the certificate's issuer is unknown, or an intermediate certificate is missing";
	case X509_V_ERR_INVALID_PURPOSE:
		return "the certificate is not meant for servers";
	default:
		return NULL;
	}
}

enum res_class certs_say(const struct cert_seen *s, int64_t wall_s, struct arena *a,
			 np_str *ret_text)
{
	if (s->err_time) {
		*ret_text = say_time(s, wall_s, a);
		return RES_C_CERT_EXPIRED;
	}
	if (s->err_host) {
		*ret_text = arena_printf(a, "the certificate is not for %s", s->host);
		return RES_C_CERT_HOST;
	}
	const char *words = trust_words(s->err_trust);
	*ret_text = words ? str_from_c(words)
			  : arena_printf(a, "the certificate is not trusted: %s",
					 X509_verify_cert_error_string(s->err_trust));
	return RES_C_CERT_UNTRUSTED;
}
