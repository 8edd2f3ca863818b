/* SPDX-License-Identifier: Apache-2.0 */
/* metrics.h - counters, gauges and latency histograms, as Prometheus reads them.
 *
 * Floor 1 (base). One registry per process, made in main and passed down. Values
 * are relaxed atomics: any thread may bump, one renders. Names are literals that begin with
 * netpulse_ROLE_; doc/metrics.md lists them all.
 */
#pragma once
#include "base/buf.h"

struct metrics;
struct metric; /* one time series; owned by the registry */

/* _US: given in microseconds, shown in seconds. */
enum metric_kind { METRIC_COUNTER, METRIC_GAUGE, METRIC_GAUGE_US, METRIC_HIST_US };

/* `role` becomes a label of every series. */
NP_NODISCARD struct metrics *metrics_new(const char *role);
void metrics_free(struct metrics *m);
/* Same name + label twice gives the same series. `label` is "" or `key="value"` (a literal form).
 * Never NULL: out of memory or past METRICS_MAX gives a sink that is not rendered. */
#define METRICS_MAX 512
struct metric *metrics_get(struct metrics *m, enum metric_kind kind, const char *name,
			   const char *label, const char *help);
void metric_add(struct metric *x, int64_t delta);
void metric_set(struct metric *x, int64_t value);
void metric_observe_us(struct metric *x, int64_t us); /* buckets 100 µs … 60 s */
int64_t metric_value(const struct metric *x);
/* Prometheus text format 0.0.4, with process_resident_memory_bytes, process_open_fds,
 * process_cpu_seconds_total and netpulse_build_info added. */
np_err metrics_render(const struct metrics *m, struct buf *out);
