/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/bus.h"

#include "base/log.h"
#include "base/str.h"
#include "gateway/answer.h"
#include "gateway/peer.h"
#include "gateway/pressure.h"
#include "wire/ack.h"
#include "wire/job.h"

#define JOB_PREFIX "np:jobs:"

/* "Check now" goes to the one checker that runs the monitor in that region, if it is here. */
static void on_job(struct gw *g, uint32_t region, np_str message)
{
	Np__I1__JobRecord *j = NULL;
	arena_reset(g->arena);
	if (job_open(g->seal, region, message, g->arena, &j) < 0) {
		gw_count(g, GW_C_ACK_FORGED);
		return;
	}
	struct gw_region *r = world_region(g->world, region);
	struct gw_slot *s = r ? world_slot(g->world, j->monitor, r) : NULL;
	struct peer *p = s && s->owner ? s->owner->peer : NULL;
	if (!p) {
		gw_count(g, GW_C_JOBS_NOBODY);
		return;
	}
	gw_count(g, GW_C_JOBS);
	peer_job(p, j);
}

static void on_message(void *ctx, np_str channel, np_str message)
{
	struct gw *g = ctx;
	enum job_nudge what;
	uint64_t region = 0;
	char own[ACK_CHANNEL_MAX];
	if (str_eq(channel, ack_channel(str_from_c(g->name), own))) {
		answer_message(g, message);
	} else if (str_eq_c(channel, JOB_REGISTRY_CHANNEL)) {
		if (job_open_nudge(g->seal, message, &what) < 0)
			gw_count(g, GW_C_ACK_FORGED);
		else if (what != JOB_N_CHANNEL)
			regfeed_nudge(g->feed);
	} else if (str_starts(channel, NP_STR(JOB_PREFIX)) &&
		   str_to_u64(str_sub(channel, sizeof JOB_PREFIX - 1, channel.n), &region) ==
			   NP_OK &&
		   region <= UINT32_MAX) {
		on_job(g, (uint32_t)region, message);
	}
}

static void on_subscribed(void *ctx)
{
	struct gw *g = ctx;
	g->acks_up = true;
	regfeed_nudge(g->feed); /* nudges may have been missed */
	np_log_event(NP_INFO, "queue.subscribed");
}

static void on_unsubscribed(void *ctx, const char *why)
{
	struct gw *g = ctx;
	if (g->acks_up)
		np_log(NP_WARN, "queue.unsubscribed", KV_C("why", why));
	g->acks_up = false;
}

static void on_lost(void *ctx, const char *why)
{
	(void)ctx;
	np_log(NP_WARN, "queue.away", KV_C("why", why));
}

static void on_connected(void *ctx)
{
	pressure_look(ctx);
	np_log_event(NP_INFO, "queue.connected");
}

np_err bus_start(struct gw *g, const struct redis_conf *conf)
{
	char channel[ACK_CHANNEL_MAX];
	const struct aredis_cfg rc = {
		.conf = *conf, .connected = on_connected, .lost = on_lost, .ctx = g
	};
	const struct sub_cfg sc = { .conf = *conf,
				    .message = on_message,
				    .connected = on_subscribed,
				    .lost = on_unsubscribed,
				    .ctx = g };
	g->redis = aredis_new(g->loop, &rc);
	g->sub = sub_new(g->loop, &sc);
	if (!g->redis || !g->sub)
		return NP_E_NOMEM;
	np_err e = sub_add(g->sub, ack_channel(str_from_c(g->name), channel));
	return e < 0 ? e : sub_add(g->sub, NP_STR(JOB_REGISTRY_CHANNEL));
}

void bus_stop(struct gw *g)
{
	sub_free(np_take(g->sub));
	aredis_free(np_take(g->redis));
}

void bus_watch_region(struct gw *g, const struct gw_region *r)
{
	char channel[JOB_CHANNEL_MAX];
	if (sub_add(g->sub, job_channel(r->id, channel)) < 0)
		np_log(NP_WARN, "jobs.unwatched", KV_C("region", r->name));
}
