/* SPDX-License-Identifier: Apache-2.0 */
#include "up/boot.h"

#include <errno.h>
#include <netdb.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/str.h"
#include "net/addr.h"
#include "net/enrol.h"
#include "up/probe.h"
#include "up/watchself.h"

#define STEP_MS 60000
#define READY_MS 60000

static np_err check_port(const char *option, const char *address, struct buf *why)
{
	np_str host;
	uint16_t port = 0;
	char node[256], service[8];
	struct addrinfo *ai = NULL;
	const struct addrinfo hints = { .ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE };
	if (address == NULL || addr_split(str_from_c(address), &host, &port) < 0)
		return NP_OK;
	(void)snprintf(node, sizeof node, "%.*s", NP_FMT(host));
	(void)snprintf(service, sizeof service, "%u", port);
	if (getaddrinfo(node, service, &hints, &ai) != 0 || ai == NULL) {
		(void)buf_printf(why, "--%s %s: this machine knows no such address", option,
				 address);
		return NP_E_NOTFOUND;
	}
	NP_CLEANUP(np_close_fd) int fd = socket(ai->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	const int on = 1;
	int rc = fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
		 bind(fd, ai->ai_addr, ai->ai_addrlen) != 0;
	np_err e = rc == 0 ? NP_OK : np_err_from_errno(errno);
	if (rc != 0)
		(void)buf_printf(
			why,
			errno == EADDRINUSE
				? "--%s %s: another program has this port; stop it or choose another one"
				: "--%s %s: cannot listen there; is the address this machine's?",
			option, address);
	freeaddrinfo(ai);
	return e;
}

np_err boot_check_ports(const struct up_options *o, struct buf *ret_why)
{
	np_err e;
	if ((e = check_port("http", o->http, ret_why)) < 0 ||
	    (e = check_port("gateway", o->gateway, ret_why)) < 0 ||
	    (e = check_port("enrol", o->enrol, ret_why)) < 0)
		return e;
	return check_port("metrics", o->metrics, ret_why);
}

static np_err step(struct procs *ps, const char *what, const struct proc_spec *spec,
		   struct buf *why)
{
	NP_CLEANUP(buf_done) struct buf words;
	buf_init(&words, 512);
	np_err e = proc_run(ps, spec, STEP_MS, &words);
	if (e < 0)
		(void)buf_printf(why, "cannot %s: %.*s", what, NP_FMT(buf_str(&words)));
	return e;
}

static np_err init_ca(struct procs *ps, const struct up_options *o, struct buf *why)
{
	const struct proc_spec spec = {
		.name = "ca-init",
		.argv = { "self", "ca", "init", "--dir", "ca", "--tls", "tls", "--gateway",
			  o->gateway, "--enrol", o->enrol, o->names != NULL ? "--names" : NULL,
			  o->names },
	};
	return step(ps, "make the certificate authorities", &spec, why);
}

static np_err migrate(struct procs *ps, struct buf *why)
{
	const struct proc_spec schema = {
		.name = "migrate",
		.argv = { "self", "migrate", "--config", "etc/migrate.yaml" },
	};
	return step(ps, "bring the database up to date", &schema, why);
}

static np_err admin_token(struct procs *ps, const struct place *p, struct buf *why)
{
	char path[PLACE_FILE_MAX];
	place_path(p, "admin.token", path);
	if (file_exists(path))
		return NP_OK;
	const struct proc_spec spec = {
		.name = "admin-token",
		.argv = { "self", "admin-token", "--config", "etc/migrate.yaml", "--out",
			  "admin.token" },
	};
	return step(ps, "make the administrator's token", &spec, why);
}

static np_err copy_smtp_secret(const struct place *p, const struct up_options *o, struct buf *why)
{
	if (o->smtp_secret_path == NULL)
		return NP_OK;
	NP_CLEANUP(buf_done) struct buf text;
	buf_init(&text, SECRET_MAX);
	np_err e = file_read(o->smtp_secret_path, &text);
	if (e == NP_OK)
		e = place_write(p, "secret/smtp", buf_str(&text), 0600);
	if (e < 0)
		(void)buf_printf(
			why, "--smtp-secret: cannot read %s: %s; the service user must be able to",
			o->smtp_secret_path, np_err_text(e));
	return e;
}

static np_err wait_ready(struct procs *ps, const struct place *p, const char *name, struct buf *why)
{
	char sub[64], path[PLACE_FILE_MAX];
	(void)snprintf(sub, sizeof sub, "run/%s.sock", name);
	place_path(p, sub, path);
	int64_t deadline = clock_mono_ms() + READY_MS;
	while (probe_get(path, "/ready", NULL) < 0) {
		if (clock_mono_ms() < deadline && proc_restarts(ps, name) < 5) {
			procs_turn(ps, 50);
			continue;
		}
		(void)buf_printf(why,
				 "%s does not get ready; its last words in %s/log/%s.log: ", name,
				 p->dir, name);
		proc_last_words(ps, name, why);
		return NP_E_TIMEOUT;
	}
	return NP_OK;
}

static np_err start_roles(struct procs *ps, const struct place *p, struct buf *why)
{
	np_err e = NP_OK;
	for (enum role r = 0; e == NP_OK && r < ROLE_N; r++)
		e = roles_start(ps, r);
	for (enum role r = 0; e == NP_OK && r < ROLE_N; r++)
		e = wait_ready(ps, p, roles[r].name, why);
	return e;
}

/* An identity that the ca would still renew needs no new token. */
static bool has_identity(const struct place *p, const char *region)
{
	char sub[64], path[PLACE_FILE_MAX];
	struct enrol_identity id;
	NP_CLEANUP(buf_done) struct buf why;
	buf_init(&why, 512);
	(void)snprintf(sub, sizeof sub, "checker/%s", region);
	place_path(p, sub, path);
	int64_t now = clock_wall_us();
	return enrol_load(path, now, &id, &why) == NP_OK && id.not_after_us + 7 * NP_DAY_US > now;
}

static np_err join_region(struct procs *ps, const struct place *p, const struct up_options *o,
			  size_t i, struct buf *why)
{
	char url[300], dir[64];
	if (has_identity(p, o->regions[i]))
		return NP_OK;
	(void)snprintf(url, sizeof url, "http://%s", o->http);
	(void)snprintf(dir, sizeof dir, "checker/%s", o->regions[i]);
	const struct proc_spec token = {
		.name = "token-create",
		.argv = { "self", "token", "create", "--url", url, "--token-file", "admin.token",
			  "--region", o->regions[i], "--make-region", "--out", "secret/join" },
	};
	const struct proc_spec join = {
		.name = "join",
		.argv = { "self", "join", "--token", "@secret/join", "--dir", dir },
	};
	np_err e = step(ps, "make a join token", &token, why);
	return e == NP_OK ? step(ps, "enrol a checker", &join, why) : e;
}

static np_err start_checkers(struct procs *ps, const struct place *p, const struct up_options *o,
			     struct buf *why)
{
	np_err e = NP_OK;
	for (size_t i = 0; e == NP_OK && i < o->n_regions; i++)
		if ((e = join_region(ps, p, o, i, why)) == NP_OK &&
		    (e = roles_configure_checker(p, o, i)) == NP_OK)
			e = roles_start_checker(ps, p, o, i);
	for (size_t i = 0; e == NP_OK && i < o->n_regions; i++) {
		char name[48];
		(void)snprintf(name, sizeof name, "checker-%s", o->regions[i]);
		e = wait_ready(ps, p, name, why);
	}
	return e;
}

np_err boot_run(struct procs *ps, const struct place *p, const struct up_options *o,
		struct buf *ret_why)
{
	np_err e;
	if ((e = servers_check(p, ret_why)) < 0 || (e = copy_smtp_secret(p, o, ret_why)) < 0 ||
	    (e = roles_configure(p, o)) < 0 || (e = servers_postgres(ps, p, ret_why)) < 0 ||
	    (e = servers_redis(ps, p, ret_why)) < 0 || (e = init_ca(ps, o, ret_why)) < 0 ||
	    (e = migrate(ps, ret_why)) < 0 || (e = admin_token(ps, p, ret_why)) < 0 ||
	    (e = servers_bouncer(ps, p, ret_why)) < 0 || (e = start_roles(ps, p, ret_why)) < 0 ||
	    (e = start_checkers(ps, p, o, ret_why)) < 0)
		return e;
	return watchself_run(ps, p, o, ret_why);
}
