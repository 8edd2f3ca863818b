/* SPDX-License-Identifier: Apache-2.0 */
#include "ca/request.h"

#include <jansson.h>

#include "base/clock.h"
#include "base/crypt.h"
#include "base/jsonw.h"
#include "base/str.h"
#include "ca/ca_store.h"
#include "net/token.h"
#include "net/x509.h"

/* The body, understood. */
struct asked {
	EVP_PKEY *key;
	uint8_t key_sha256[32];
	uint8_t token_sha256[32];
	struct vault_leaf leaf;
	struct request *q;
};

void request_init(struct request *q)
{
	*q = (struct request){ .renew = false };
	buf_init(&q->answer, REQUEST_ANSWER_MAX);
}

void request_done(struct request *q)
{
	buf_done(&q->answer);
}

static np_err refuse(struct request *q, uint16_t status, const char *detail)
{
	q->status = status;
	q->detail = detail;
	return NP_E_DENIED;
}

/* ---- the body ------------------------------------------------------------------------- */

static bool has_only(const json_t *obj, const char *a, const char *b)
{
	const char *key;
	json_t *value;
	json_object_foreach((json_t *)(uintptr_t)obj, key, value)
	{
		if (strcmp(key, a) != 0 && (!b || strcmp(key, b) != 0))
			return false;
	}
	return true;
}

static np_err read_token(struct request *q, const json_t *obj, struct asked *a)
{
	const json_t *v = json_object_get(obj, "token");
	uint8_t secret[TOKEN_SECRET_LEN];
	size_t n = 0;
	if (!json_is_string(v) ||
	    str_unb64url((np_str){ json_string_value(v), json_string_length(v) }, secret,
			 sizeof secret, &n) < 0 ||
	    n != sizeof secret)
		return refuse(q, 400, "token: 43 characters of base64url are needed");
	token_hash(secret, a->token_sha256);
	return NP_OK;
}

static np_err read_csr(struct request *q, const json_t *obj, struct asked *a)
{
	const json_t *v = json_object_get(obj, "csr");
	if (!json_is_string(v) ||
	    x509_csr_key((np_str){ json_string_value(v), json_string_length(v) }, &a->key) < 0 ||
	    x509_key_sha256(a->key, a->key_sha256) < 0)
		return refuse(
			q, 400,
			"csr: a PEM certificate request, signed by its own P-256 key, is needed");
	return NP_OK;
}

static np_err read_body(struct request *q, struct asked *a)
{
	json_t *obj =
		json_loadb(q->body.p ? q->body.p : "", q->body.n, JSON_REJECT_DUPLICATES, NULL);
	np_err e = NP_OK;
	if (!json_is_object(obj) || !has_only(obj, "csr", q->renew ? NULL : "token"))
		e = refuse(q, 400,
			   q->renew ? "the body must be {\"csr\": …}"
				    : "the body must be {\"token\": …, \"csr\": …}");
	if (e == NP_OK && !q->renew)
		e = read_token(q, obj, a);
	if (e == NP_OK)
		e = read_csr(q, obj, a);
	json_decref(obj);
	return e;
}

/* ---- the transactions -------------------------------------------------------------------- */

static np_err mint(struct asked *a, np_str region, const uint8_t uuid[16])
{
	struct request *q = a->q;
	vault_leaf_done(&a->leaf);
	const struct vault_checker who = { region, uuid, a->key };
	np_err e = vault_checker(q->vault, &who, clock_wall_us(), &a->leaf);
	if (e == NP_OK)
		q->leaf = a->leaf.ident;
	return e;
}

static np_err decide(struct request *q, enum rules_verdict v)
{
	q->verdict = v;
	q->decided = true;
	return rules_is_refusal(v) ? refuse(q, 403, rules_sentence(v)) : NP_OK;
}

/* A refusal is an act too; nobody's token has no organisation to keep it. */
static np_err audit(struct pg_conn *c, const struct asked *a, int64_t org, const uint8_t *subject)
{
	const struct request *q = a->q;
	bool refused = rules_is_refusal(q->verdict);
	if (org == 0)
		return NP_OK;
	const char *act = q->renew ? (refused ? "checker.renew_refused" : "checker.renew")
				   : (refused ? "checker.enrol_refused" : "checker.enrol");
	const struct ca_store_act row = {
		.org = org,
		.from = &q->from,
		.act = act,
		.subject = subject,
		.verdict = rules_name(q->verdict),
		.region = refused ? NULL : q->leaf.region,
		.serial = refused ? NULL : q->leaf.serial,
	};
	return ca_store_audit(c, &row);
}

static np_err enrol_tx(struct pg_conn *c, void *ctx)
{
	struct asked *a = ctx;
	struct ca_store_token t;
	uint8_t uuid[16];
	np_err e = ca_store_token(c, a->token_sha256, &a->q->from, &t);
	if (e < 0)
		return e;
	enum rules_verdict v = rules_join(&t.rules, a->key_sha256);
	if (decide(a->q, v) < 0)
		return audit(c, a, t.org, t.rules.has_checker ? t.checker : NULL);
	if (v == RULES_REPEAT)
		memcpy(uuid, t.checker, sizeof uuid);
	else
		rnd_uuid(uuid);
	e = mint(a, str_from_c(t.region), uuid);
	if (e == NP_OK && v == RULES_REPEAT)
		e = ca_store_next(c, t.checker_id, false, &a->leaf.ident);
	else if (e == NP_OK)
		e = ca_store_enrol(c, &t, a->token_sha256, &a->leaf.ident);
	return e < 0 ? e : audit(c, a, t.org, uuid);
}

static np_err renew_tx(struct pg_conn *c, void *ctx)
{
	struct asked *a = ctx;
	struct ca_store_checker k;
	const struct ident *peer = &a->q->peer;
	np_err e = ca_store_checker(c, peer->uuid, &k);
	if (e < 0)
		return e;
	enum rules_verdict v = rules_renew(&k.rules, peer, a->key_sha256);
	if (decide(a->q, v) < 0)
		return audit(c, a, k.org, peer->uuid);
	e = mint(a, str_from_c(k.rules.region), peer->uuid);
	if (e == NP_OK)
		e = ca_store_next(c, k.id, v == RULES_PROMOTE, &a->leaf.ident);
	return e < 0 ? e : audit(c, a, k.org, peer->uuid);
}

static np_err write_answer(struct request *q, const struct vault_leaf *leaf)
{
	struct jsonw w;
	jsonw_init(&w, &q->answer);
	jsonw_obj(&w);
	jsonw_key(&w, "checker");
	jsonw_uuid(&w, leaf->ident.uuid);
	jsonw_kc(&w, "region", leaf->ident.region);
	jsonw_kstr(&w, "certificate", buf_str(&leaf->chain));
	jsonw_kstr(&w, "root", vault_edge_root(q->vault));
	jsonw_key(&w, "gateways");
	jsonw_arr(&w);
	jsonw_c(&w, q->gateway);
	jsonw_arr_end(&w);
	jsonw_ktime(&w, "not_after", leaf->ident.not_after_us);
	jsonw_obj_end(&w);
	return buf_failed(&q->answer);
}

static np_err work(struct request *q, struct asked *a)
{
	np_err e = read_body(q, a);
	if (e < 0)
		return e;
	e = pg_conn_ready(q->db, clock_mono_ms() + REQUEST_DB_MS);
	if (e == NP_OK)
		e = pg_tx_run(q->db, 0, q->renew ? renew_tx : enrol_tx, a);
	if (e < 0)
		return e;
	if (rules_is_refusal(q->verdict))
		return NP_E_DENIED;
	q->changed = true;
	return write_answer(q, &a->leaf);
}

void request_run(struct request *q)
{
	struct asked a = { .q = q };
	np_err e = work(q, &a);
	if (e == NP_OK)
		q->status = 200;
	else if (e != NP_E_DENIED)
		(void)refuse(q, e == NP_E_DB_GONE || e == NP_E_NOMEM ? 503 : 500,
			     e == NP_E_DB_GONE ? "the registry is not reachable: try again"
					       : "no certificate could be made: see the ca's log");
	vault_leaf_done(&a.leaf);
	EVP_PKEY_free(a.key);
}
