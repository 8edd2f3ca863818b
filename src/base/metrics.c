/* SPDX-License-Identifier: Apache-2.0 */
#include "base/metrics.h"

#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/str.h"

static const struct {
	int64_t up_to_us;
	const char *le; /* in seconds, as Prometheus wants it */
} buckets[] = {
	{ 100, "0.0001" },  { 250, "0.00025" }, { 500, "0.0005" },  { 1000, "0.001" },
	{ 2500, "0.0025" }, { 5000, "0.005" },  { 10000, "0.01" },  { 25000, "0.025" },
	{ 50000, "0.05" },  { 100000, "0.1" },  { 250000, "0.25" }, { 500000, "0.5" },
	{ 1000000, "1" },   { 2500000, "2.5" }, { 5000000, "5" },   { 10000000, "10" },
	{ 30000000, "30" }, { 60000000, "60" },
};

struct metric {
	enum metric_kind kind;
	const char *name, *label, *help;
	atomic_int_least64_t value; /* histogram: number of observations */
	atomic_int_least64_t sum_us;
	atomic_int_least64_t in_bucket[NP_LEN(buckets)]; /* not cumulative */
};

struct metrics {
	const char *role;
	pthread_mutex_t lock; /* among those that add; series only ever grow */
	struct metric *series[METRICS_MAX];
	atomic_size_t n;    /* raised after the series stands there */
	struct metric sink; /* what has no place of its own */
};

struct metrics *metrics_new(const char *role)
{
	struct metrics *m = np_zalloc(sizeof *m);
	if (!m)
		return NULL;
	if (pthread_mutex_init(&m->lock, NULL) != 0) {
		free(m);
		return NULL;
	}
	m->role = role;
	return m;
}

void metrics_free(struct metrics *m)
{
	if (!m)
		return;
	size_t n = atomic_load(&m->n);
	for (size_t i = 0; i < n; i++)
		free(m->series[i]);
	(void)pthread_mutex_destroy(&m->lock);
	free(m);
}

static struct metric *find(struct metrics *m, const char *name, const char *label)
{
	size_t n = atomic_load(&m->n);
	for (size_t i = 0; i < n; i++)
		if (strcmp(m->series[i]->name, name) == 0 &&
		    strcmp(m->series[i]->label, label) == 0)
			return m->series[i];
	return NULL;
}

struct metric *metrics_get(struct metrics *m, enum metric_kind kind, const char *name,
			   const char *label, const char *help)
{
	(void)pthread_mutex_lock(&m->lock);
	struct metric *x = find(m, name, label);
	size_t n = atomic_load(&m->n);
	if (!x && n < METRICS_MAX) {
		x = np_zalloc(sizeof *x);
		if (x) {
			x->kind = kind;
			x->name = name;
			x->label = label;
			x->help = help;
			m->series[n] = x;
			atomic_store(&m->n, n + 1);
		}
	}
	(void)pthread_mutex_unlock(&m->lock);
	return x ? x : &m->sink;
}

void metric_add(struct metric *x, int64_t delta)
{
	atomic_fetch_add_explicit(&x->value, delta, memory_order_relaxed);
}

void metric_set(struct metric *x, int64_t value)
{
	atomic_store_explicit(&x->value, value, memory_order_relaxed);
}

void metric_observe_us(struct metric *x, int64_t us)
{
	if (us < 0)
		us = 0; /* a clock of another machine may stand ahead */
	size_t i = 0;
	while (i < NP_LEN(buckets) && us > buckets[i].up_to_us)
		i++;
	if (i < NP_LEN(buckets))
		atomic_fetch_add_explicit(&x->in_bucket[i], 1, memory_order_relaxed);
	atomic_fetch_add_explicit(&x->sum_us, us, memory_order_relaxed);
	atomic_fetch_add_explicit(&x->value, 1, memory_order_relaxed);
}

int64_t metric_value(const struct metric *x)
{
	return atomic_load_explicit(&x->value, memory_order_relaxed);
}

/* ---- rendering -------------------------------------------------------------------- */

static void put_labels(struct buf *out, const char *role, const char *label)
{
	(void)buf_printf(out, "{role=\"%s\"%s%s", role, label[0] ? "," : "", label);
}

static void put_hist(struct buf *out, const char *role, const struct metric *x)
{
	int64_t sum_us = atomic_load_explicit(&x->sum_us, memory_order_relaxed);
	int64_t total = metric_value(x);
	int64_t so_far = 0;
	for (size_t i = 0; i < NP_LEN(buckets); i++) {
		so_far += atomic_load_explicit(&x->in_bucket[i], memory_order_relaxed);
		(void)buf_printf(out, "%s_bucket", x->name);
		put_labels(out, role, x->label);
		(void)buf_printf(out, ",le=\"%s\"} %" PRId64 "\n", buckets[i].le, so_far);
	}
	if (total < so_far)
		total = so_far; /* bumped between the two loads */
	(void)buf_printf(out, "%s_bucket", x->name);
	put_labels(out, role, x->label);
	(void)buf_printf(out, ",le=\"+Inf\"} %" PRId64 "\n%s_sum", total, x->name);
	put_labels(out, role, x->label);
	(void)buf_printf(out, "} %.6f\n%s_count", (double)sum_us / (double)NP_SEC_US, x->name);
	put_labels(out, role, x->label);
	(void)buf_printf(out, "} %" PRId64 "\n", total);
}

static void put_series(struct buf *out, const char *role, const struct metric *x)
{
	if (x->kind == METRIC_HIST_US) {
		put_hist(out, role, x);
		return;
	}
	(void)buf_add_c(out, x->name);
	put_labels(out, role, x->label);
	if (x->kind == METRIC_GAUGE_US)
		(void)buf_printf(out, "} %.6f\n", (double)metric_value(x) / (double)NP_SEC_US);
	else
		(void)buf_printf(out, "} %" PRId64 "\n", metric_value(x));
}

static void put_head(struct buf *out, const char *name, const char *help, const char *type)
{
	(void)buf_printf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

/* Is there an earlier series of the same name? It wrote the head and all of them. */
static bool is_done(const struct metrics *m, size_t i)
{
	for (size_t k = 0; k < i; k++)
		if (strcmp(m->series[k]->name, m->series[i]->name) == 0)
			return true;
	return false;
}

static void put_family(const struct metrics *m, size_t first, size_t n, struct buf *out)
{
	static const char *const types[] = {
		[METRIC_COUNTER] = "counter",
		[METRIC_GAUGE] = "gauge",
		[METRIC_GAUGE_US] = "gauge",
		[METRIC_HIST_US] = "histogram",
	};
	const struct metric *x = m->series[first];
	put_head(out, x->name, x->help, types[x->kind]);
	for (size_t i = first; i < n; i++)
		if (strcmp(m->series[i]->name, x->name) == 0)
			put_series(out, m->role, m->series[i]);
}

/* Second number of /proc/self/statm, in bytes; 0: not known. */
static uint64_t resident_bytes(void)
{
	char text[128];
	NP_CLEANUP(np_close_fd) int fd = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof text);
	np_str head;
	np_str rest;
	np_str pages;
	uint64_t v = 0;
	if (n <= 0 || !str_cut((np_str){ text, (size_t)n }, ' ', &head, &rest))
		return 0;
	(void)str_cut(rest, ' ', &pages, &rest);
	return str_to_u64(pages, &v) == NP_OK ? v * (uint64_t)sysconf(_SC_PAGESIZE) : 0;
}

static uint64_t open_fds(void)
{
	uint64_t n = 0;
	DIR *d = opendir("/proc/self/fd");
	if (!d)
		return 0;
	for (const struct dirent *e = readdir(d); e; e = readdir(d))
		if (e->d_name[0] != '.')
			n++;
	(void)closedir(d);
	return n > 0 ? n - 1 : 0; /* without the one that reads the folder */
}

static void put_process(const char *role, struct buf *out)
{
	struct timespec cpu = { 0 };
	(void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &cpu);
	put_head(out, "process_resident_memory_bytes", "Resident memory.", "gauge");
	(void)buf_printf(out, "process_resident_memory_bytes{role=\"%s\"} %" PRIu64 "\n", role,
			 resident_bytes());
	put_head(out, "process_open_fds", "Open descriptors.", "gauge");
	(void)buf_printf(out, "process_open_fds{role=\"%s\"} %" PRIu64 "\n", role, open_fds());
	put_head(out, "process_cpu_seconds_total", "CPU time used.", "counter");
	(void)buf_printf(out, "process_cpu_seconds_total{role=\"%s\"} %.3f\n", role,
			 (double)cpu.tv_sec + (double)cpu.tv_nsec / 1e9);
	put_head(out, "netpulse_build_info", "Always 1; the version is a label.", "gauge");
	(void)buf_printf(out, "netpulse_build_info{role=\"%s\",version=\"%s\"} 1\n", role,
			 NP_VERSION);
}

np_err metrics_render(const struct metrics *m, struct buf *out)
{
	size_t n = atomic_load(&m->n);
	for (size_t i = 0; i < n; i++)
		if (!is_done(m, i))
			put_family(m, i, n, out);
	put_process(m->role, out);
	return buf_failed(out);
}
