/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/pressure.h"

#include "gateway/pend.h"

struct pressure {
	struct gw *g;
	struct pressure_cfg cfg;
	struct loop_timer *timer;
	uint64_t queue_bytes;
	int64_t oom_until_ms;
	bool asked;
};

static void on_memory(void *ctx, np_err e, const struct redis_reply *reply)
{
	struct pressure *p = ctx;
	uint64_t used = 0;
	p->asked = false;
	if (e < 0 || redis_reply_info_u64(redis_reply_str(reply), "used_memory", &used) < 0)
		return;
	p->queue_bytes = used;
	metric_set(p->g->gauge[GW_G_QUEUE_BYTES], (int64_t)used);
}

static void ask(struct pressure *p)
{
	if (p->asked || !aredis_is_up(p->g->redis))
		return;
	struct redis_args a;
	redis_args_init(&a, "INFO");
	redis_args_c(&a, "memory");
	p->asked = aredis_cmd(p->g->redis, &a, on_memory, p) == NP_OK;
}

static void on_timer(void *ctx)
{
	struct pressure *p = ctx;
	loop_timer_at(p->timer, loop_now_ms(p->g->loop) + PRESSURE_EVERY_MS);
	ask(p);
}

void pressure_look(struct gw *g)
{
	if (g->pressure)
		ask(g->pressure);
}

struct pressure *pressure_new(struct gw *g, const struct pressure_cfg *cfg)
{
	struct pressure *p = np_zalloc(sizeof *p);
	if (!p)
		return NULL;
	*p = (struct pressure){ .g = g, .cfg = *cfg };
	p->timer = loop_timer_new(g->loop, on_timer, p);
	if (!p->timer) {
		free(p);
		return NULL;
	}
	loop_timer_at(p->timer, 0);
	return p;
}

void pressure_free(struct pressure *p)
{
	if (!p)
		return;
	assert(!p->asked);
	loop_timer_free(p->timer);
	free(p);
}

void pressure_oom(struct gw *g)
{
	g->pressure->oom_until_ms = loop_now_ms(g->loop) + PRESSURE_OOM_MS;
}

const char *pressure_now(const struct gw *g)
{
	const struct pressure *p = g->pressure;
	if (g->stopping)
		return "the gateway is stopping";
	if (!aredis_is_up(g->redis) || !g->acks_up)
		return "the queue is away";
	if (loop_now_ms(g->loop) < p->oom_until_ms ||
	    (p->cfg.queue_max > 0 && p->queue_bytes > p->cfg.queue_max))
		return "the queue is full";
	if (p->cfg.memory_max > 0 && pends_bytes(g->pends) > p->cfg.memory_max)
		return "the gateway is full";
	return NULL;
}
