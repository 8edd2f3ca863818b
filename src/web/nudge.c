/* SPDX-License-Identifier: Apache-2.0 */
#include "web/nudge.h"

#include "base/str.h"
#include "web/sse.h"
#include "wire/job.h"

static void publish(struct web *w, const char *channel, np_str message)
{
	/* Lost ones are made up for by the readers' polls. */
	if (aredis_publish(w->bus, str_from_c(channel), message) < 0)
		metric_add(metrics_get(w->metrics, METRIC_COUNTER, "netpulse_web_nudges_lost_total",
				       "", "Nudges that Redis did not take."),
			   1);
}

static void registry(struct web *w, enum job_nudge what)
{
	NP_CLEANUP(buf_done) struct buf b;
	buf_init(&b, 256);
	if (job_put_nudge(w->seal, what, &b) == NP_OK)
		publish(w, JOB_REGISTRY_CHANNEL, buf_str(&b));
}

void nudge_send(struct wreq *q)
{
	struct web *w = q->web;
	for (unsigned shard = 0; q->nudge_all && shard < NP_SHARDS; shard++)
		publish(w, JOB_INBOX_CHANNEL, arena_printf(q->arena, "%u", shard));
	if (q->nudge_inbox)
		publish(w, JOB_INBOX_CHANNEL, arena_printf(q->arena, "%u", (unsigned)q->shard));
	if (q->nudge_monitors)
		registry(w, JOB_N_MONITOR);
	if (q->nudge_ban)
		registry(w, JOB_N_BAN);
	if (q->nudge_channels)
		registry(w, JOB_N_CHANNEL);
	if (q->nudge_outbox)
		publish(w, JOB_OUTBOX_CHANNEL, NP_STR("1"));
	if (q->nudge_streams)
		sse_look_again(w->sse);
	q->nudge_all = q->nudge_inbox = q->nudge_monitors = q->nudge_ban = false;
	q->nudge_channels = q->nudge_outbox = q->nudge_streams = false;
}
