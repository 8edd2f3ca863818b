/* SPDX-License-Identifier: Apache-2.0 */
#include "net/identdir.h"

#include <errno.h>
#include <unistd.h>

#include "base/file.h"
#include "base/jsonw.h"
#include "base/str.h"
#include "net/addr.h"
#include "net/tls.h"
#include "net/x509.h"

#define NEXT_KEY "next.key.pem"
#define NEXT_CERT "next.cert.pem"
#define PATH_MAX_LEN 1024
#define ABOUT_MAX ((size_t)16 * 1024)

np_err identdir_path(const char *dir, const char *file, struct buf *ret)
{
	return buf_printf(ret, "%s/%s", dir, file);
}

struct path {
	char p[PATH_MAX_LEN];
};

static struct path in(const char *dir, const char *file)
{
	struct path path;
	int n = snprintf(path.p, sizeof path.p, "%s/%s", dir, file);
	if (n < 0 || (size_t)n >= sizeof path.p)
		path.p[0] = 0; /* no such file */
	return path;
}

static np_err move(const char *dir, const char *from, const char *to)
{
	if (rename(in(dir, from).p, in(dir, to).p) < 0)
		return np_err_from_errno(errno);
	return NP_OK;
}

static bool fits(const char *dir, const char *cert_file, const char *key_file)
{
	NP_CLEANUP(x509_cert_free_p) X509 *cert = NULL;
	NP_CLEANUP(x509_key_free_p) EVP_PKEY *key = NULL;
	return x509_cert_load(in(dir, cert_file).p, &cert) == NP_OK &&
	       x509_key_load(in(dir, key_file).p, &key) == NP_OK && x509_cert_has_key(cert, key);
}

/* A new certificate stands in the folder: it and its key come into force. */
static np_err finish(const char *dir)
{
	if (!file_exists(in(dir, NEXT_CERT).p))
		return NP_OK;
	if (fits(dir, NEXT_CERT, NEXT_KEY)) {
		np_err e = move(dir, NEXT_KEY, IDENTDIR_KEY);
		if (e < 0)
			return e;
	}
	if (fits(dir, NEXT_CERT, IDENTDIR_KEY))
		return move(dir, NEXT_CERT, IDENTDIR_CERT);
	(void)unlink(in(dir, NEXT_CERT).p); /* of a key that is gone: of no use */
	return NP_OK;
}

np_err identdir_next_key(const char *dir, EVP_PKEY **ret_key)
{
	struct path path = in(dir, NEXT_KEY);
	np_err e = finish(dir);
	if (e < 0)
		return e;
	if (x509_key_load(path.p, ret_key) == NP_OK)
		return NP_OK;
	e = file_mkdirs(dir, 0700);
	if (e < 0)
		return e;
	NP_CLEANUP(x509_key_free_p) EVP_PKEY *key = NULL;
	e = x509_key_new(&key);
	if (e == NP_OK)
		e = x509_key_save(key, path.p);
	if (e == NP_OK)
		*ret_key = np_take(key);
	return e;
}

/* ---- identity.json --------------------------------------------------------------------- */

static void write_about(const struct enrol_identity *id, struct buf *out)
{
	struct jsonw w;
	jsonw_init(&w, out);
	jsonw_obj(&w);
	jsonw_key(&w, "checker");
	jsonw_uuid(&w, id->checker);
	jsonw_kc(&w, "region", id->region);
	jsonw_kc(&w, "ca", id->ca_addr);
	jsonw_key(&w, "gateways");
	jsonw_arr(&w);
	for (size_t i = 0; i < id->n_gateways; i++)
		jsonw_c(&w, id->gateways[i]);
	jsonw_arr_end(&w);
	jsonw_obj_end(&w);
	(void)buf_add_byte(out, '\n');
}

static np_err copy_addr(const json_t *v, char ret[262])
{
	np_str host;
	uint16_t port;
	const char *text = json_string_value(v);
	if (!text || strlen(text) >= 262 || addr_split(str_from_c(text), &host, &port) < 0)
		return NP_E_CORRUPT;
	memcpy(ret, text, strlen(text) + 1);
	return NP_OK;
}

static np_err read_about(const json_t *obj, struct enrol_identity *id)
{
	const char *uuid = json_string_value(json_object_get(obj, "checker"));
	np_str region = str_from_c(json_string_value(json_object_get(obj, "region")));
	const json_t *gateways = json_object_get(obj, "gateways"), *g;
	size_t i;
	if (str_to_uuid(str_from_c(uuid), id->checker) < 0 || !ident_region_ok(region))
		return NP_E_CORRUPT;
	memcpy(id->region, region.p, region.n);
	id->region[region.n] = 0;
	np_err e = copy_addr(json_object_get(obj, "ca"), id->ca_addr);
	id->n_gateways = 0;
	json_array_foreach((json_t *)(uintptr_t)gateways, i, g)
	{
		if (e == NP_OK && i < ENROL_GATEWAYS_MAX)
			e = copy_addr(g, id->gateways[id->n_gateways++]);
	}
	return e < 0 || id->n_gateways == 0 ? NP_E_CORRUPT : NP_OK;
}

static np_err load_about(const char *dir, struct enrol_identity *id)
{
	NP_CLEANUP(buf_done) struct buf text;
	buf_init(&text, ABOUT_MAX);
	np_err e = file_read(in(dir, IDENTDIR_ABOUT).p, &text);
	if (e < 0)
		return e;
	json_t *obj = json_loadb(text.p ? text.p : "", text.n, JSON_REJECT_DUPLICATES, NULL);
	e = read_about(obj, id);
	json_decref(obj);
	return e;
}

/* ---- the folder as a whole ------------------------------------------------------------------ */

static np_err say(struct buf *why, np_err e, const char *dir, const char *file, const char *what)
{
	(void)buf_printf(why, "%s/%s: %s", dir, file, what ? what : np_err_text(e));
	return e;
}

/* Everything in it must belong to one and the same checker. */
static np_err check(const char *dir, int64_t wall_us, struct enrol_identity *id, struct buf *why)
{
	NP_CLEANUP(buf_done) struct buf chain;
	NP_CLEANUP(x509_cert_free_p) X509 *root = NULL;
	struct ident leaf;
	buf_init(&chain, X509_PEM_MAX);
	np_err e = file_read(in(dir, IDENTDIR_CERT).p, &chain);
	if (e < 0)
		return say(why, e, dir, IDENTDIR_CERT, NULL);
	e = x509_cert_load(in(dir, IDENTDIR_ROOT).p, &root);
	if (e < 0)
		return say(why, e, dir, IDENTDIR_ROOT, NULL);
	e = ident_verify(buf_str(&chain), root, wall_us, 100 * 365 * NP_DAY_US, &leaf);
	if (e < 0)
		return say(why, e, dir, IDENTDIR_CERT,
			   "not a checker's certificate from this root (is the clock right?)");
	if (memcmp(leaf.uuid, id->checker, sizeof leaf.uuid) != 0 ||
	    strcmp(leaf.region, id->region) != 0)
		return say(why, NP_E_CORRUPT, dir, IDENTDIR_ABOUT, "of another checker");
	if (!fits(dir, IDENTDIR_CERT, IDENTDIR_KEY))
		return say(why, NP_E_CORRUPT, dir, IDENTDIR_KEY,
			   "missing, readable by others, or not the key of cert.pem");
	id->not_before_us = leaf.not_before_us;
	id->not_after_us = leaf.not_after_us;
	id->expired = leaf.expired;
	return NP_OK;
}

np_err identdir_load(const char *dir, int64_t wall_us, struct enrol_identity *ret,
		     struct buf *ret_why)
{
	struct enrol_identity id = { .n_gateways = 0 };
	np_err e = finish(dir);
	if (e < 0)
		return say(ret_why, e, dir, NEXT_CERT, NULL);
	e = load_about(dir, &id);
	if (e < 0)
		return say(ret_why, e, dir, IDENTDIR_ABOUT,
			   e == NP_E_NOTFOUND ? "this folder holds no identity yet: join first"
					      : NULL);
	e = check(dir, wall_us, &id, ret_why);
	if (e == NP_OK)
		*ret = id;
	return e;
}

np_err identdir_store(const char *dir, const struct identdir_answer *a)
{
	NP_CLEANUP(buf_done) struct buf about;
	buf_init(&about, ABOUT_MAX);
	write_about(a->about, &about);
	np_err e = buf_failed(&about);
	if (e == NP_OK && a->root.n > 0)
		e = file_write_atomic(in(dir, IDENTDIR_ROOT).p, a->root, 0600);
	if (e == NP_OK)
		e = file_write_atomic(in(dir, IDENTDIR_ABOUT).p, buf_str(&about), 0600);
	if (e == NP_OK)
		e = file_write_atomic(in(dir, NEXT_CERT).p, a->chain, 0600);
	return e < 0 ? e : finish(dir);
}
