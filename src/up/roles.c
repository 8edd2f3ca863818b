/* SPDX-License-Identifier: Apache-2.0 */
#include "up/roles.h"

#include <unistd.h>

#include "base/jsonw.h"
#include "base/str.h"
#include "up/secrets.h"

#define CONF_TEXT_MAX 8192

#define ACL_ANY "+ping +auth +hello +client|setname +select "

const struct role_info roles[ROLE_N] = {
	[ROLE_CA] = { "ca", "np_ca", 2, ACL_ANY "&np:registry +publish" },
	[ROLE_GATEWAY] = { "gateway", "np_gateway", 4,
			   ACL_ANY
			   "~np:results:* &np:ack:* &np:jobs:* &np:registry +xadd +xlen +subscribe "
			   "+psubscribe +unsubscribe +punsubscribe +publish +info" },
	[ROLE_ENGINE] = { "engine", "np_engine", 6,
			  ACL_ANY
			  "~np:results:* ~np:last:* ~np:strip:* &np:* +xread +xrange +xlen +xtrim "
			  "+xinfo|stream +publish +subscribe +psubscribe +unsubscribe +punsubscribe "
			  "+lpush +ltrim +lrange +hset +hdel +hget +hmget +hgetall +del +info" },
	[ROLE_HISTORIAN] = { "historian", "np_historian", 4, NULL },
	[ROLE_ALERTER] = { "alerter", "np_alerter", 4,
			   ACL_ANY "&np:outbox +subscribe +unsubscribe" },
	[ROLE_WEB] = { "web", "np_web", 12,
		       ACL_ANY
		       "~np:last:* ~np:strip:* &np:live &np:inbox &np:registry &np:outbox +lrange "
		       "+hgetall +hget +hmget +publish +subscribe +unsubscribe +info" },
};

/* A YAML double-quoted scalar reads JSON's escapes, so the JSON writer quotes for us. */
static void put(struct buf *b, const char *key, const char *value)
{
	struct jsonw w;
	(void)buf_printf(b, "%s: ", key);
	jsonw_init(&w, b);
	jsonw_c(&w, value);
	(void)buf_add_byte(b, '\n');
}

static void put_path(struct buf *b, const struct place *p, const char *key, const char *sub)
{
	char path[PLACE_FILE_MAX];
	place_path(p, sub, path);
	put(b, key, path);
}

static void put_secret(struct buf *b, const struct place *p, const char *key, const char *name,
		       const char *kind)
{
	char sub[64];
	(void)snprintf(sub, sizeof sub, "secret/%s.%s", name, kind);
	put_path(b, p, key, sub);
}

static void put_admin(struct buf *b, const struct place *p, const char *name)
{
	char unix_path[PLACE_FILE_MAX + 8], path[PLACE_FILE_MAX], sub[64];
	(void)snprintf(sub, sizeof sub, "run/%s.sock", name);
	place_path(p, sub, path);
	(void)snprintf(unix_path, sizeof unix_path, "unix:%s", path);
	(void)buf_add_c(b, "admin:\n");
	put(b, "  listen", unix_path);
}

static void put_common(struct buf *b, const struct place *p, const struct role_info *r)
{
	(void)buf_printf(b, "# Written by `netpulse up` at each start.\nname: %s-1\ndatabase:\n",
			 r->name);
	put_path(b, p, "  host", "run");
	(void)buf_printf(b, "  port: 6432\n  name: %s\n  user: %s\n  pool: %d\n", r->db_user,
			 r->db_user, r->pool);
	put_secret(b, p, "  password_file", r->name, "db");
	if (r->acl != NULL) {
		(void)buf_add_c(b, "redis:\n");
		put_path(b, p, "  socket", "run/redis.sock");
		put(b, "  user", r->name);
		put_secret(b, p, "  password_file", r->name, "redis");
		put_path(b, p, "hmac_key_file", "secret/hmac.key");
	}
	put_admin(b, p, r->name);
}

static void put_tls(struct buf *b, const struct place *p, const char *name)
{
	char sub[64];
	(void)buf_add_c(b, "tls:\n");
	(void)snprintf(sub, sizeof sub, "tls/%s.pem", name);
	put_path(b, p, "  cert_file", sub);
	(void)snprintf(sub, sizeof sub, "tls/%s.key", name);
	put_path(b, p, "  key_file", sub);
	put_path(b, p, "  edge_root_file", "tls/edge-root.pem");
}

static void put_public_url(struct buf *b, const struct up_options *o)
{
	char url[300];
	(void)snprintf(url, sizeof url, "http://%s", o->http);
	put(b, "public_url", url);
}

/* The texts are addresses: nothing in them needs a quote but the colons. */
static void put_proxies(struct buf *b, const struct up_options *o)
{
	np_str rest = str_from_c(o->proxies), one;
	if (rest.n == 0)
		return;
	(void)buf_add_c(b, "trusted_proxies: [");
	for (bool more = true; more;) {
		more = str_cut(rest, ',', &one, &rest);
		(void)buf_printf(b, "\"%.*s\"%s", NP_FMT(one), more ? ", " : "]\n");
	}
}

static void put_heartbeat(struct buf *b, const struct up_options *o)
{
	if (o->heartbeat == NULL)
		return;
	(void)buf_add_c(b, "heartbeat:\n");
	if (o->heartbeat[0] == '@')
		put(b, "  url_file", o->heartbeat + 1);
	else
		put(b, "  url", o->heartbeat);
}

static void put_own(struct buf *b, const struct place *p, const struct up_options *o, enum role r)
{
	switch (r) {
	case ROLE_CA:
		put(b, "listen", o->enrol);
		put_path(b, p, "dir", "ca");
		put(b, "gateway_address", o->gateway);
		put_tls(b, p, "ca");
		break;
	case ROLE_GATEWAY:
		put(b, "listen", o->gateway);
		put_tls(b, p, "gateway");
		break;
	case ROLE_ALERTER:
		put_public_url(b, o);
		put_heartbeat(b, o);
		if (o->smtp_url == NULL)
			break;
		(void)buf_add_c(b, "smtp:\n");
		put(b, "  url", o->smtp_url);
		put(b, "  from", o->mail_from);
		if (o->smtp_secret_path != NULL)
			put_path(b, p, "  secret_file", "secret/smtp");
		break;
	case ROLE_WEB:
		put(b, "listen", o->http);
		put_public_url(b, o);
		put(b, "gateway_address", o->gateway);
		put(b, "ca_address", o->enrol);
		put_path(b, p, "edge_root_file", "tls/edge-root.pem");
		put_proxies(b, o);
		(void)buf_add_c(b, "one_machine: true\n");
		break;
	case ROLE_HISTORIAN:
		(void)buf_add_c(b, "audit:\n");
		put_path(b, p, "  key_file", "secret/audit.key");
		put_path(b, p, "  heads_file", "audit/heads.log");
		(void)buf_add_c(b, "auditor:\n");
		put(b, "  disk", p->dir);
		break;
	case ROLE_ENGINE:
	case ROLE_N:
		break;
	}
}

static np_err write_conf(const struct place *p, const char *name, const struct buf *b)
{
	char sub[80];
	np_err e = buf_failed(b);
	(void)snprintf(sub, sizeof sub, "etc/%s.yaml", name);
	return e < 0 ? e : place_write(p, sub, buf_str(b), 0600);
}

static np_err configure_owner(const struct place *p)
{
	NP_CLEANUP(buf_done) struct buf b;
	buf_init(&b, CONF_TEXT_MAX);
	(void)buf_add_c(
		&b,
		"# The owner's direct connection, for migrations and maintenance.\ndatabase:\n");
	put_path(&b, p, "  host", "run");
	(void)buf_add_c(&b, "  port: 5432\n  name: netpulse\n  user: np_admin\n");
	put_path(&b, p, "  password_file", "secret/admin.db");
	return write_conf(p, "migrate", &b);
}

np_err roles_configure(const struct place *p, const struct up_options *o)
{
	NP_CLEANUP(secret_done) struct secret audit = { .n = 0 };
	np_err made = secrets_get(p, "audit.key", &audit); /* the sealer's own */
	if (made < 0)
		return made;
	for (enum role r = 0; r < ROLE_N; r++) {
		NP_CLEANUP(buf_done) struct buf b;
		buf_init(&b, CONF_TEXT_MAX);
		put_common(&b, p, &roles[r]);
		put_own(&b, p, o, r);
		np_err e = write_conf(p, roles[r].name, &b);
		if (e < 0)
			return e;
	}
	return configure_owner(p);
}

static void checker_name(const struct up_options *o, size_t region, char ret[48])
{
	(void)snprintf(ret, 48, "checker-%s", o->regions[region]);
}

np_err roles_configure_checker(const struct place *p, const struct up_options *o, size_t region)
{
	NP_CLEANUP(buf_done) struct buf b;
	char name[48], sub[64];
	checker_name(o, region, name);
	buf_init(&b, CONF_TEXT_MAX);
	(void)buf_add_c(&b, "# Written by `netpulse up` at each start.\n");
	(void)snprintf(sub, sizeof sub, "checker/%s", o->regions[region]);
	put_path(&b, p, "dir", sub);
	put_admin(&b, p, name);
	if (p->icmp[region][0] >= 0 || p->icmp[region][1] >= 0) /* as in roles_start_checker */
		(void)buf_printf(&b, "icmp_fds: [\"%d\", \"%d\"]\n",
				 p->icmp[region][0] >= 0 ? 3 : -1,
				 p->icmp[region][1] >= 0 ? 4 : -1);
	return write_conf(p, name, &b);
}

np_err roles_start(struct procs *ps, enum role r)
{
	char conf[48];
	(void)snprintf(conf, sizeof conf, "etc/%s.yaml", roles[r].name);
	const struct proc_spec spec = {
		.name = roles[r].name,
		.argv = { "self", roles[r].name, "--config", conf },
		.level = r == ROLE_ENGINE || r == ROLE_HISTORIAN || r == ROLE_ALERTER ? 2 : 3,
	};
	return proc_start(ps, &spec);
}

np_err roles_start_checker(struct procs *ps, const struct place *p, const struct up_options *o,
			   size_t region)
{
	char name[48], conf[80];
	checker_name(o, region, name);
	(void)snprintf(conf, sizeof conf, "etc/%s.yaml", name);
	const struct proc_spec spec = {
		.name = name,
		.argv = { "self", "checker", "--config", conf },
		.level = 4,
		.fds = { p->icmp[region][0], p->icmp[region][1] },
	};
	return proc_start(ps, &spec);
}
