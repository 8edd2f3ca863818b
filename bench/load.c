/* SPDX-License-Identifier: Apache-2.0 */
/* netpulse-load: thousands of workers against one gateway, by a profile.
 *
 * Prints "ready MS" once every worker is connected and has its assignment, waits for a
 * line on its input with --wait, runs the profile (a second line ends it early), waits for
 * the answers still out, and prints one line of JSON. --acks keeps what was acknowledged,
 * for the driver. */
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/args.h"
#include "base/clock.h"
#include "base/str.h"
#include "profile.h"

#define CHECK_MS 20

static const struct arg_opt opts[] = {
	{ "ids", "DIR", "folder that netpulse-mint wrote", NULL },
	{ "root", "FILE", "edge root certificate", NULL },
	{ "gateway", "ADDR:PORT", "where checkers report (numeric)", "127.0.0.1:8443" },
	{ "profile", "NAME", "steady, spike, burst, max, storm, slow", "steady" },
	{ "workers", "N", "how many", "1000" },
	{ "rate", "N", "batches a second of all workers (steady, storm, slow)", "100" },
	{ "seconds", "S", "how long results are made", "10" },
	{ "quiet", "S", "silence before each wave (spike, burst)", "60" },
	{ "per-batch", "N", "results in a batch", "1" },
	{ "interval-ms", "N", "slots so far apart, and latencies that vary (0: each is of now)",
	  "0" },
	{ "inflight", "N", "batches a worker has out (max)", "1" },
	{ "post", NULL, "POST /v1/results on a kept connection instead of the stream", NULL },
	{ "ready", "S", "give up when not all are ready by then", "180" },
	{ "wait", NULL, "begin when a line comes in; a second one ends it early", NULL },
	{ "drain", "S", "wait so long for the answers still out", "20" },
	{ "acks", "FILE", "write what was acknowledged", NULL },
};
static const struct arg_spec spec = {
	.usage = "netpulse-load --ids DIR --root FILE [options]",
	.about = "Thousands of workers against one gateway.",
	.opts = opts,
	.n = NP_LEN(opts),
};

enum phase { PHASE_CONNECT, PHASE_WAIT, PHASE_RUN, PHASE_DRAIN };
struct load {
	struct loop *loop;
	struct fleet fleet;
	struct profile profile;
	struct ids ids;
	struct record acks;
	struct loop_timer *timer;
	struct loop_poll *stdin_poll;
	enum phase phase;
	bool wait, failed;
	int64_t begun_ms, give_up_ms, ready_ms, drain_ms, drain_until_ms, said_ms;
	int64_t drained_ms;
};

/* ---- phases --------------------------------------------------------------------------- */

static void go(struct load *l)
{
	l->phase = PHASE_RUN;
	l->fleet.cfg.since_us = clock_wall_us();
	profile_start(&l->profile);
}

static void on_line(void *ctx, int events)
{
	struct load *l = ctx;
	char line[64];
	(void)events;
	ssize_t n = read(STDIN_FILENO, line, sizeof line);
	if (n > 0 && l->phase == PHASE_WAIT) {
		go(l);
		return;
	}
	loop_poll_set(l->stdin_poll, 0);
	if (n > 0)
		profile_end(&l->profile);
	else if (l->phase == PHASE_WAIT)
		loop_stop(l->loop);
}

static void on_ready(struct load *l)
{
	l->ready_ms = clock_mono_ms() - l->begun_ms;
	(void)printf("ready %lld\n", (long long)l->ready_ms);
	(void)fflush(stdout);
	l->phase = PHASE_WAIT;
	if (!l->wait)
		go(l);
	else if (loop_poll_new(l->loop, STDIN_FILENO, on_line, l, &l->stdin_poll) == NP_OK)
		loop_poll_set(l->stdin_poll, LOOP_READ);
}

static void say_progress(struct load *l, int64_t now)
{
	const struct fleet_count *c = &l->fleet.count;
	if (now - l->said_ms < 2000)
		return;
	l->said_ms = now;
	(void)fprintf(stderr, "up %zu assigned %zu of %zu; connecting %zu refused %llu\n", c->up,
		      c->assigned, l->fleet.n, c->connecting, (unsigned long long)c->refused);
}

static void on_check(void *ctx)
{
	struct load *l = ctx;
	const struct fleet_count *c = &l->fleet.count;
	int64_t now = clock_mono_ms();
	loop_timer_at(l->timer, now + CHECK_MS);
	if (l->phase == PHASE_CONNECT) {
		say_progress(l, now);
		if (c->up == l->fleet.n && (l->fleet.cfg.post || c->assigned == l->fleet.n)) {
			on_ready(l);
		} else if (now > l->give_up_ms) {
			l->failed = true;
			loop_stop(l->loop);
		}
	} else if (l->phase == PHASE_DRAIN && (c->waiting == 0 || now > l->drain_until_ms)) {
		l->drained_ms = now - l->drain_until_ms + l->drain_ms;
		loop_stop(l->loop);
	}
}

static void on_over(void *ctx)
{
	struct load *l = ctx;
	l->phase = PHASE_DRAIN;
	l->drain_until_ms = clock_mono_ms() + l->drain_ms;
}

static void on_acked(void *ctx, struct worker *w)
{
	struct load *l = ctx;
	profile_acked(&l->profile, w);
}

/* ---- what came of it -------------------------------------------------------------------- */

static int by_value(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
	return x < y ? -1 : x > y;
}

static void report(struct load *l)
{
	const struct fleet_count *c = &l->fleet.count;
	struct record *late = &l->profile.late;
	struct rusage ru;
	int64_t p50 = 0, p99 = 0;
	if (late->n > 0) {
		qsort(late->rows, late->n, late->row, by_value);
		const int64_t *v = (const int64_t *)(const void *)late->rows;
		p50 = v[late->n / 2];
		p99 = v[late->n * 99 / 100];
	}
	(void)getrusage(RUSAGE_SELF, &ru);
	(void)printf(
		"{\"workers\": %zu, \"ready_ms\": %lld, \"from_us\": %lld, \"to_us\": %lld,"
		" \"offered\": %llu, \"accepted\": %llu, \"waiting\": %zu, \"rejected\": %llu,",
		l->fleet.n, (long long)l->ready_ms, (long long)l->profile.from_us,
		(long long)l->profile.to_us, (unsigned long long)c->offered,
		(unsigned long long)c->accepted, c->waiting, (unsigned long long)c->rejected);
	(void)printf(" \"rewinds\": %llu, \"pauses\": %llu, \"resent\": %llu, \"lost_links\": %llu,"
		     " \"refused\": %llu, \"odd\": %llu, \"missed\": %llu, \"drain_ms\": %lld,",
		     (unsigned long long)c->rewinds, (unsigned long long)c->pauses,
		     (unsigned long long)c->resent, (unsigned long long)c->lost_links,
		     (unsigned long long)c->refused, (unsigned long long)c->odd,
		     (unsigned long long)l->profile.missed, (long long)l->drained_ms);
	(void)printf(" \"late_us\": {\"p50\": %lld, \"p99\": %lld}, \"storm_back_ms\": %lld,"
		     " \"cpu_s\": %.2f, \"up\": %zu}\n",
		     (long long)p50, (long long)p99, (long long)l->profile.storm_back_ms,
		     (double)ru.ru_utime.tv_sec + (double)ru.ru_stime.tv_sec +
			     (double)(ru.ru_utime.tv_usec + ru.ru_stime.tv_usec) / 1e6,
		     c->up);
}

/* ---- start -------------------------------------------------------------------------------- */

static np_err number(const struct args *a, const char *name, double *ret, struct buf *why)
{
	np_err e = str_to_double(str_from_c(args_str(a, name)), ret);
	if (e == NP_OK && !(*ret >= 0 && *ret < 1e9))
		e = NP_E_RANGE;
	if (e < 0 && why->n == 0)
		(void)buf_printf(why, "--%s: not a number that will do", name);
	return e;
}

static np_err make_fleet(struct load *l, const struct args *a, struct tls *tls, struct buf *why)
{
	double per_batch = 0, interval = 0;
	struct fleet_cfg cfg = { .loop = l->loop,
				 .tls = tls,
				 .name = "127.0.0.1",
				 .post = args_flag(a, "post"),
				 .acks = &l->acks,
				 .connecting = WORKER_CONNECTING_DEFAULT,
				 .acked = on_acked,
				 .ctx = l };
	np_err e = addr_parse(str_from_c(args_str(a, "gateway")), &cfg.gateway);
	if (e == NP_OK)
		e = number(a, "per-batch", &per_batch, why);
	if (e == NP_OK)
		e = number(a, "interval-ms", &interval, why);
	cfg.per_batch = (uint32_t)per_batch;
	cfg.interval_us = (int64_t)interval * NP_MS_US;
	return e < 0 ? e : fleet_init(&l->fleet, &cfg, &l->ids);
}

static np_err make_profile(struct load *l, const struct args *a, struct buf *why)
{
	double seconds = 0, quiet = 0, inflight = 0;
	struct profile_cfg cfg = { .over = on_over, .ctx = l };
	np_err e = profile_kind_from_name(args_str(a, "profile"), &cfg.kind);
	if (e == NP_OK)
		e = number(a, "rate", &cfg.rate, why);
	if (e == NP_OK)
		e = number(a, "seconds", &seconds, why);
	if (e == NP_OK)
		e = number(a, "quiet", &quiet, why);
	if (e == NP_OK)
		e = number(a, "inflight", &inflight, why);
	cfg.run_ms = (int64_t)(seconds * 1000);
	cfg.quiet_ms = (int64_t)(quiet * 1000);
	cfg.inflight = inflight < 1               ? 1
		       : inflight > WORKER_WINDOW ? WORKER_WINDOW
						  : (uint32_t)inflight;
	return e < 0 ? e : profile_init(&l->profile, &cfg, &l->fleet);
}

static np_err make_tls(const struct args *a, struct tls **ret, struct buf *why)
{
	char cert[512], key[512];
	(void)snprintf(cert, sizeof cert, "%s/cert.pem", args_str(a, "ids"));
	(void)snprintf(key, sizeof key, "%s/key.pem", args_str(a, "ids"));
	const struct tls_cfg cfg = { .use = TLS_LINK_CLIENT,
				     .cert_file = cert,
				     .key_file = key,
				     .root_file = args_str(a, "root") };
	return tls_new(&cfg, ret, why);
}

static np_err start(struct load *l, const struct args *a, struct tls *tls, struct buf *why)
{
	double give_up = 0, drain = 0;
	np_err e = make_fleet(l, a, tls, why);
	if (e == NP_OK)
		e = make_profile(l, a, why);
	if (e == NP_OK)
		e = number(a, "ready", &give_up, why);
	if (e == NP_OK)
		e = number(a, "drain", &drain, why);
	l->timer = e == NP_OK ? loop_timer_new(l->loop, on_check, l) : NULL;
	if (e < 0)
		return e;
	if (l->profile.cfg.kind == PROFILE_SLOW)
		fleet_slow(&l->fleet, 10);
	l->drain_ms = (int64_t)(drain * 1000);
	l->begun_ms = clock_mono_ms();
	l->give_up_ms = l->begun_ms + (int64_t)(give_up * 1000);
	loop_timer_at(l->timer, l->begun_ms);
	fleet_connect(&l->fleet);
	return loop_run(l->loop);
}

static np_err run(const struct args *a, struct buf *why)
{
	struct load l = { .wait = args_flag(a, "wait") };
	double workers = 0;
	uint64_t fds = 0;
	char path[512];
	struct tls *tls = NULL;
	if (!args_str(a, "ids") || !args_str(a, "root"))
		return NP_E_INVAL;
	record_init(&l.acks, sizeof(struct record_ack));
	(void)snprintf(path, sizeof path, "%s/identities", args_str(a, "ids"));
	l.loop = loop_new(NULL);
	np_err e = l.loop ? number(a, "workers", &workers, why) : NP_E_NOMEM;
	if (e == NP_OK && loop_raise_fds(&fds) == NP_OK && (double)fds < workers + 50)
		(void)fprintf(stderr, "only %llu descriptors\n", (unsigned long long)fds);
	if (e == NP_OK)
		e = ids_load(path, (size_t)workers, &l.ids);
	if (e == NP_OK)
		e = make_tls(a, &tls, why);
	if (e == NP_OK)
		e = start(&l, a, tls, why);
	if (e == NP_OK)
		report(&l);
	if (e == NP_OK && args_str(a, "acks"))
		e = record_write(&l.acks, args_str(a, "acks"));
	/* The process ends: ten thousand connections are closed faster by the kernel. */
	return e < 0 ? e : l.failed ? NP_E_TIMEOUT : NP_OK;
}

int main(int argc, char **argv)
{
	NP_CLEANUP(buf_done) struct buf why;
	struct args *args = NULL;
	buf_init(&why, 4096);
	np_err e = args_parse(&spec, argc, argv, &args, &why);
	if (e == NP_E_CANCELED)
		return 0;
	if (e == NP_OK)
		e = run(args, &why);
	if (e < 0)
		(void)fprintf(stderr, "netpulse-load: %s\n", why.n ? buf_c(&why) : np_err_text(e));
	args_free(args);
	return e < 0;
}
