/* SPDX-License-Identifier: Apache-2.0 */
#include "net/token.h"

#include <jansson.h>
#include <openssl/crypto.h>

#include "base/jsonw.h"
#include "base/str.h"
#include "net/addr.h"

#define PREFIX "npj1."
#define JSON_MAX ((size_t)512)

void token_fresh(struct token *t)
{
	rnd_bytes(t->secret, sizeof t->secret);
}

void token_done(struct token *t)
{
	OPENSSL_cleanse(t, sizeof *t);
}

void token_hash(const uint8_t secret[TOKEN_SECRET_LEN], uint8_t ret[CRYPT_SHA256_LEN])
{
	crypt_sha256((np_str){ (const char *)secret, TOKEN_SECRET_LEN }, ret);
}

static np_err check(np_str addr, np_str region)
{
	np_str host;
	uint16_t port;
	np_err e = addr_split(addr, &host, &port);
	if (e < 0)
		return NP_E_INVAL;
	return port > 0 && ident_region_ok(region) ? NP_OK : NP_E_INVAL;
}

np_err token_encode(const struct token *t, struct buf *out)
{
	np_err e = check(str_from_c(t->addr), str_from_c(t->region));
	if (e < 0)
		return e;
	NP_CLEANUP(buf_done) struct buf json;
	char fp[2 * sizeof t->root_sha256], b64[JSON_MAX * 4 / 3 + 4];
	struct jsonw w;
	buf_init(&json, JSON_MAX);
	str_hex(t->root_sha256, sizeof t->root_sha256, fp);
	jsonw_init(&w, &json);
	jsonw_obj(&w);
	jsonw_kc(&w, "addr", t->addr);
	jsonw_kc(&w, "region", t->region);
	jsonw_kstr(&w, "fp", (np_str){ fp, sizeof fp });
	jsonw_obj_end(&w);
	e = buf_failed(&json);
	if (e < 0)
		return e;
	size_t n = str_b64url((const uint8_t *)json.p, json.n, b64);
	(void)buf_printf(out, PREFIX "%.*s.", (int)n, b64);
	n = str_b64url(t->secret, sizeof t->secret, b64);
	(void)buf_add(out, (np_str){ b64, n });
	OPENSSL_cleanse(b64, sizeof b64);
	return buf_failed(out);
}

static np_str member(const json_t *obj, const char *key)
{
	const json_t *v = json_object_get(obj, key);
	return json_is_string(v) ? (np_str){ json_string_value(v), json_string_length(v) }
				 : (np_str){ NULL, 0 };
}

static np_err parse_json(np_str text, struct token *t)
{
	json_t *obj = json_loadb(text.p, text.n, JSON_REJECT_DUPLICATES, NULL);
	np_str addr = member(obj, "addr"), region = member(obj, "region"), fp = member(obj, "fp");
	np_err e = NP_E_INVAL;
	if (addr.p && region.p && addr.n < sizeof t->addr && check(addr, region) == NP_OK &&
	    fp.n == 2 * sizeof t->root_sha256)
		e = str_unhex(fp, t->root_sha256, sizeof t->root_sha256);
	if (e == NP_OK) {
		memcpy(t->addr, addr.p, addr.n);
		memcpy(t->region, region.p, region.n);
	}
	json_decref(obj);
	return e;
}

np_err token_parse(np_str text, struct token *ret)
{
	NP_CLEANUP(token_done) struct token t = { .addr = "" };
	uint8_t json[JSON_MAX];
	np_str about, secret;
	size_t n = 0;
	text = str_trim(text);
	if (text.n > TOKEN_TEXT_MAX || !str_starts(text, NP_STR(PREFIX)))
		return NP_E_INVAL;
	if (!str_cut(str_sub(text, sizeof PREFIX - 1, text.n), '.', &about, &secret))
		return NP_E_INVAL;
	if (str_unb64url(secret, t.secret, sizeof t.secret, &n) < 0 || n != sizeof t.secret)
		return NP_E_INVAL;
	if (str_unb64url(about, json, sizeof json, &n) < 0)
		return NP_E_INVAL;
	np_err e = parse_json((np_str){ (const char *)json, n }, &t);
	if (e == NP_OK)
		*ret = t;
	return e;
}
