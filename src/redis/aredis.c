/* SPDX-License-Identifier: Apache-2.0 */
#include "redis/aredis.h"

#include "base/clock.h"
#include "redis/link.h"

struct aredis {
	struct aredis_cfg cfg;
	struct link *link;
	struct loop_timer *probe;
	size_t pending;
	size_t bytes;
	int64_t progress_ms; /* newest answer, or the first command after none was pending */
	bool closing;
};

struct aredis_call {
	struct aredis *r;
	aredis_fn fn;
	void *ctx;
	size_t bytes;
};

static void aredis_up(void *owner)
{
	struct aredis *r = owner;
	loop_timer_at(r->probe, clock_mono_ms() + r->cfg.answer_ms);
	if (r->cfg.connected != NULL)
		r->cfg.connected(r->cfg.ctx);
}

static void aredis_down(void *owner, const char *why)
{
	struct aredis *r = owner;
	loop_timer_stop(r->probe);
	if (r->cfg.lost != NULL)
		r->cfg.lost(r->cfg.ctx, why);
}

static const struct link_ops aredis_ops = { .up = aredis_up, .down = aredis_down };

/* A connection that answers nothing (a stopped Redis, a full pipe) looks alive otherwise. */
static void aredis_on_probe(void *ctx)
{
	struct aredis *r = ctx;
	int64_t now = clock_mono_ms();
	if (r->pending > 0 && now - r->progress_ms >= r->cfg.answer_ms) {
		link_reset(r->link, "no answer");
		return;
	}
	loop_timer_at(r->probe, now + r->cfg.answer_ms / 5);
}

struct aredis *aredis_new(struct loop *l, const struct aredis_cfg *cfg)
{
	struct aredis *r = np_zalloc(sizeof *r);
	if (r == NULL)
		return NULL;
	r->cfg = *cfg;
	if (r->cfg.answer_ms == 0)
		r->cfg.answer_ms = AREDIS_ANSWER_MS;
	r->probe = loop_timer_new(l, aredis_on_probe, r);
	r->link = r->probe != NULL ? link_new(l, &cfg->conf, &aredis_ops, r) : NULL;
	if (r->link == NULL) {
		loop_timer_free(r->probe);
		free(r);
		return NULL;
	}
	return r;
}

void aredis_free(struct aredis *r)
{
	if (r == NULL)
		return;
	r->closing = true;
	link_free(r->link);
	assert(r->pending == 0);
	loop_timer_free(r->probe);
	free(r);
}

bool aredis_is_up(const struct aredis *r)
{
	return link_peek(r->link) != NULL;
}

size_t aredis_pending(const struct aredis *r)
{
	return r->pending;
}

static void aredis_on_reply(redisAsyncContext *ac NP_UNUSED, void *reply, void *ctx)
{
	struct aredis_call call = *(struct aredis_call *)ctx;
	struct aredis *r = call.r;
	np_err e = reply == NULL && r->closing ? NP_E_CANCELED : redis_reply_err(reply);
	free(ctx);
	r->pending--;
	r->bytes -= call.bytes;
	r->progress_ms = clock_mono_ms();
	if (call.fn != NULL)
		call.fn(call.ctx, e, reply);
}

static size_t aredis_size(const struct redis_args *a)
{
	size_t n = sizeof(struct aredis_call);
	for (size_t i = 0; i < a->n; i++)
		n += a->at[i].n + 16;
	return n;
}

np_err aredis_cmd(struct aredis *r, const struct redis_args *a, aredis_fn fn, void *ctx)
{
	size_t bytes = aredis_size(a);
	struct aredis_call *call;
	np_err e;
	if (r->closing || !aredis_is_up(r))
		return NP_E_CLOSED;
	if (r->pending >= AREDIS_PENDING_MAX || r->bytes + bytes > AREDIS_BYTES_MAX)
		return NP_E_LIMIT;
	call = np_zalloc(sizeof *call);
	if (call == NULL)
		return NP_E_NOMEM;
	*call = (struct aredis_call){ .r = r, .fn = fn, .ctx = ctx, .bytes = bytes };
	e = link_send(r->link, a, aredis_on_reply, call);
	if (e < 0) {
		free(call);
		return e;
	}
	if (r->pending == 0)
		r->progress_ms = clock_mono_ms();
	r->pending++;
	r->bytes += bytes;
	return NP_OK;
}

np_err aredis_xadd(struct aredis *r, np_str key, np_str record, aredis_fn fn, void *ctx)
{
	struct redis_args a;
	redis_args_init(&a, "XADD");
	redis_args_add(&a, key);
	redis_args_c(&a, "*");
	redis_args_c(&a, "r");
	redis_args_add(&a, record);
	return aredis_cmd(r, &a, fn, ctx);
}

np_err aredis_publish(struct aredis *r, np_str channel, np_str message)
{
	struct redis_args a;
	redis_args_init(&a, "PUBLISH");
	redis_args_add(&a, channel);
	redis_args_add(&a, message);
	return aredis_cmd(r, &a, NULL, NULL);
}
