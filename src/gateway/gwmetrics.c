/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/gw.h"

struct series {
	const char *name, *label, *help;
};

#define REFUSED "netpulse_gateway_refused_total"
#define REFUSED_HELP "Connections and requests refused, by reason"
#define CLOSED "netpulse_gateway_closed_total"
#define CLOSED_HELP "Streams that the gateway closed, by reason"
#define DROPPED "netpulse_gateway_acks_dropped_total"
#define DROPPED_HELP "Answers of engines that matched nothing pending, by reason"

static const struct series counts[] = {
	[GW_C_BATCHES] = { "netpulse_gateway_batches_total", "", "Batches queued" },
	[GW_C_ITEMS] = { "netpulse_gateway_items_total", "", "Items in queued batches" },
	[GW_C_INVALID] = { "netpulse_gateway_invalid_total", "", "Items marked as invalid" },
	[GW_C_UNREADABLE] = { "netpulse_gateway_unreadable_total", "",
			      "Envelopes that could not be read" },
	[GW_C_ACKS] = { "netpulse_gateway_acks_total", "", "Batches acknowledged" },
	[GW_C_REWINDS] = { "netpulse_gateway_rewinds_total", "", "Batches answered by a rewind" },
	[GW_C_REJECTS] = { "netpulse_gateway_rejects_total", "", "Rejections passed on" },
	[GW_C_BANNED] = { "netpulse_gateway_banned_total", "", "Batches of banned checkers" },
	[GW_C_PAUSES] = { "netpulse_gateway_pauses_total", "",
			  "Batches refused for back-pressure" },
	[GW_C_EXPIRED] = { "netpulse_gateway_expired_total", "",
			   "Batches without an answer in time" },
	[GW_C_ACK_FOREIGN] = { DROPPED, "reason=\"incarnation\"", DROPPED_HELP },
	[GW_C_ACK_FORGED] = { DROPPED, "reason=\"seal\"", DROPPED_HELP },
	[GW_C_ACK_UNKNOWN] = { DROPPED, "reason=\"request\"", DROPPED_HELP },
	[GW_C_ACK_MISMATCH] = { DROPPED, "reason=\"mismatch\"", DROPPED_HELP },
	[GW_C_JOBS] = { "netpulse_gateway_jobs_total", "", "Jobs passed on" },
	[GW_C_JOBS_NOBODY] = { "netpulse_gateway_jobs_nobody_total", "",
			       "Jobs whose checker is not connected here" },
	[GW_C_SLOW] = { "netpulse_gateway_slow_total", "", "SLOW messages passed on" },
	[GW_C_SLOW_DROPPED] = { "netpulse_gateway_slow_dropped_total", "",
				"SLOW messages dropped" },
	[GW_C_XADD_FAILED] = { "netpulse_gateway_queue_failed_total", "",
			       "Records that the queue refused" },
	[GW_C_STREAMS] = { "netpulse_gateway_streams_total", "", "Streams opened" },
	[GW_C_REPLACED] = { CLOSED, "reason=\"replaced\"", CLOSED_HELP },
	[GW_C_REFUSED_UNKNOWN] = { REFUSED, "reason=\"unknown\"", REFUSED_HELP },
	[GW_C_REFUSED_SERIAL] = { REFUSED, "reason=\"serial\"", REFUSED_HELP },
	[GW_C_REFUSED_BANNED] = { REFUSED, "reason=\"banned\"", REFUSED_HELP },
	[GW_C_REFUSED_EXPIRED] = { REFUSED, "reason=\"expired\"", REFUSED_HELP },
	[GW_C_REFUSED_TLS] = { REFUSED, "reason=\"handshake\"", REFUSED_HELP },
	[GW_C_CLOSED_PROTO] = { CLOSED, "reason=\"protocol\"", CLOSED_HELP },
	[GW_C_CLOSED_SLOW] = { CLOSED, "reason=\"slow\"", CLOSED_HELP },
	[GW_C_CLOSED_SILENT] = { CLOSED, "reason=\"silent\"", CLOSED_HELP },
	[GW_C_CLOSED_EXPIRED] = { CLOSED, "reason=\"expired\"", CLOSED_HELP },
	[GW_C_ASSIGNS] = { "netpulse_gateway_assigns_total", "", "ASSIGN messages sent" },
};
static_assert(NP_LEN(counts) == GW_COUNT_N, "name every counter");

static const struct series gauges[] = {
	[GW_G_STREAMS] = { "netpulse_gateway_streams", "", "Streams open" },
	[GW_G_CONNS] = { "netpulse_gateway_http_connections", "",
			 "Connections that are not streams" },
	[GW_G_READY] = { "netpulse_gateway_ready", "", "1 when the gateway does its work" },
	[GW_G_HANDSHAKES] = { "netpulse_gateway_handshakes", "", "TLS handshakes under way" },
	[GW_G_PENDING] = { "netpulse_gateway_pending", "", "Batches without an answer yet" },
	[GW_G_PENDING_BYTES] = { "netpulse_gateway_pending_bytes", "", "Bytes held for them" },
	[GW_G_QUEUE_BYTES] = { "netpulse_gateway_queue_bytes", "", "Memory of the queue's server" },
	[GW_G_CHECKERS] = { "netpulse_gateway_checkers", "", "Checkers in the registry" },
	[GW_G_MONITORS] = { "netpulse_gateway_monitors", "", "Monitors that are run" },
	[GW_G_PRESSED] = { "netpulse_gateway_pressed", "", "1 while batches are refused" },
};
static_assert(NP_LEN(gauges) == GW_GAUGE_N, "name every gauge");

void gw_metrics(struct gw *g)
{
	for (size_t i = 0; i < GW_COUNT_N; i++)
		g->count[i] = metrics_get(g->metrics, METRIC_COUNTER, counts[i].name,
					  counts[i].label, counts[i].help);
	for (size_t i = 0; i < GW_GAUGE_N; i++)
		g->gauge[i] = metrics_get(g->metrics, METRIC_GAUGE, gauges[i].name, gauges[i].label,
					  gauges[i].help);
	g->ack_us = metrics_get(g->metrics, METRIC_HIST_US, "netpulse_gateway_ack_seconds", "",
				"From a batch's receipt to its answer");
}
