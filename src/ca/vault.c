/* SPDX-License-Identifier: Apache-2.0 */
#include "ca/vault.h"

#include <errno.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/map.h"
#include "base/str.h"
#include "net/x509.h"

#define YEAR_US (365 * NP_DAY_US)
#define ROOT_US (20 * YEAR_US)
#define MIDDLE_US (10 * YEAR_US)
#define MIDDLE_OLD_US (1 * YEAR_US) /* renewed when so little is left */
#define PATH_MAX_LEN 1024

/* A certificate authority: its file name below the folder and its pair. */
struct pair {
	X509 *cert;
	EVP_PKEY *key;
};

struct region {
	struct region *next;
	struct pair pair;
	char name[IDENT_REGION_MAX + 1];
};

struct vault {
	char *dir;
	struct pair edge, servers;
	struct region *regions; /* loaded so far */
	size_t n_regions;
	struct buf edge_pem;
};

struct path {
	char p[PATH_MAX_LEN];
};

static struct path in(const char *dir, const char *name, const char *suffix)
{
	struct path path;
	int n = snprintf(path.p, sizeof path.p, "%s/%s%s", dir, name, suffix);
	if (n < 0 || (size_t)n >= sizeof path.p)
		path.p[0] = 0; /* no such file */
	return path;
}

static void pair_done(struct pair *p)
{
	X509_free(p->cert);
	EVP_PKEY_free(p->key);
	*p = (struct pair){ NULL, NULL };
}

static struct mint_issuer issuer_of(const struct pair *p)
{
	return (struct mint_issuer){ p->cert, p->key };
}

static struct mint_span span_from(int64_t wall_us, int64_t life_us)
{
	return (struct mint_span){ wall_us - VAULT_SKEW_US, wall_us + life_us };
}

static np_err pair_load(const char *dir, const char *name, struct pair *ret)
{
	struct pair p = { NULL, NULL };
	np_err e = x509_key_load(in(dir, name, ".key").p, &p.key);
	if (e == NP_OK)
		e = x509_cert_load(in(dir, name, ".pem").p, &p.cert);
	if (e == NP_OK && !x509_cert_has_key(p.cert, p.key))
		e = NP_E_CORRUPT;
	if (e < 0)
		pair_done(&p);
	else
		*ret = p;
	return e;
}

static np_err save_cert(const char *dir, const char *name, X509 *cert)
{
	NP_CLEANUP(buf_done) struct buf pem;
	buf_init(&pem, X509_PEM_MAX);
	np_err e = x509_cert_add_pem(cert, &pem);
	return e < 0 ? e : file_write_atomic(in(dir, name, ".pem").p, buf_str(&pem), 0644);
}

/* The key of that name: as it lies there, or a new one. */
static np_err key_of(const char *path, EVP_PKEY **ret_key)
{
	np_err e = x509_key_load(path, ret_key);
	if (e != NP_E_NOTFOUND)
		return e;
	NP_CLEANUP(x509_key_free_p) EVP_PKEY *key = NULL;
	e = x509_key_new(&key);
	if (e == NP_OK)
		e = x509_key_save(key, path);
	if (e == NP_OK)
		*ret_key = np_take(key);
	return e;
}

/* ---- making the folder ------------------------------------------------------------------- */

/* How the certificate of one pair is made. */
struct recipe {
	np_err (*mint)(const struct recipe *r, EVP_PKEY *key, X509 **ret_cert);
	const char *cn;
	np_str region;
	struct mint_issuer root;
	int64_t wall_us;
};

static np_err mint_root_by(const struct recipe *r, EVP_PKEY *key, X509 **ret_cert)
{
	return mint_root(key, r->cn, span_from(r->wall_us, ROOT_US), ret_cert);
}

static np_err mint_servers_by(const struct recipe *r, EVP_PKEY *key, X509 **ret_cert)
{
	return mint_server_ca(&r->root, key, span_from(r->wall_us, MIDDLE_US), ret_cert);
}

static np_err mint_region_by(const struct recipe *r, EVP_PKEY *key, X509 **ret_cert)
{
	return mint_region_ca(&r->root, key, r->region, span_from(r->wall_us, MIDDLE_US), ret_cert);
}

/* Key first, certificate last: what a crash left behind is completed by the next try. */
static np_err pair_make(const char *dir, const char *name, const struct recipe *r, struct pair *ret)
{
	struct pair p = { NULL, NULL };
	np_err e = key_of(in(dir, name, ".key").p, &p.key);
	if (e == NP_OK)
		e = r->mint(r, p.key, &p.cert);
	if (e == NP_OK)
		e = save_cert(dir, name, p.cert);
	if (e < 0)
		pair_done(&p);
	else
		*ret = p;
	return e;
}

static np_err pair_ensure(const char *dir, const char *name, const struct recipe *r,
			  struct pair *ret)
{
	np_err e = pair_load(dir, name, ret);
	return e == NP_E_NOTFOUND ? pair_make(dir, name, r, ret) : e;
}

static np_err say(struct buf *why, np_err e, const char *dir, const char *name)
{
	const char *what = e == NP_E_PERM ? "others may read the key (chmod 600), or it is not ours"
			   : e == NP_E_CORRUPT ? "key and certificate do not belong together"
					       : np_err_text(e);
	(void)buf_printf(why, "%s/%s: %s", dir, name, what);
	return e;
}

static np_err make_private(const char *dir)
{
	struct stat st;
	np_err e = file_mkdirs(dir, 0700);
	if (e < 0)
		return e;
	if (stat(dir, &st) < 0)
		return np_err_from_errno(errno);
	if ((st.st_mode & 077) && chmod(dir, 0700) < 0)
		return np_err_from_errno(errno);
	return NP_OK;
}

np_err vault_create(const char *dir, int64_t wall_us, struct buf *ret_why)
{
	struct pair edge = { NULL, NULL }, infra = edge, servers = edge;
	const struct recipe edge_by = { .mint = mint_root_by,
					.cn = "NetPulse edge root",
					.wall_us = wall_us };
	const struct recipe infra_by = { .mint = mint_root_by,
					 .cn = "NetPulse infra root",
					 .wall_us = wall_us };
	np_err e = make_private(dir);
	if (e < 0)
		return say(ret_why, e, dir, "");
	if ((e = pair_ensure(dir, "edge-root", &edge_by, &edge)) < 0)
		(void)say(ret_why, e, dir, "edge-root");
	else if ((e = pair_ensure(dir, "infra-root", &infra_by, &infra)) < 0)
		(void)say(ret_why, e, dir, "infra-root");
	else {
		const struct recipe servers_by = { .mint = mint_servers_by,
						   .root = issuer_of(&edge),
						   .wall_us = wall_us };
		if ((e = pair_ensure(dir, "servers", &servers_by, &servers)) < 0)
			(void)say(ret_why, e, dir, "servers");
	}
	pair_done(&edge);
	pair_done(&infra);
	pair_done(&servers);
	return e;
}

/* ---- use ------------------------------------------------------------------------------------ */

np_err vault_open(const char *dir, struct vault **ret, struct buf *ret_why)
{
	struct vault *v = np_zalloc(sizeof *v);
	if (!v)
		return NP_E_NOMEM;
	buf_init(&v->edge_pem, X509_PEM_MAX);
	v->dir = np_strdup(str_from_c(dir));
	np_err e = v->dir ? NP_OK : NP_E_NOMEM;
	if (e == NP_OK && (e = pair_load(dir, "edge-root", &v->edge)) < 0)
		(void)say(ret_why, e, dir, "edge-root");
	if (e == NP_OK && (e = pair_load(dir, "servers", &v->servers)) < 0)
		(void)say(ret_why, e, dir, "servers");
	if (e == NP_OK)
		e = x509_cert_add_pem(v->edge.cert, &v->edge_pem);
	if (e < 0)
		vault_free(v);
	else
		*ret = v;
	return e;
}

void vault_free(struct vault *v)
{
	if (!v)
		return;
	while (v->regions) {
		struct region *r = v->regions;
		v->regions = r->next;
		pair_done(&r->pair);
		free(r);
	}
	pair_done(&v->edge);
	pair_done(&v->servers);
	buf_done(&v->edge_pem);
	free(v->dir);
	free(v);
}

np_str vault_edge_root(const struct vault *v)
{
	return buf_str(&v->edge_pem);
}

void vault_edge_sha256(const struct vault *v, uint8_t ret[32])
{
	np_err e = x509_cert_sha256(v->edge.cert, ret);
	assert(e == NP_OK);
	(void)e;
}

static bool is_old(X509 *cert, int64_t wall_us)
{
	int64_t from, to;
	return x509_cert_times(cert, &from, &to) < 0 || to - wall_us < MIDDLE_OLD_US;
}

static np_err region_load(struct vault *v, np_str name, int64_t wall_us, struct pair *ret)
{
	char file[IDENT_REGION_MAX + 16];
	const struct recipe by = { .mint = mint_region_by,
				   .region = name,
				   .root = issuer_of(&v->edge),
				   .wall_us = wall_us };
	(void)snprintf(file, sizeof file, "region-%.*s", NP_FMT(name));
	np_err e = pair_ensure(v->dir, file, &by, ret);
	if (e == NP_OK && is_old(ret->cert, wall_us)) {
		pair_done(ret);
		e = pair_make(v->dir, file, &by, ret);
	}
	return e;
}

static np_err region_of(struct vault *v, np_str name, int64_t wall_us, const struct pair **ret)
{
	struct region **at = &v->regions;
	if (!ident_region_ok(name))
		return NP_E_INVAL;
	while (*at && !str_eq_c(name, (*at)->name))
		at = &(*at)->next;
	if (*at && !is_old((*at)->pair.cert, wall_us)) {
		*ret = &(*at)->pair;
		return NP_OK;
	}
	if (!*at && v->n_regions == VAULT_REGIONS_MAX)
		return NP_E_LIMIT;
	struct pair pair = { NULL, NULL };
	np_err e = region_load(v, name, wall_us, &pair);
	if (e < 0)
		return e;
	struct region *r = *at ? *at : np_zalloc(sizeof *r);
	if (!r) {
		pair_done(&pair);
		return NP_E_NOMEM;
	}
	v->n_regions += *at ? 0 : 1;
	*at = r;
	memcpy(r->name, name.p, name.n);
	pair_done(&r->pair);
	r->pair = pair;
	*ret = &r->pair;
	return NP_OK;
}

void vault_leaf_done(struct vault_leaf *l)
{
	buf_done(&l->chain);
}

static np_err chain_of(X509 *leaf, X509 *ca, struct buf *out)
{
	np_err e = x509_cert_add_pem(leaf, out);
	return e < 0 ? e : x509_cert_add_pem(ca, out);
}

np_err vault_checker(struct vault *v, const struct vault_checker *who, int64_t wall_us,
		     struct vault_leaf *ret)
{
	const struct pair *by = NULL;
	NP_CLEANUP(x509_cert_free_p) X509 *leaf = NULL;
	NP_CLEANUP(buf_done) struct buf uri;
	struct ident id;
	buf_init(&uri, IDENT_URI_MAX);
	np_err e = region_of(v, who->region, wall_us, &by);
	if (e < 0)
		return e;
	const struct mint_issuer issuer = issuer_of(by);
	ident_uri(who->region, who->uuid, &uri);
	e = mint_checker(&issuer, who->pub, buf_str(&uri), span_from(wall_us, VAULT_CHECKER_US),
			 &leaf);
	if (e == NP_OK)
		e = ident_from_leaf(leaf, &id); /* what a gateway will read in it */
	if (e < 0)
		return e;
	struct vault_leaf made = { .ident = id };
	buf_init(&made.chain, X509_PEM_MAX);
	e = chain_of(leaf, by->cert, &made.chain);
	if (e < 0)
		vault_leaf_done(&made);
	else
		*ret = made;
	return e;
}

np_err vault_server(struct vault *v, const struct vault_server *s, int64_t wall_us)
{
	NP_CLEANUP(x509_cert_free_p) X509 *leaf = NULL;
	NP_CLEANUP(x509_key_free_p) EVP_PKEY *key = NULL;
	NP_CLEANUP(buf_done) struct buf chain;
	const struct mint_issuer issuer = issuer_of(&v->servers);
	const struct mint_leaf_req req = { .cn = s->cn,
					   .names = s->names,
					   .n = s->n,
					   .server = true,
					   .span = span_from(wall_us, VAULT_SERVER_US) };
	buf_init(&chain, X509_PEM_MAX);
	np_err e = key_of(s->key_file, &key);
	if (e == NP_OK)
		e = mint_leaf(&issuer, key, &req, &leaf);
	if (e == NP_OK)
		e = chain_of(leaf, v->servers.cert, &chain);
	if (e == NP_OK)
		e = buf_add(&chain, vault_edge_root(v)); /* joining checkers look for it by pin */
	return e < 0 ? e : file_write_atomic(s->cert_file, buf_str(&chain), 0644);
}

bool vault_server_is_fresh(struct vault *v, const struct vault_server *s, int64_t wall_us)
{
	NP_CLEANUP(x509_cert_free_p) X509 *leaf = NULL;
	NP_CLEANUP(x509_key_free_p) EVP_PKEY *key = NULL;
	int64_t from, to;
	if (x509_cert_load(s->cert_file, &leaf) < 0 || x509_key_load(s->key_file, &key) < 0)
		return false;
	if (!x509_cert_has_key(leaf, key) ||
	    X509_verify(leaf, X509_get0_pubkey(v->servers.cert)) != 1)
		return false;
	return x509_cert_times(leaf, &from, &to) == NP_OK && wall_us >= from &&
	       wall_us < from + (to - from) / 2;
}
