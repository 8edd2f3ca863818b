/* SPDX-License-Identifier: Apache-2.0 */
#include "net/tls.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/str.h"
#include "net/addr.h"
#include "net/x509.h"

enum { TLS_FILE_CERT, TLS_FILE_KEY, TLS_FILE_ROOT, TLS_FILE_N };

/* What differs between the uses. */
static const struct use {
	bool server;
	int verify; /* SSL_VERIFY_* */
	int min_version;
	bool checker;     /* peer must be a checker */
	int64_t grace_us; /* for the peer's leaf */
} uses[] = {
	[TLS_LINK_SERVER] = { true, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT,
			      TLS1_3_VERSION, true, 0 },
	[TLS_LINK_CLIENT] = { false, SSL_VERIFY_PEER, TLS1_3_VERSION, false, 0 },
	[TLS_ENROL_SERVER] = { true, SSL_VERIFY_PEER, TLS1_3_VERSION, true, TLS_GRACE_US },
	[TLS_ENROL_CLIENT] = { false, SSL_VERIFY_PEER, TLS1_3_VERSION, false, 0 },
	[TLS_WEB_SERVER] = { true, SSL_VERIFY_NONE, TLS1_2_VERSION, false, 0 },
};
static_assert(NP_LEN(uses) == TLS_USE_N, "a row for every use");

struct tls {
	enum tls_use use;
	char *files[TLS_FILE_N]; /* NULL: not given */
	struct stat stats[TLS_FILE_N];
	uint8_t pin[32];
	bool pinned;
	SSL_CTX *ctx;
};

/* Rides on each SSL as its application data. */
struct peer {
	const struct use *use;
	uint8_t pin[32];
	bool pinned;
	bool known;   /* ident holds */
	bool refused; /* chain was fine, identity was not */
	struct ident ident;
};

/* ---- verification --------------------------------------------------------------------- */

static bool is_server_leaf(X509 *leaf)
{
	EXTENDED_KEY_USAGE *eku = X509_get_ext_d2i(leaf, NID_ext_key_usage, NULL, NULL);
	bool yes = false;
	for (int i = 0; i < sk_ASN1_OBJECT_num(eku); i++)
		yes = yes || OBJ_obj2nid(sk_ASN1_OBJECT_value(eku, i)) == NID_server_auth;
	EXTENDED_KEY_USAGE_free(eku);
	return yes;
}

/* The root that the pin names, among what the server sent; NULL: not there. Borrowed. */
static X509 *find_pinned(X509_STORE_CTX *ctx, const uint8_t pin[32])
{
	STACK_OF(X509) *sent = X509_STORE_CTX_get0_untrusted(ctx);
	for (int i = 0; i < sk_X509_num(sent); i++) {
		uint8_t sum[32];
		X509 *c = sk_X509_value(sent, i);
		if (x509_cert_sha256(c, sum) == NP_OK && memcmp(sum, pin, sizeof sum) == 0)
			return c;
	}
	return NULL;
}

static int refuse(X509_STORE_CTX *ctx, int reason)
{
	X509_STORE_CTX_set_error(ctx, reason);
	return 0;
}

static int verify_pinned(X509_STORE_CTX *ctx, const struct peer *peer)
{
	X509 *root = find_pinned(ctx, peer->pin);
	if (!root)
		return refuse(ctx, X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN);
	STACK_OF(X509) *trusted = sk_X509_new_null();
	if (!trusted || sk_X509_push(trusted, root) == 0) {
		sk_X509_free(trusted);
		return refuse(ctx, X509_V_ERR_OUT_OF_MEM);
	}
	X509_STORE_CTX_set0_trusted_stack(ctx, trusted);
	int rc = X509_verify_cert(ctx);
	sk_X509_free(trusted);
	return rc;
}

static int verify_cb(X509_STORE_CTX *ctx, void *arg)
{
	(void)arg;
	SSL *ssl = X509_STORE_CTX_get_ex_data(ctx, SSL_get_ex_data_X509_STORE_CTX_idx());
	struct peer *peer = SSL_get_app_data(ssl);
	if (peer->use->grace_us > 0)
		X509_STORE_CTX_set_verify_cb(ctx, ident_let_expired_cb);
	int rc = peer->pinned ? verify_pinned(ctx, peer) : X509_verify_cert(ctx);
	if (rc != 1)
		return 0;
	if (peer->use->checker) {
		peer->known = ident_from_verified(ctx, clock_wall_us(), peer->use->grace_us,
						  &peer->ident) == NP_OK;
		peer->refused = !peer->known;
	} else {
		peer->refused = !is_server_leaf(X509_STORE_CTX_get0_cert(ctx));
	}
	if (peer->refused)
		return refuse(ctx, X509_V_ERR_APPLICATION_VERIFICATION);
	return 1;
}

/* ---- contexts ---------------------------------------------------------------------------- */

static void ctx_free_p(SSL_CTX **ctx)
{
	SSL_CTX_free(*ctx);
	*ctx = NULL;
}

static np_err say(struct buf *why, np_err e, const char *what, const char *path)
{
	const char *detail = ERR_reason_error_string(ERR_peek_last_error());
	(void)buf_printf(why, "%s %s: %s", what, path, detail ? detail : np_err_text(e));
	ERR_clear_error();
	return e;
}

static SSL_CTX *ctx_new(const struct use *use)
{
	SSL_CTX *ctx = SSL_CTX_new(use->server ? TLS_server_method() : TLS_client_method());
	if (!ctx)
		return NULL;
	(void)SSL_CTX_set_min_proto_version(ctx, use->min_version);
	(void)SSL_CTX_set_options(ctx, SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION |
					       SSL_OP_NO_COMPRESSION);
	(void)SSL_CTX_set_num_tickets(ctx, 0);
	(void)SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
	(void)SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
					    SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	SSL_CTX_set_read_ahead(ctx, 1);
	SSL_CTX_set_verify(ctx, use->verify, NULL);
	SSL_CTX_set_verify_depth(ctx, 3);
	if (use->verify != SSL_VERIFY_NONE)
		SSL_CTX_set_cert_verify_callback(ctx, verify_cb, NULL);
	return ctx;
}

/* A web server's key is the operator's and may be of another kind. */
static np_err load_key(struct tls *t, SSL_CTX *ctx, struct buf *why)
{
	const char *path = t->files[TLS_FILE_KEY];
	if (t->use == TLS_WEB_SERVER) {
		if (SSL_CTX_use_PrivateKey_file(ctx, path, SSL_FILETYPE_PEM) != 1)
			return say(why, NP_E_CRYPTO, "cannot use the key file", path);
		return NP_OK;
	}
	NP_CLEANUP(x509_key_free_p) EVP_PKEY *key = NULL;
	np_err e = x509_key_load(path, &key);
	if (e == NP_OK && SSL_CTX_use_PrivateKey(ctx, key) != 1)
		e = NP_E_CRYPTO;
	if (e == NP_E_PERM)
		return say(why, e, "others may read it (chmod 600): key file", path);
	return e < 0 ? say(why, e, "cannot use the key file", path) : NP_OK;
}

/* Who dials a gateway has the root already: sending it costs every handshake the parsing of one
 * certificate more, which with OpenSSL 3.0 is dearer than verifying a signature. */
static np_err leave_root_out(SSL_CTX *ctx)
{
	STACK_OF(X509) *all = NULL, *sent = sk_X509_new_null();
	np_err e = sent && SSL_CTX_get0_chain_certs(ctx, &all) == 1 ? NP_OK : NP_E_NOMEM;
	for (int i = 0; e == NP_OK && i < sk_X509_num(all); i++) {
		X509 *c = sk_X509_value(all, i);
		if (X509_self_signed(c, 0) != 1 && sk_X509_push(sent, c) == 0)
			e = NP_E_NOMEM;
	}
	if (e == NP_OK && SSL_CTX_set1_chain(ctx, sent) != 1)
		e = NP_E_CRYPTO;
	sk_X509_free(sent);
	return e;
}

static np_err load_own(struct tls *t, SSL_CTX *ctx, struct buf *why)
{
	const char *path = t->files[TLS_FILE_CERT];
	if (!path)
		return NP_OK;
	if (SSL_CTX_use_certificate_chain_file(ctx, path) != 1)
		return say(why, NP_E_CRYPTO, "cannot use the certificate file", path);
	np_err e = load_key(t, ctx, why);
	if (e < 0)
		return e;
	if (SSL_CTX_check_private_key(ctx) != 1)
		return say(why, NP_E_CRYPTO, "key does not belong to the certificate", path);
	return t->use == TLS_LINK_SERVER ? leave_root_out(ctx) : NP_OK;
}

static np_err load_root(struct tls *t, SSL_CTX *ctx, struct buf *why)
{
	const char *path = t->files[TLS_FILE_ROOT];
	if (!path)
		return NP_OK;
	NP_CLEANUP(x509_cert_free_p) X509 *root = NULL;
	np_err e = x509_cert_load(path, &root);
	if (e < 0)
		return say(why, e, "cannot use the root certificate", path);
	if (X509_STORE_add_cert(SSL_CTX_get_cert_store(ctx), root) != 1)
		return say(why, NP_E_CRYPTO, "cannot use the root certificate", path);
	if (uses[t->use].server)
		(void)SSL_CTX_add_client_CA(ctx, root);
	return NP_OK;
}

static void stat_files(const struct tls *t, struct stat ret[TLS_FILE_N])
{
	for (size_t i = 0; i < TLS_FILE_N; i++)
		if (!t->files[i] || stat(t->files[i], &ret[i]) < 0)
			ret[i] = (struct stat){ .st_size = 0 };
}

np_err tls_reload(struct tls *t, struct buf *ret_why)
{
	struct stat stats[TLS_FILE_N];
	stat_files(t, stats); /* before reading: a change in between is seen later */
	NP_CLEANUP(ctx_free_p) SSL_CTX *ctx = ctx_new(&uses[t->use]);
	if (!ctx)
		return say(ret_why, NP_E_CRYPTO, "cannot make a TLS context", "");
	np_err e = load_own(t, ctx, ret_why);
	if (e == NP_OK)
		e = load_root(t, ctx, ret_why);
	if (e < 0)
		return e;
	SSL_CTX_free(t->ctx);
	t->ctx = np_take(ctx);
	memcpy(t->stats, stats, sizeof stats);
	return NP_OK;
}

bool tls_is_stale(const struct tls *t)
{
	struct stat now[TLS_FILE_N];
	stat_files(t, now);
	for (size_t i = 0; i < TLS_FILE_N; i++) {
		const struct stat *a = &t->stats[i], *b = &now[i];
		if (a->st_ino != b->st_ino || a->st_size != b->st_size ||
		    a->st_mtim.tv_sec != b->st_mtim.tv_sec ||
		    a->st_mtim.tv_nsec != b->st_mtim.tv_nsec)
			return true;
	}
	return false;
}

static np_err check_cfg(const struct tls_cfg *cfg, struct buf *why)
{
	bool roots = cfg->root_file || cfg->pin || cfg->use == TLS_WEB_SERVER;
	bool own = cfg->cert_file && cfg->key_file;
	if (!roots || (!own && cfg->use != TLS_ENROL_CLIENT)) {
		(void)buf_add_c(why, "TLS needs a certificate, its key and a root certificate");
		return NP_E_INVAL;
	}
	return NP_OK;
}

np_err tls_new(const struct tls_cfg *cfg, struct tls **ret_tls, struct buf *ret_why)
{
	np_err e = check_cfg(cfg, ret_why);
	if (e < 0)
		return e;
	struct tls *t = np_zalloc(sizeof *t);
	if (!t)
		return NP_E_NOMEM;
	t->use = cfg->use;
	const char *const from[] = { [TLS_FILE_CERT] = cfg->cert_file,
				     [TLS_FILE_KEY] = cfg->key_file,
				     [TLS_FILE_ROOT] = cfg->root_file };
	for (size_t i = 0; i < TLS_FILE_N && e == NP_OK; i++)
		if (from[i] && !(t->files[i] = np_strdup(str_from_c(from[i]))))
			e = NP_E_NOMEM;
	if (cfg->pin) {
		memcpy(t->pin, cfg->pin, sizeof t->pin);
		t->pinned = true;
	}
	if (e == NP_OK)
		e = tls_reload(t, ret_why);
	if (e < 0)
		tls_free(t);
	else
		*ret_tls = t;
	return e;
}

void tls_free(struct tls *t)
{
	if (!t)
		return;
	SSL_CTX_free(t->ctx);
	for (size_t i = 0; i < TLS_FILE_N; i++)
		free(t->files[i]);
	free(t);
}

/* ---- sessions ----------------------------------------------------------------------------- */

static np_err expect_server(SSL *ssl, const char *name)
{
	X509_VERIFY_PARAM *param = SSL_get0_param(ssl);
	struct addr a;
	X509_VERIFY_PARAM_set_hostflags(param, X509_CHECK_FLAG_NEVER_CHECK_SUBJECT |
						       X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
	if (addr_parse_ip(str_from_c(name), &a) == NP_OK) {
		char text[ADDR_TEXT_MAX];
		(void)addr_print_ip(&a, text);
		return X509_VERIFY_PARAM_set1_ip_asc(param, text) == 1 ? NP_OK : NP_E_CRYPTO;
	}
	if (!addr_is_hostname(str_from_c(name)))
		return NP_E_INVAL;
	bool ok = X509_VERIFY_PARAM_set1_host(param, name, 0) == 1 &&
		  SSL_ctrl(ssl, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name,
			   (void *)(uintptr_t)name) == 1; /* the macro casts const away */
	return ok ? NP_OK : NP_E_CRYPTO;
}

np_err tls_session(struct tls *t, int fd, const char *server_name, SSL **ret_ssl)
{
	struct peer *peer = np_zalloc(sizeof *peer);
	SSL *ssl = peer ? SSL_new(t->ctx) : NULL;
	if (!ssl) {
		free(peer);
		ERR_clear_error();
		return NP_E_NOMEM;
	}
	peer->use = &uses[t->use];
	peer->pinned = t->pinned;
	memcpy(peer->pin, t->pin, sizeof peer->pin);
	SSL_set_app_data(ssl, peer);
	np_err e = SSL_set_fd(ssl, fd) == 1 ? NP_OK : NP_E_NOMEM;
	if (uses[t->use].server)
		SSL_set_accept_state(ssl);
	else
		SSL_set_connect_state(ssl);
	if (e == NP_OK && !uses[t->use].server)
		e = server_name ? expect_server(ssl, server_name) : NP_E_INVAL;
	if (e < 0)
		tls_session_free(ssl);
	else
		*ret_ssl = ssl;
	ERR_clear_error();
	return e;
}

void tls_session_free(SSL *ssl)
{
	if (!ssl)
		return;
	free(SSL_get_app_data(ssl));
	SSL_free(ssl);
}

const struct ident *tls_ident(const SSL *ssl)
{
	const struct peer *peer = SSL_get_app_data(ssl);
	return peer->known ? &peer->ident : NULL;
}

const char *tls_why(const SSL *ssl)
{
	const struct peer *peer = SSL_get_app_data(ssl);
	if (peer->refused)
		return peer->use->checker ? "the certificate is not a checker's identity"
					  : "the certificate is not a server's";
	long verdict = SSL_get_verify_result(ssl);
	if (verdict != X509_V_OK)
		return X509_verify_cert_error_string(verdict);
	const char *reason = ERR_reason_error_string(ERR_peek_last_error());
	return reason ? reason : "the TLS handshake failed";
}
