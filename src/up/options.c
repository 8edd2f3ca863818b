/* SPDX-License-Identifier: Apache-2.0 */
#include "up/options.h"

#include <unistd.h>

#include "base/str.h"
#include "net/addr.h"
#include "net/ident.h"

static const struct arg_opt opts[] = {
	{ "data", "DIR",
	  "where everything is kept (default /var/lib/netpulse as root, else "
	  "${XDG_STATE_HOME:-~/.local/state}/netpulse)",
	  NULL },
	{ "http", "ADDR:PORT", "dashboard and API", "127.0.0.1:8080" },
	{ "gateway", "ADDR:PORT", "where checkers report", "127.0.0.1:8443" },
	{ "enrol", "ADDR:PORT", "where checkers enrol and renew", "127.0.0.1:8444" },
	{ "regions", "A,B,C", "a checker for each; on one machine these are only names",
	  "eu-west,us-east,ap-south" },
	{ "user", "NAME", "service user to become when started as root", "netpulse" },
	{ "names", "A,B",
	  "further host names and addresses under which checkers reach this machine", NULL },
	{ "trusted-proxies", "A,B",
	  "addresses or networks of reverse proxies whose X-Forwarded-For is believed", NULL },
	{ "smtp", "URL", "mail server for notices: smtp://host:587 or smtps://host", NULL },
	{ "smtp-secret", "@FILE", "file with user:password for the mail server", NULL },
	{ "mail-from", "ADDRESS", "sender of notices", NULL },
	{ "heartbeat", "URL|@FILE",
	  "asked every minute while all is well: somebody else's dead man's switch", NULL },
	{ "metrics", "ADDR:PORT", "Prometheus metrics of all roles, label `role`", NULL },
};

static const struct arg_spec spec = {
	.usage = "netpulse up [options]",
	.about =
		"Run all of NetPulse on this machine: private PostgreSQL, PgBouncer and Redis and\n"
		"every role, each a process of its own. Prints `ready http://…` once all answer.\n"
		"SIGTERM or Ctrl-C stops everything in order.",
	.opts = opts,
	.n = NP_LEN(opts),
};

static np_err default_dir(struct up_options *o, struct buf *why)
{
	const char *state = getenv("XDG_STATE_HOME");
	const char *home = getenv("HOME");
	int n;
	if (geteuid() == 0)
		n = snprintf(o->default_dir, sizeof o->default_dir, "/var/lib/netpulse");
	else if (state != NULL && state[0] == '/')
		n = snprintf(o->default_dir, sizeof o->default_dir, "%s/netpulse", state);
	else if (home != NULL && home[0] == '/')
		n = snprintf(o->default_dir, sizeof o->default_dir, "%s/.local/state/netpulse",
			     home);
	else
		return buf_add_c(why, "HOME is not set: say where to keep data with --data DIR"),
		       NP_E_INVAL;
	if (n < 0 || (size_t)n >= sizeof o->default_dir)
		return buf_add_c(why, "the home folder's path is too long: give a shorter one with "
				      "--data DIR"),
		       NP_E_INVAL;
	o->dir = o->default_dir;
	return NP_OK;
}

static np_err check_dir(struct up_options *o, struct buf *why)
{
	o->dir = args_str(o->args, "data");
	if (o->dir == NULL)
		return default_dir(o, why);
	if (o->dir[0] != '/')
		(void)buf_printf(why, "--data %s: give an absolute path", o->dir);
	else if (strlen(o->dir) > UP_PATH_MAX)
		(void)buf_printf(why,
				 "--data: at most %d characters, since Unix sockets lie below it",
				 UP_PATH_MAX);
	return why->n > 0 ? NP_E_INVAL : NP_OK;
}

static np_err check_addr(const struct up_options *o, const char *name, const char **ret,
			 struct buf *why)
{
	np_str host;
	uint16_t port = 0;
	*ret = args_str(o->args, name);
	if (*ret == NULL)
		return NP_OK;
	if (addr_split(str_from_c(*ret), &host, &port) < 0 || host.n == 0 || port == 0) {
		(void)buf_printf(why, "--%s %s: want ADDR:PORT, as in 127.0.0.1:8080", name, *ret);
		return NP_E_INVAL;
	}
	return NP_OK;
}

static np_err add_region(struct up_options *o, np_str name, struct buf *why)
{
	if (!ident_region_ok(name) || name.n > UP_REGION_LEN_MAX)
		return buf_printf(why,
				  "--regions: %.*s is no region name (a-z, 0-9 and -, at most %d)",
				  NP_FMT(name), UP_REGION_LEN_MAX),
		       NP_E_INVAL;
	for (size_t i = 0; i < o->n_regions; i++)
		if (str_eq_c(name, o->regions[i]))
			return buf_printf(why, "--regions: %.*s stands there twice", NP_FMT(name)),
			       NP_E_INVAL;
	if (o->n_regions == UP_REGIONS_MAX)
		return buf_printf(why, "--regions: at most %d", UP_REGIONS_MAX), NP_E_INVAL;
	memcpy(o->regions[o->n_regions], name.p, name.n);
	o->regions[o->n_regions++][name.n] = '\0';
	return NP_OK;
}

static np_err check_regions(struct up_options *o, struct buf *why)
{
	np_str rest = str_from_c(args_str(o->args, "regions"));
	while (rest.n > 0) {
		np_str name;
		(void)str_cut(rest, ',', &name, &rest);
		np_err e = add_region(o, str_trim(name), why);
		if (e < 0)
			return e;
	}
	if (o->n_regions == 0)
		return buf_add_c(why, "--regions: name at least one"), NP_E_INVAL;
	return NP_OK;
}

static np_err check_smtp(struct up_options *o, struct buf *why)
{
	o->smtp_url = args_str(o->args, "smtp");
	o->mail_from = args_str(o->args, "mail-from");
	const char *secret = args_str(o->args, "smtp-secret");
	if (o->smtp_url != NULL) {
		np_str url = str_from_c(o->smtp_url);
		if (!str_starts(url, NP_STR("smtp://")) && !str_starts(url, NP_STR("smtps://")))
			return buf_add_c(why, "--smtp: want smtp://HOST:PORT or smtps://HOST:PORT"),
			       NP_E_INVAL;
		if (str_find_byte(url, '@') != SIZE_MAX)
			return buf_add_c(why,
					 "--smtp: no user or password in the URL, everybody could "
					 "read it; use --smtp-secret @FILE"),
			       NP_E_INVAL;
		if (o->mail_from == NULL)
			return buf_add_c(why, "--smtp also needs --mail-from ADDRESS"), NP_E_INVAL;
	}
	if (secret != NULL && (secret[0] != '@' || secret[1] == '\0'))
		return buf_add_c(why, "--smtp-secret: want @FILE, a file with user:password"),
		       NP_E_INVAL;
	if (secret != NULL && o->smtp_url == NULL)
		return buf_add_c(why, "--smtp-secret without --smtp"), NP_E_INVAL;
	o->smtp_secret_path = secret != NULL ? secret + 1 : NULL;
	return NP_OK;
}

static np_err check_proxies(struct up_options *o, struct buf *why)
{
	o->proxies = args_str(o->args, "trusted-proxies");
	np_str rest = str_from_c(o->proxies), one;
	for (bool more = rest.n > 0; more;) {
		struct addr_cidr cidr;
		more = str_cut(rest, ',', &one, &rest);
		if (addr_cidr_parse(one, &cidr) < 0)
			return buf_printf(why,
					  "--trusted-proxies: %.*s is no address or network, as "
					  "in 192.0.2.7 or 10.0.0.0/8",
					  NP_FMT(one)),
			       NP_E_INVAL;
	}
	return NP_OK;
}

static np_err check_heartbeat(struct up_options *o, struct buf *why)
{
	o->heartbeat = args_str(o->args, "heartbeat");
	np_str h = str_from_c(o->heartbeat);
	if (o->heartbeat == NULL || (h.n > 1 && h.p[0] == '@') ||
	    str_starts(h, NP_STR("http://")) || str_starts(h, NP_STR("https://")))
		return NP_OK;
	(void)buf_add_c(why, "--heartbeat: want an http or https address, or @FILE that holds it");
	return NP_E_INVAL;
}

np_err up_options_parse(int argc, char **argv, struct up_options *ret, struct buf *ret_why)
{
	*ret = (struct up_options){ 0 };
	np_err e = args_parse(&spec, argc, argv, &ret->args, ret_why);
	if (e < 0)
		return e;
	ret->user = args_str(ret->args, "user");
	ret->names = args_str(ret->args, "names");
	if ((e = check_dir(ret, ret_why)) < 0 ||
	    (e = check_addr(ret, "http", &ret->http, ret_why)) < 0 ||
	    (e = check_addr(ret, "gateway", &ret->gateway, ret_why)) < 0 ||
	    (e = check_addr(ret, "enrol", &ret->enrol, ret_why)) < 0 ||
	    (e = check_addr(ret, "metrics", &ret->metrics, ret_why)) < 0 ||
	    (e = check_regions(ret, ret_why)) < 0 || (e = check_smtp(ret, ret_why)) < 0 ||
	    (e = check_proxies(ret, ret_why)) < 0 || (e = check_heartbeat(ret, ret_why)) < 0)
		return e;
	return NP_OK;
}

void up_options_done(struct up_options *o)
{
	args_free(o->args);
	o->args = NULL;
}
