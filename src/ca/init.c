/* SPDX-License-Identifier: Apache-2.0 */
#include "ca/init.h"

#include <limits.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/args.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/str.h"
#include "ca/leaves.h"
#include "net/addr.h"

#define INIT_ARENA_MAX ((size_t)256 * 1024)

static const struct arg_opt opts[] = {
	{ "dir", "DIR", "folder of the CA keys; made, mode 0700", NULL },
	{ "tls", "DIR", "folder for certificates of gateway and ca", NULL },
	{ "gateway", "ADDR:PORT", "where the gateway listens", "127.0.0.1:8443" },
	{ "enrol", "ADDR:PORT", "where the ca listens", "127.0.0.1:8444" },
	{ "names", "A,B", "further names and addresses under which checkers reach them", NULL },
};
static const struct arg_spec spec = {
	.usage = "netpulse ca init --dir DIR [options]",
	.about =
		"Make the two roots, the intermediate for servers, and the certificates of gateway\n"
		"and ca. Run again, it keeps what is there and renews what is due or renamed.",
	.opts = opts,
	.n = NP_LEN(opts),
};

/* Names that the servers' certificates carry. */
struct names {
	struct arena *arena;
	const char *list[LEAVES_NAMES_MAX];
	size_t n;
};

static np_err add(struct names *s, np_str name)
{
	struct addr ip;
	char text[ADDR_TEXT_MAX];
	if (addr_parse_ip(name, &ip) == NP_OK)
		name = (np_str){ text, addr_print_ip(&ip, text) };
	else if (!addr_is_hostname(name))
		return NP_E_INVAL;
	for (size_t i = 0; i < s->n; i++)
		if (str_eq_nocase(name, str_from_c(s->list[i])))
			return NP_OK;
	if (s->n == LEAVES_NAMES_MAX)
		return NP_E_LIMIT;
	const char *copy = arena_c(s->arena, name);
	if (!copy)
		return NP_E_NOMEM;
	s->list[s->n++] = copy;
	return NP_OK;
}

/* "0.0.0.0" stands for every address of this machine, and its name. */
static void add_machine(struct names *s)
{
	char host[256] = "";
	struct addr_own own;
	if (gethostname(host, sizeof host - 1) == 0)
		(void)add(s, str_from_c(host));
	if (addr_own_load(&own) < 0)
		return;
	for (size_t i = 0; i < own.n && s->n < LEAVES_NAMES_MAX / 2; i++) {
		char text[ADDR_TEXT_MAX];
		if (addr_class(&own.list[i].u.sa, NULL) == ADDR_LINKLOCAL)
			continue;
		(void)add(s, (np_str){ text, addr_print_ip(&own.list[i], text) });
	}
}

static np_err add_listen(struct names *s, const char *option, const char *address, struct buf *why)
{
	np_str host;
	uint16_t port;
	np_err e = addr_split(str_from_c(address), &host, &port);
	if (e == NP_OK && (str_eq_c(host, "0.0.0.0") || str_eq_c(host, "::")))
		add_machine(s);
	else if (e == NP_OK)
		e = add(s, host);
	if (e < 0)
		(void)buf_printf(why, "--%s %s: write HOST:PORT or [IPV6]:PORT", option, address);
	return e;
}

static np_err add_given(struct names *s, const char *text, struct buf *why)
{
	np_str rest = str_from_c(text), one;
	while (rest.n > 0) {
		(void)str_cut(rest, ',', &one, &rest);
		np_err e = add(s, str_trim(one));
		if (e < 0) {
			(void)buf_printf(why,
					 "--names: '%.*s' is neither a host name nor an address",
					 NP_FMT(one));
			return e;
		}
	}
	return NP_OK;
}

static np_err collect(struct names *s, const struct args *args, struct buf *why)
{
	static const char *const always[] = { "localhost", "127.0.0.1", "::1" };
	np_err e = NP_OK;
	for (size_t i = 0; i < NP_LEN(always) && e == NP_OK; i++)
		e = add(s, str_from_c(always[i]));
	if (e == NP_OK)
		e = add_given(s, args_str(args, "names"), why);
	if (e == NP_OK)
		e = add_listen(s, "gateway", args_str(args, "gateway"), why);
	if (e == NP_OK)
		e = add_listen(s, "enrol", args_str(args, "enrol"), why);
	return e;
}

/* The role may be started in another folder than we were: absolute from here on. */
static np_err absolute(const char *dir, char ret[PATH_MAX], struct buf *why)
{
	np_err e = file_mkdirs(dir, 0700);
	if (e == NP_OK && !realpath(dir, ret))
		e = NP_E_IO;
	if (e < 0)
		(void)buf_printf(why, "cannot make %s: %s", dir, np_err_text(e));
	return e;
}

static np_err make(const char *dir, const char *tls, const struct names *s, struct buf *why)
{
	struct vault *v = NULL;
	int64_t now_us = clock_wall_us();
	np_err e = vault_create(dir, now_us, why);
	if (e == NP_OK)
		e = vault_open(dir, &v, why);
	if (e == NP_OK) {
		const struct leaves_plan plan = { tls, s->list, s->n };
		e = leaves_init(v, dir, &plan, now_us, why);
	}
	vault_free(v);
	return e;
}

static np_err run(const struct args *args, struct buf *why)
{
	char dir[PATH_MAX], tls[PATH_MAX];
	const char *dir_arg = args_str(args, "dir"), *tls_arg = args_str(args, "tls");
	if (!dir_arg) {
		(void)buf_add_c(why, "--dir DIR is needed: where the CA keys are kept");
		return NP_E_INVAL;
	}
	struct names s = { .arena = arena_new(INIT_ARENA_MAX) };
	np_err e = s.arena ? collect(&s, args, why) : NP_E_NOMEM;
	if (e == NP_OK)
		e = absolute(dir_arg, dir, why);
	if (e == NP_OK)
		e = absolute(tls_arg ? tls_arg : dir_arg, tls, why);
	if (e == NP_OK)
		e = make(dir, tls, &s, why);
	arena_free(s.arena);
	return e;
}

int init_main(int argc, char **argv)
{
	NP_CLEANUP(buf_done) struct buf why;
	struct args *args = NULL;
	buf_init(&why, 4096);
	np_err e = args_parse(&spec, argc, argv, &args, &why);
	if (e == NP_E_CANCELED)
		return 0;
	int status = e < 0 ? 2 : 0;
	if (e == NP_OK && (e = run(args, &why)) < 0)
		status = e == NP_E_INVAL ? 2 : 1;
	if (e < 0)
		(void)fprintf(stderr, "netpulse ca init: %s\n",
			      why.n ? buf_c(&why) : np_err_text(e));
	args_free(args);
	return status;
}
