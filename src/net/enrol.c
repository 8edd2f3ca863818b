/* SPDX-License-Identifier: Apache-2.0 */
#include "net/enrol.h"

#include <jansson.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/jsonw.h"
#include "base/str.h"
#include "net/addr.h"
#include "net/identdir.h"
#include "net/tls.h"
#include "net/x509.h"

#define ENROL_MS 15000
#define ENROL_BODY_MAX ((size_t)16 * 1024)
#define ENROL_WHY_MAX ((size_t)512)

struct enrol {
	struct loop *l;
	char *dir;
	bool joining;             /* else: renewing */
	struct enrol_identity id; /* what is known of it */
	EVP_PKEY *key;
	X509 *root;      /* known before (renewal) */
	uint8_t pin[32]; /* of the root (join) */
	struct tls *tls;
	struct httpc *http;
	struct loop_timer *later; /* a failure to be told from the loop */
	np_err later_err;
	struct buf why;
	enrol_fn fn;
	void *ctx;
};

static void enrol_free(struct enrol *e)
{
	httpc_cancel(e->http);
	tls_free(e->tls);
	loop_timer_free(e->later);
	EVP_PKEY_free(e->key);
	X509_free(e->root);
	buf_done(&e->why);
	free(e->dir);
	free(e);
}

void enrol_cancel(struct enrol *e)
{
	if (e)
		enrol_free(e);
}

static void finish(struct enrol *e, np_err rc)
{
	e->fn(e->ctx, rc, rc < 0 ? buf_c(&e->why) : "");
	enrol_free(e);
}

/* ---- the answer ----------------------------------------------------------------------- */

static np_str text_of(const json_t *obj, const char *key)
{
	const json_t *v = json_object_get(obj, key);
	return json_is_string(v) ? (np_str){ json_string_value(v), json_string_length(v) }
				 : (np_str){ NULL, 0 };
}

/* "0.0.0.0:8443": the gateway listens everywhere; it is where the ca is. */
static np_err add_gateway(struct enrol_identity *id, np_str addr)
{
	np_str host, ca_host;
	uint16_t port, ca_port;
	if (id->n_gateways == ENROL_GATEWAYS_MAX || addr.n >= sizeof id->gateways[0] ||
	    addr_split(addr, &host, &port) < 0 || port == 0 ||
	    addr_split(str_from_c(id->ca_addr), &ca_host, &ca_port) < 0)
		return NP_E_PROTO;
	if (str_eq_c(host, "0.0.0.0") || str_eq_c(host, "::"))
		host = ca_host;
	bool v6 = str_find_byte(host, ':') != SIZE_MAX;
	char *to = id->gateways[id->n_gateways++];
	(void)snprintf(to, sizeof id->gateways[0], "%s%.*s%s:%u", v6 ? "[" : "", NP_FMT(host),
		       v6 ? "]" : "", port);
	return NP_OK;
}

static np_err take_gateways(const json_t *obj, struct enrol_identity *id)
{
	const json_t *list = json_object_get(obj, "gateways"), *one;
	size_t i;
	id->n_gateways = 0;
	json_array_foreach((json_t *)(uintptr_t)list, i, one)
	{
		np_str addr = { json_string_value(one), json_string_length(one) };
		np_err e = addr.p ? add_gateway(id, addr) : NP_E_PROTO;
		if (e < 0)
			return e;
	}
	return id->n_gateways > 0 ? NP_OK : NP_E_PROTO;
}

/* The root must be the pinned one, or the one we have. */
static np_err check_root(const struct enrol *e, np_str pem, X509 **ret_root)
{
	uint8_t sum[32], want[32];
	NP_CLEANUP(x509_cert_free_p) X509 *root = NULL;
	np_err rc = x509_cert_parse(pem, &root);
	if (rc == NP_OK)
		rc = x509_cert_sha256(root, sum);
	if (rc == NP_OK && !e->joining)
		rc = x509_cert_sha256(e->root, want);
	if (rc < 0 || memcmp(sum, e->joining ? e->pin : want, sizeof sum) != 0)
		return NP_E_AUTH;
	*ret_root = np_take(root);
	return NP_OK;
}

static np_err check_chain(struct enrol *e, np_str chain, X509 *root)
{
	struct ident id;
	NP_CLEANUP(x509_cert_free_p) X509 *leaf = NULL;
	if (ident_verify(chain, root, clock_wall_us(), 0, &id) < 0 ||
	    x509_cert_parse(chain, &leaf) < 0 || !x509_cert_has_key(leaf, e->key))
		return NP_E_AUTH;
	bool other = !e->joining && memcmp(id.uuid, e->id.checker, sizeof id.uuid) != 0;
	if (other || strcmp(id.region, e->id.region) != 0)
		return NP_E_AUTH;
	memcpy(e->id.checker, id.uuid, sizeof id.uuid);
	return NP_OK;
}

static np_err accept_answer(struct enrol *e, const json_t *obj)
{
	np_str chain = text_of(obj, "certificate"), root_pem = text_of(obj, "root");
	NP_CLEANUP(x509_cert_free_p) X509 *root = NULL;
	np_err rc = check_root(e, root_pem, &root);
	if (rc == NP_OK)
		rc = check_chain(e, chain, root);
	if (rc < 0) {
		(void)buf_add_c(&e->why,
				"the ca answered with a certificate that does not hold here: "
				"is this machine's clock right?");
		return rc;
	}
	rc = take_gateways(obj, &e->id);
	if (rc < 0) {
		(void)buf_add_c(&e->why, "the ca's answer names no usable gateway");
		return rc;
	}
	const struct identdir_answer a = { chain, root_pem, &e->id };
	rc = identdir_store(e->dir, &a);
	if (rc < 0)
		(void)buf_printf(&e->why, "cannot write into %s: %s", e->dir, np_err_text(rc));
	return rc;
}

static np_err refused(struct enrol *e, uint16_t status, const json_t *obj)
{
	np_str detail = text_of(obj, "detail");
	if (detail.n == 0)
		detail = NP_STR("no reason given");
	(void)buf_printf(&e->why, "the ca refused: %.*s", NP_FMT(detail));
	if (status == 429 || status >= 500)
		return NP_E_AGAIN;
	return status == 401 || status == 403 ? NP_E_DENIED : NP_E_PROTO;
}

static void answered(void *ctx, const struct httpc_result *res)
{
	struct enrol *e = ctx;
	e->http = NULL;
	if (res->err < 0) {
		(void)buf_printf(&e->why, "no answer from the ca at %s: %s", e->id.ca_addr,
				 res->why);
		finish(e, res->err);
		return;
	}
	json_t *obj = json_loadb(res->body.p ? res->body.p : "", res->body.n,
				 JSON_REJECT_DUPLICATES, NULL);
	np_err rc = res->head->status == 200 ? accept_answer(e, obj)
					     : refused(e, res->head->status, obj);
	json_decref(obj);
	finish(e, rc);
}

/* ---- the request ---------------------------------------------------------------------------- */

static void build_body(const struct token *t, np_str csr, struct buf *out)
{
	struct jsonw w;
	jsonw_init(&w, out);
	jsonw_obj(&w);
	if (t) {
		char secret[(TOKEN_SECRET_LEN * 4 + 2) / 3];
		size_t n = str_b64url(t->secret, sizeof t->secret, secret);
		jsonw_kstr(&w, "token", (np_str){ secret, n });
	}
	jsonw_kstr(&w, "csr", csr);
	jsonw_obj_end(&w);
}

static np_err ask(struct enrol *e, const struct token *t)
{
	np_str host = { NULL, 0 };
	uint16_t port = 0;
	char host_c[262];
	NP_CLEANUP(buf_done) struct buf csr, body;
	buf_init(&csr, X509_PEM_MAX);
	buf_init(&body, ENROL_BODY_MAX);
	np_err rc = x509_csr(e->key, &csr);
	if (rc == NP_OK)
		rc = addr_split(str_from_c(e->id.ca_addr), &host, &port);
	if (rc < 0)
		return rc;
	build_body(t, buf_str(&csr), &body);
	(void)snprintf(host_c, sizeof host_c, "%.*s", NP_FMT(host));
	const struct httpc_req req = {
		.to = { .host = host_c, .port = port, .tls = e->tls, .timeout_ms = ENROL_MS },
		.method = "POST",
		.path = t ? "/v1/enrol" : "/v1/renew",
		.type = "application/json",
		.body = buf_str(&body),
	};
	rc = buf_failed(&body);
	return rc < 0 ? rc : httpc_start(e->l, &req, answered, e, &e->http);
}

static np_err prepare_join(struct enrol *e, const struct token *t)
{
	const struct tls_cfg cfg = { .use = TLS_ENROL_CLIENT, .pin = t->root_sha256 };
	memcpy(e->pin, t->root_sha256, sizeof e->pin);
	memcpy(e->id.ca_addr, t->addr, sizeof e->id.ca_addr);
	memcpy(e->id.region, t->region, sizeof e->id.region);
	return tls_new(&cfg, &e->tls, &e->why);
}

static np_err prepare_renewal(struct enrol *e)
{
	NP_CLEANUP(buf_done) struct buf cert, key, root;
	buf_init(&cert, 1024);
	buf_init(&key, 1024);
	buf_init(&root, 1024);
	np_err rc = identdir_load(e->dir, clock_wall_us(), &e->id, &e->why);
	if (rc == NP_OK)
		rc = identdir_path(e->dir, IDENTDIR_CERT, &cert);
	if (rc == NP_OK)
		rc = identdir_path(e->dir, IDENTDIR_KEY, &key);
	if (rc == NP_OK)
		rc = identdir_path(e->dir, IDENTDIR_ROOT, &root);
	if (rc < 0)
		return rc;
	const struct tls_cfg cfg = { .use = TLS_ENROL_CLIENT,
				     .cert_file = buf_c(&cert),
				     .key_file = buf_c(&key),
				     .root_file = buf_c(&root) };
	rc = x509_cert_load(buf_c(&root), &e->root);
	return rc < 0 ? rc : tls_new(&cfg, &e->tls, &e->why);
}

static np_err prepare(struct enrol *e, const struct token *t)
{
	np_err rc = t ? prepare_join(e, t) : prepare_renewal(e);
	if (rc < 0)
		return rc;
	rc = identdir_next_key(e->dir, &e->key);
	if (rc < 0) {
		(void)buf_printf(&e->why, "cannot make a key in %s: %s", e->dir, np_err_text(rc));
		return rc;
	}
	return ask(e, t);
}

static void later_cb(void *ctx)
{
	struct enrol *e = ctx;
	finish(e, e->later_err);
}

/* Failures too are told by the callback, with their sentence. */
static np_err start(struct loop *l, const struct enrol_cfg *cfg, const struct token *t,
		    struct enrol **ret)
{
	struct enrol *e = np_zalloc(sizeof *e);
	if (!e)
		return NP_E_NOMEM;
	*e = (struct enrol){ .l = l, .joining = t != NULL, .fn = cfg->fn, .ctx = cfg->ctx };
	buf_init(&e->why, ENROL_WHY_MAX);
	e->dir = np_strdup(str_from_c(cfg->dir));
	e->later = loop_timer_new(l, later_cb, e);
	if (!e->dir || !e->later) {
		enrol_free(e);
		return NP_E_NOMEM;
	}
	np_err rc = prepare(e, t);
	if (rc < 0) {
		if (e->why.n == 0)
			(void)buf_printf(&e->why, "cannot ask the ca: %s", np_err_text(rc));
		e->later_err = rc;
		loop_timer_at(e->later, 0);
	}
	*ret = e;
	return NP_OK;
}

np_err enrol_join(struct loop *l, const struct enrol_cfg *cfg, const struct token *t,
		  struct enrol **ret)
{
	return start(l, cfg, t, ret);
}

np_err enrol_renew(struct loop *l, const struct enrol_cfg *cfg, struct enrol **ret)
{
	return start(l, cfg, NULL, ret);
}

np_err enrol_load(const char *dir, int64_t wall_us, struct enrol_identity *ret, struct buf *ret_why)
{
	return identdir_load(dir, wall_us, ret, ret_why);
}

np_err enrol_path(const char *dir, const char *file, struct buf *ret)
{
	return identdir_path(dir, file, ret);
}

int64_t enrol_renew_at_us(const struct enrol_identity *id, uint32_t unit)
{
	int64_t life = id->not_after_us - id->not_before_us;
	int64_t spread = life / 10; /* of the life: half-life - 10 % … + 10 % of itself */
	int64_t offset = (int64_t)((double)unit / 4294967296.0 * (double)spread) - spread / 2;
	return id->not_before_us + life / 2 + offset;
}
