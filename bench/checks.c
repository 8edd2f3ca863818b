/* SPDX-License-Identifier: Apache-2.0 */
/* netpulse-checks: what checks cost, of one checker and of the least that could do them.
 *
 * ours: attempts as the checker makes them, as many at a time as asked for. curl: libcurl
 * alone with a new connection each time. bare: sockets alone. schedule: monitors at their
 * slots. Prints one line of JSON. */
#include <stdio.h>
#include <sys/resource.h>

#include "bare.h"
#include "base/args.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/str.h"
#include "checker/icmp.h"
#include "checker/runner.h"
#include "record.h"

#define MEMORY_MS 5000

static const struct arg_opt opts[] = {
	{ "kind", "NAME", "http, tcp, icmp, dns, tls", "http" },
	{ "target", "TEXT", "as in a monitor; an address for bare", NULL },
	{ "options", "JSON", "of the monitor", "" },
	{ "ca", "FILE", "roots that targets are checked against", NULL },
	{ "seconds", "S", "how long", "5" },
	{ "concurrency", "N", "at a time", "64" },
	{ "monitors", "N", "schedule: how many", "10000" },
	{ "interval-ms", "N", "schedule: of each", "10000" },
};
static const struct arg_spec spec = {
	.usage = "netpulse-checks ours|curl|bare|schedule --target TEXT [options]",
	.about = "Measure what checks cost.",
	.opts = opts,
	.n = NP_LEN(opts),
	.min_pos = 1,
	.max_pos = 1,
};

struct bench {
	const struct args *args;
	struct check_env env;
	struct loop_timer *timer;
	enum mon_kind kind;
	uint64_t seconds, concurrency, monitors, interval_ms;
	struct check_run **again; /* ended: to be started anew */
	CURL **easy_again;
	size_t again_n;
	struct bare_count n;
	struct record late;
	int64_t begun_ms, rss_early_kb, rss_kb;
	char why[120]; /* of the first that failed */
};

/* ---- ours ---------------------------------------------------------------------------- */

static np_err make_def(const struct bench *b, uint64_t no, struct check_def **ret)
{
	Np__V1__Monitor m = NP__V1__MONITOR__INIT;
	m.monitor = no;
	m.revision = 1;
	m.shard = (uint32_t)(no % NP_SHARDS);
	m.kind = b->kind;
	m.target = (char *)(uintptr_t)args_str(b->args, "target");
	m.options_json = (char *)(uintptr_t)args_str(b->args, "options");
	m.interval_ms = (uint32_t)b->interval_ms;
	m.timeout_ms = 5000;
	m.region_count = 1;
	m.private_ok = true;
	return def_new(&m, ret);
}

static void note(struct bench *b, const struct res_record *r)
{
	bool ok = r->status == RES_OK;
	b->n.done += ok;
	b->n.failed += !ok;
	if (!ok && !b->why[0])
		(void)snprintf(b->why, sizeof b->why, "%.*s", NP_FMT(r->text));
}

static void on_done(struct check_run *run)
{
	struct bench *b = run->ctx;
	note(b, &run->res);
	b->again[b->again_n++] = run;
	if (b->again_n == 1)
		loop_timer_at(b->timer, loop_now_ms(b->env.loop));
}

static void start_again(void *ctx)
{
	struct bench *b = ctx;
	size_t n = b->again_n;
	struct check_run *list[BARE_MAX];
	memcpy(list, b->again, n * sizeof *list);
	b->again_n = 0;
	for (size_t i = 0; i < n; i++) {
		list[i]->res.slot_us = clock_wall_us();
		check_start(list[i]);
	}
}

static np_err run_ours(struct bench *b)
{
	struct check_def *def;
	np_err e = make_def(b, 1, &def);
	b->again = np_calloc(BARE_MAX, sizeof *b->again);
	b->timer = loop_timer_new(b->env.loop, start_again, b);
	if (e == NP_OK && (!b->again || !b->timer))
		e = NP_E_NOMEM;
	for (size_t i = 0; e == NP_OK && i < b->concurrency; i++) {
		e = check_run_new(&b->env, &b->again[b->again_n]);
		if (e < 0)
			break;
		struct check_run *run = b->again[b->again_n++];
		run->def = def_ref(def);
		run->done = on_done;
		run->ctx = b;
	}
	if (e == NP_OK) {
		loop_timer_at(b->timer, loop_now_ms(b->env.loop));
		loop_run_for(b->env.loop, (int64_t)b->seconds * NP_SEC_MS);
	}
	return e; /* the process ends: what is under way ends with it */
}

/* ---- libcurl alone -------------------------------------------------------------------- */

static size_t on_body(char *p, size_t size, size_t n, void *ctx)
{
	(void)p;
	(void)ctx;
	return size * n;
}

static void on_curl(void *ctx, CURLcode rc);

struct transfer {
	struct bench *b;
	CURL *easy;
};

static void curl_again(void *ctx)
{
	struct bench *b = ctx;
	struct transfer *list[BARE_MAX];
	size_t n = b->again_n;
	memcpy(list, b->easy_again, n * sizeof *list);
	b->again_n = 0;
	for (size_t i = 0; i < n; i++) {
		struct transfer *t = list[i];
		if (t->easy)
			curlm_give(b->env.curl, t->easy);
		t->easy = curlm_take(b->env.curl);
		if (!t->easy)
			continue;
		curl_easy_setopt(t->easy, CURLOPT_URL, args_str(b->args, "target"));
		curl_easy_setopt(t->easy, CURLOPT_WRITEFUNCTION, on_body);
		curl_easy_setopt(t->easy, CURLOPT_SSL_VERIFYPEER, 0L);
		if (curlm_add(b->env.curl, t->easy, t, on_curl) < 0)
			b->n.failed++;
	}
}

static void again(struct bench *b, struct transfer *t)
{
	memcpy(&b->easy_again[b->again_n++], &t, sizeof t);
	if (b->again_n == 1)
		loop_timer_at(b->timer, loop_now_ms(b->env.loop));
}

static void on_curl(void *ctx, CURLcode rc)
{
	struct transfer *t = ctx;
	t->b->n.done += rc == CURLE_OK;
	t->b->n.failed += rc != CURLE_OK;
	if (rc != CURLE_OK && !t->b->why[0])
		(void)snprintf(t->b->why, sizeof t->b->why, "%s", curl_easy_strerror(rc));
	again(t->b, t);
}

static np_err run_curl(struct bench *b)
{
	struct transfer *t = np_calloc(b->concurrency, sizeof *t);
	b->easy_again = np_calloc(BARE_MAX, sizeof *b->easy_again);
	b->timer = loop_timer_new(b->env.loop, curl_again, b);
	if (!t || !b->easy_again || !b->timer) {
		free(t);
		return NP_E_NOMEM;
	}
	for (size_t i = 0; i < b->concurrency; i++) {
		t[i].b = b;
		again(b, &t[i]);
	}
	loop_run_for(b->env.loop, (int64_t)b->seconds * NP_SEC_MS);
	return NP_OK;
}

/* ---- sockets alone -------------------------------------------------------------------- */

static np_err run_bare(struct bench *b)
{
	struct bare_cfg cfg = { .kind = b->kind,
				.concurrency = (uint32_t)b->concurrency,
				.until_ms = b->begun_ms + (int64_t)b->seconds * NP_SEC_MS };
	np_err e = addr_parse(str_from_c(args_str(b->args, "target")), &cfg.to);
	return e < 0 ? e : bare_run(&cfg, &b->n);
}

/* ---- a schedule ------------------------------------------------------------------------ */

static void on_result(void *ctx, uint32_t shard, const struct res_record *r)
{
	struct bench *b = ctx;
	int64_t late = r->start_us - r->slot_us;
	(void)shard;
	note(b, r);
	/* Not the first of each: a new definition is checked at once. */
	if (clock_mono_ms() - b->begun_ms > (int64_t)b->interval_ms && r->attempt == 0 &&
	    record_add(&b->late, &late) < 0)
		b->n.failed++;
}

static int64_t resident_kb(void)
{
	NP_CLEANUP(buf_done) struct buf b;
	uint64_t pages = 0;
	np_str head, tail;
	buf_init(&b, 4096);
	if (file_read("/proc/self/statm", &b) < 0)
		return 0;
	(void)str_cut(buf_str(&b), ' ', &head, &tail);
	(void)str_cut(tail, ' ', &head, &tail);
	return str_to_u64(head, &pages) == NP_OK ? (int64_t)pages * 4 : 0;
}

static void on_memory(void *ctx)
{
	struct bench *b = ctx;
	int64_t now = clock_mono_ms();
	b->rss_kb = resident_kb();
	/* Early: after two rounds. */
	if (now - b->begun_ms < 2 * (int64_t)b->interval_ms + MEMORY_MS)
		b->rss_early_kb = b->rss_kb;
	loop_timer_at(b->timer, now + MEMORY_MS);
}

static np_err run_schedule(struct bench *b)
{
	NP_CLEANUP(buf_done) struct buf why;
	struct metrics *metrics = metrics_new("bench");
	struct canary *canary = NULL;
	struct runner *runner = NULL;
	buf_init(&why, 500);
	np_err e = canary_new(&b->env, NULL, 0, &canary, &why);
	const struct runner_cfg cfg = {
		.env = &b->env, .canary = canary, .metrics = metrics, .result = on_result, .ctx = b
	};
	if (e == NP_OK)
		e = runner_new(&cfg, &runner);
	for (uint64_t i = 1; e == NP_OK && i <= b->monitors; i++) {
		struct check_def *def;
		e = make_def(b, i, &def);
		if (e == NP_OK)
			runner_set(runner, def);
	}
	b->timer = loop_timer_new(b->env.loop, on_memory, b);
	if (!b->timer || e < 0)
		return e < 0 ? e : NP_E_NOMEM;
	loop_timer_at(b->timer, clock_mono_ms() + MEMORY_MS);
	loop_run_for(b->env.loop, (int64_t)b->seconds * NP_SEC_MS);
	return NP_OK; /* as above */
}

/* ---- all of it -------------------------------------------------------------------------- */

static np_err make_env(struct bench *b)
{
	NP_CLEANUP(buf_done) struct buf why;
	struct resolv_cfg rc = { 0 };
	buf_init(&why, 500);
	b->env.user_agent = "NetPulse/bench";
	b->env.loop = loop_new(NULL);
	np_err e =
		b->env.loop ? curlm_new(b->env.loop, b->env.user_agent, &b->env.curl) : NP_E_NOMEM;
	if (e == NP_OK)
		e = certs_new(args_str(b->args, "ca"), &b->env.certs, &why);
	if (e == NP_OK)
		e = resolv_new(b->env.loop, &rc, &b->env.names, &why);
	rc.raw = true;
	if (e == NP_OK)
		e = resolv_new(b->env.loop, &rc, &b->env.queries, &why);
	return e < 0 ? e : icmp_new(b->env.loop, -1, -1, &b->env.icmp);
}

static double cpu_s(void)
{
	struct rusage ru;
	(void)getrusage(RUSAGE_SELF, &ru);
	return (double)(ru.ru_utime.tv_sec + ru.ru_stime.tv_sec) +
	       (double)(ru.ru_utime.tv_usec + ru.ru_stime.tv_usec) / 1e6;
}

static int by_value(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
	return x < y ? -1 : x > y;
}

static void report(struct bench *b, double cpu)
{
	const int64_t *late = (const int64_t *)(const void *)b->late.rows;
	size_t n = b->late.n;
	double took_s = (double)(clock_mono_ms() - b->begun_ms) / 1000;
	if (n > 0)
		qsort(b->late.rows, n, b->late.row, by_value);
	(void)printf("{\"done\": %llu, \"failed\": %llu, \"cpu_s\": %.3f, \"per_cpu_s\": %.0f,"
		     " \"per_s\": %.0f, \"late_us\": {\"p50\": %lld, \"p99\": %lld, \"max\": %lld},"
		     " \"rss_early_kb\": %lld, \"rss_kb\": %lld, \"why\": \"%s\"}\n",
		     (unsigned long long)b->n.done, (unsigned long long)b->n.failed, cpu,
		     cpu > 0 ? (double)b->n.done / cpu : 0, (double)b->n.done / took_s,
		     n ? (long long)late[n / 2] : 0, n ? (long long)late[n * 99 / 100] : 0,
		     n ? (long long)late[n - 1] : 0, (long long)b->rss_early_kb,
		     (long long)b->rss_kb, b->why);
}

static np_err run(const struct args *a, np_err (*mode)(struct bench *b))
{
	struct bench b = { .args = a };
	uint64_t fds = 0;
	(void)!loop_raise_fds(&fds);
	record_init(&b.late, sizeof(int64_t));
	np_err e = mode && args_str(a, "target") ? NP_OK : NP_E_INVAL;
	if (e == NP_OK)
		e = mon_kind_from_name(str_from_c(args_str(a, "kind")), &b.kind);
	if (e == NP_OK)
		e = str_to_u64(str_from_c(args_str(a, "seconds")), &b.seconds);
	if (e == NP_OK)
		e = str_to_u64(str_from_c(args_str(a, "concurrency")), &b.concurrency);
	if (e == NP_OK)
		e = str_to_u64(str_from_c(args_str(a, "monitors")), &b.monitors);
	if (e == NP_OK)
		e = str_to_u64(str_from_c(args_str(a, "interval-ms")), &b.interval_ms);
	if (e == NP_OK && b.concurrency > BARE_MAX)
		e = NP_E_RANGE;
	if (e == NP_OK)
		e = make_env(&b);
	double before = cpu_s();
	b.begun_ms = clock_mono_ms();
	if (e == NP_OK)
		e = mode(&b);
	if (e == NP_OK)
		report(&b, cpu_s() - before);
	return e;
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		np_err (*run)(struct bench *b);
	} modes[] = { { "ours", run_ours },
		      { "curl", run_curl },
		      { "bare", run_bare },
		      { "schedule", run_schedule } };
	NP_CLEANUP(buf_done) struct buf why;
	struct args *args = NULL;
	np_err (*mode)(struct bench * b) = NULL;
	buf_init(&why, 4096);
	np_err e = args_parse(&spec, argc, argv, &args, &why);
	if (e == NP_E_CANCELED)
		return 0;
	const char *const *pos = NULL;
	if (e == NP_OK)
		(void)args_pos(args, &pos);
	for (size_t i = 0; e == NP_OK && i < NP_LEN(modes); i++)
		if (str_eq_c(str_from_c(pos[0]), modes[i].name))
			mode = modes[i].run;
	if (e == NP_OK)
		e = run(args, mode);
	if (e < 0)
		(void)fprintf(stderr, "netpulse-checks: %s\n",
			      why.n ? buf_c(&why) : np_err_text(e));
	return e < 0; /* the process ends, and everything with it */
}
