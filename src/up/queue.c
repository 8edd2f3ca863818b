/* SPDX-License-Identifier: Apache-2.0 */
/* The private Redis: no TCP, one ACL user per role, the default user off. */
#include "base/str.h"
#include "up/secrets.h"
#include "up/servers.h"

#define TEXT_MAX 16384
#define MEMORY_MB 1024

static np_err add_user(const struct place *p, const struct role_info *r, struct buf *acl)
{
	char name[48], hex[64];
	uint8_t hash[CRYPT_SHA256_LEN];
	NP_CLEANUP(secret_done) struct secret s = { .n = 0 };
	(void)snprintf(name, sizeof name, "%s.redis", r->name);
	np_err e = secrets_get(p, name, &s);
	if (e < 0)
		return e;
	crypt_sha256(secret_peek(&s), hash);
	str_hex(hash, sizeof hash, hex);
	return buf_printf(acl, "user %s on #%.64s resetkeys resetchannels -@all %s\n", r->name, hex,
			  r->acl);
}

static np_err write_acl(const struct place *p)
{
	NP_CLEANUP(buf_done) struct buf acl;
	NP_CLEANUP(secret_done) struct secret key = { .n = 0 };
	buf_init(&acl, TEXT_MAX);
	(void)buf_add_c(&acl, "user default off\n");
	np_err e = secrets_get(p, "hmac.key", &key);
	for (enum role r = 0; e == NP_OK && r < ROLE_N; r++)
		if (roles[r].acl != NULL)
			e = add_user(p, &roles[r], &acl);
	if (e == NP_OK)
		e = buf_failed(&acl);
	return e == NP_OK ? place_write(p, "secret/redis.acl", buf_str(&acl), 0600) : e;
}

static np_err write_redis_conf(const struct place *p)
{
	NP_CLEANUP(buf_done) struct buf b;
	buf_init(&b, TEXT_MAX);
	(void)buf_printf(
		&b,
		"# Written by `netpulse up` at each start.\nport 0\nunixsocket %s/run/redis.sock\n"
		"unixsocketperm 700\naclfile %s/secret/redis.acl\ndir %s/redis\nappendonly yes\n"
		"appendfsync everysec\nsave \"\"\nmaxmemory %dmb\nmaxmemory-policy noeviction\n"
		"daemonize no\nhz 100\nlogfile \"\"\nclient-output-buffer-limit pubsub 256mb 128mb 60\n",
		p->dir, p->dir, p->dir, MEMORY_MB);
	np_err e = buf_failed(&b);
	return e == NP_OK ? place_write(p, "etc/redis.conf", buf_str(&b), 0600) : e;
}

np_err servers_redis(struct procs *ps, const struct place *p, struct buf *ret_why)
{
	char conf[PLACE_FILE_MAX];
	place_path(p, "etc/redis.conf", conf);
	np_err e = write_acl(p);
	if (e == NP_OK)
		e = write_redis_conf(p);
	const struct proc_spec spec = { .name = "redis", .argv = { SERVERS_REDIS, conf } };
	if (e == NP_OK)
		e = proc_start(ps, &spec);
	return e == NP_OK ? servers_wait_socket(ps, p, "run/redis.sock", "redis", ret_why) : e;
}
