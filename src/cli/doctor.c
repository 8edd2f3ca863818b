/* SPDX-License-Identifier: Apache-2.0 */
/* `netpulse doctor`: look at what usually goes wrong, say it in plain words, change nothing. */
#include <curl/curl.h>
#include <errno.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/statvfs.h>
#include <sys/timex.h>
#include <stdarg.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/str.h"
#include "cli/cli.h"
#include "cli/command.h"
#include "net/x509.h"

#define FDS_WANTED 20000
#define DISK_WANTED ((uint64_t)1 << 30)
#define CERT_SOON_US (3 * NP_DAY_US)
#define PATH_LEN 256

static const struct arg_opt opts[] = {
	{ "data", "DIR", "folder of the installation", "/var/lib/netpulse" },
	API_OPTS,
};
static const struct arg_spec spec = {
	.usage = "netpulse doctor [--data DIR]",
	.about =
		"Check programs, limits, disk, clock and certificates of this machine, and what the\n"
		"auditor of the installation found, if there is a token to ask with (else\n"
		"DIR/admin.token is used when it can be read).\n"
		"Exit code 1 when something needs a person.",
	.opts = opts,
	.n = NP_LEN(opts),
};

enum verdict { FINE, NOTE, BAD };
struct report {
	json_t *items;
	size_t bad;
};

static void add(struct report *r, enum verdict v, const char *what, const char *fmt, ...)
	NP_PRINTF(4, 5);
static void add(struct report *r, enum verdict v, const char *what, const char *fmt, ...)
{
	static const char *const words[] = { [FINE] = "ok", [NOTE] = "note", [BAD] = "problem" };
	char text[400];
	va_list ap;
	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	r->bad += v == BAD;
	(void)json_array_append_new(r->items, json_pack("{s:s, s:s, s:s}", "verdict", words[v],
							"what", what, "text", text));
}

static void look_at_programs(struct report *r)
{
	static const char *const programs[][3] = {
		{ "PostgreSQL 15", "/usr/lib/postgresql/15/bin/postgres", "postgresql-15" },
		{ "PgBouncer", "/usr/sbin/pgbouncer", "pgbouncer" },
		{ "Redis", "/usr/bin/redis-server", "redis-server" },
	};
	for (size_t i = 0; i < NP_LEN(programs); i++)
		if (access(programs[i][1], X_OK) == 0)
			add(r, FINE, programs[i][0], "is installed");
		else
			add(r, NOTE, programs[i][0],
			    "is not installed; `netpulse up` needs it: apt-get install %s",
			    programs[i][2]);
}

static void look_at_limits(struct report *r)
{
	struct rlimit l;
	if (getrlimit(RLIMIT_NOFILE, &l) != 0)
		return;
	if (l.rlim_max < FDS_WANTED)
		add(r, NOTE, "descriptors",
		    "at most %llu a process: good for about %llu checkers on one gateway; raise LimitNOFILE",
		    (unsigned long long)l.rlim_max, (unsigned long long)l.rlim_max / 2);
	else
		add(r, FINE, "descriptors", "up to %llu a process", (unsigned long long)l.rlim_max);
}

static void look_at_icmp(struct report *r)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, IPPROTO_ICMP);
	int raw = socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_ICMP);
	if (fd >= 0 || raw >= 0)
		add(r, FINE, "ICMP", "this user may ping");
	else
		add(r, NOTE, "ICMP",
		    "this user may not ping: ICMP monitors will say `unknown`. Start `netpulse up` as root, give "
		    "CAP_NET_RAW, or set net.ipv4.ping_group_range");
	np_close_fd(&fd);
	np_close_fd(&raw);
}

static void look_at_clock(struct report *r)
{
	struct timex t = { 0 };
	int state = adjtimex(&t);
	if (state == TIME_ERROR)
		add(r, NOTE, "clock",
		    "the kernel does not know it to be synchronised; a checker more than 5 s fast is not "
		    "believed. Install chrony or systemd-timesyncd");
	else
		add(r, FINE, "clock", "synchronised, off by at most %ld ms", t.maxerror / 1000);
}

static void look_at_disk(struct report *r, const char *dir)
{
	struct statvfs fs;
	if (statvfs(dir, &fs) != 0) {
		add(r, NOTE, "data folder", "%s: %s; has NetPulse run here?", dir,
		    np_err_text(np_err_from_errno(errno)));
		return;
	}
	uint64_t left = (uint64_t)fs.f_bavail * fs.f_frsize;
	add(r, left < DISK_WANTED ? BAD : FINE, "disk", "%llu MB free at %s%s",
	    (unsigned long long)(left >> 20), dir,
	    left < DISK_WANTED ? ": too little, free some" : "");
}

static void look_at_leaf(struct report *r, const char *dir, const char *file)
{
	char path[PATH_LEN];
	X509 *cert = NULL;
	int64_t from = 0, to = 0, now = clock_wall_us();
	(void)snprintf(path, sizeof path, "%s/tls/%s", dir, file);
	if (!file_exists(path))
		return;
	if (x509_cert_load(path, &cert) < 0 || x509_cert_times(cert, &from, &to) < 0)
		add(r, BAD, file, "cannot be read: %s is damaged", path);
	else if (to < now)
		add(r, BAD, file, "expired %lld hours ago; is the ca running?",
		    (long long)((now - to) / NP_HOUR_US));
	else
		add(r, to - now < CERT_SOON_US ? NOTE : FINE, file, "valid for %lld hours more",
		    (long long)((to - now) / NP_HOUR_US));
	x509_cert_free_p(&cert);
}

/* What the installation says of itself. A findings' row is a person's business. */
static void add_findings(struct report *r, const json_t *items)
{
	size_t i;
	json_t *one;
	json_array_foreach(items, i, one) add(r, BAD, api_text(one, "kind"), "since %s: %s",
					      api_text(one, "since"), api_text(one, "detail"));
	if (json_array_size(items) == 0)
		add(r, FINE, "auditor", "has found nothing that is wrong now");
}

static void look_at_findings(struct report *r, struct command *c)
{
	NP_CLEANUP(buf_done) struct buf why;
	char path[PATH_LEN];
	json_t *items = NULL;
	struct api *a = NULL;
	const char *env = getenv("NETPULSE_TOKEN");
	bool given = args_str(c->args, "token-file") != NULL || (env != NULL && env[0] != '\0');
	buf_init(&why, 4096);
	(void)snprintf(path, sizeof path, "%s/admin.token", args_str(c->args, "data"));
	if (!given && access(path, R_OK) != 0)
		return;
	np_err e = curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK ? NP_OK : NP_E_NOMEM;
	if (e == NP_OK)
		e = given ? api_new(c->args, &a, &why) : api_new_with(c->args, path, &a, &why);
	if (e == NP_OK)
		e = api_list(a, "/api/v1/findings", &items, &why);
	if (e == NP_OK)
		add_findings(r, items);
	else
		add(r, NOTE, "auditor", "could not be asked: %s",
		    why.n > 0 ? buf_c(&why) : np_err_text(e));
	json_decref(items);
	api_free(a);
}

static np_err print(const struct report *r, bool json)
{
	size_t i;
	json_t *one;
	if (json) {
		command_print_json(r->items);
	} else {
		json_array_foreach(r->items, i, one)
		{
			char line[500];
			(void)snprintf(line, sizeof line, "%s: %s", api_text(one, "what"),
				       api_text(one, "text"));
			command_print_pair(api_text(one, "verdict"), line);
		}
	}
	return r->bad > 0 ? NP_E_AGAIN : NP_OK;
}

static np_err work(struct command *c)
{
	const char *dir = args_str(c->args, "data");
	struct report r = { .items = json_array() };
	look_at_programs(&r);
	look_at_limits(&r);
	look_at_icmp(&r);
	look_at_clock(&r);
	look_at_disk(&r, dir);
	look_at_leaf(&r, dir, "gateway.pem");
	look_at_leaf(&r, dir, "ca.pem");
	look_at_findings(&r, c);
	np_err e = print(&r, args_flag(c->args, "json"));
	if (e < 0)
		(void)buf_printf(&c->why, "%zu problems need a person", r.bad);
	json_decref(r.items);
	return e;
}

int cli_doctor_main(int argc, char **argv)
{
	return command_run(&spec, false, argc, argv, work);
}
