/* SPDX-License-Identifier: Apache-2.0 */
#include "redis/sub.h"

#include "base/clock.h"
#include "base/str.h"
#include "redis/link.h"

struct sub_channel {
	char *name;
	bool confirmed; /* on the present connection */
};

struct sub {
	struct sub_cfg cfg;
	struct link *link;
	struct loop_timer *probe;
	size_t n;
	struct sub_channel channel[SUB_CHANNELS_MAX];
	bool told;   /* `connected` was called for this connection */
	bool heard;  /* something came since the last probe */
	bool probed; /* and a probe is out */
};

static struct sub_channel *sub_find(struct sub *s, np_str name)
{
	for (size_t i = 0; i < s->n; i++)
		if (str_eq_c(name, s->channel[i].name))
			return &s->channel[i];
	return NULL;
}

bool sub_is_up(const struct sub *s)
{
	if (link_peek(s->link) == NULL)
		return false;
	for (size_t i = 0; i < s->n; i++)
		if (!s->channel[i].confirmed)
			return false;
	return true;
}

static void sub_tell(struct sub *s)
{
	if (s->told || !sub_is_up(s))
		return;
	s->told = true;
	if (s->cfg.connected != NULL)
		s->cfg.connected(s->cfg.ctx);
}

/* [message, channel, text], [subscribe, channel, count], [unsubscribe, channel, count] */
static void sub_on_reply(redisAsyncContext *ac NP_UNUSED, void *reply, void *ctx)
{
	struct sub *s = ctx;
	np_str kind = redis_reply_str(redis_reply_at(reply, 0));
	np_str name = redis_reply_str(redis_reply_at(reply, 1));
	struct sub_channel *c = sub_find(s, name);
	if (reply == NULL)
		return;
	s->heard = true;
	if (c == NULL)
		return; /* given up meanwhile */
	if (str_eq_c(kind, "message")) {
		s->cfg.message(s->cfg.ctx, name, redis_reply_str(redis_reply_at(reply, 2)));
	} else if (str_eq_c(kind, "subscribe")) {
		c->confirmed = true;
		sub_tell(s);
	}
}

static void sub_ask(struct sub *s, const char *command, const char *name)
{
	struct redis_args a;
	redis_args_init(&a, command);
	redis_args_c(&a, name);
	/* A failure is a connection that ends: everything is asked again on the next. */
	np_err e = link_send(s->link, &a, sub_on_reply, s);
	(void)e;
}

static void sub_up(void *owner)
{
	struct sub *s = owner;
	s->told = false;
	s->heard = true;
	s->probed = false;
	for (size_t i = 0; i < s->n; i++) {
		s->channel[i].confirmed = false;
		sub_ask(s, "SUBSCRIBE", s->channel[i].name);
	}
	loop_timer_at(s->probe, clock_mono_ms() + s->cfg.probe_ms);
	sub_tell(s);
}

static void sub_down(void *owner, const char *why)
{
	struct sub *s = owner;
	loop_timer_stop(s->probe);
	if (s->cfg.lost != NULL)
		s->cfg.lost(s->cfg.ctx, why);
}

static const struct link_ops sub_ops = { .up = sub_up, .down = sub_down };

/* The probe is one SUBSCRIBE more: Redis confirms it again, while the answer to a PING
 * would be swallowed by hiredis in this mode. */
static void sub_on_probe(void *ctx)
{
	struct sub *s = ctx;
	if (!s->heard && s->probed) {
		link_reset(s->link, "no answer to a subscription");
		return;
	}
	s->probed = !s->heard && s->n > 0;
	s->heard = false;
	if (s->n > 0)
		sub_ask(s, "SUBSCRIBE", s->channel[0].name);
	loop_timer_at(s->probe, clock_mono_ms() + s->cfg.probe_ms);
}

struct sub *sub_new(struct loop *l, const struct sub_cfg *cfg)
{
	struct sub *s = np_zalloc(sizeof *s);
	if (s == NULL)
		return NULL;
	s->cfg = *cfg;
	if (s->cfg.probe_ms == 0)
		s->cfg.probe_ms = SUB_PROBE_MS;
	s->probe = loop_timer_new(l, sub_on_probe, s);
	s->link = s->probe != NULL ? link_new(l, &cfg->conf, &sub_ops, s) : NULL;
	if (s->link == NULL) {
		loop_timer_free(s->probe);
		free(s);
		return NULL;
	}
	return s;
}

void sub_free(struct sub *s)
{
	if (s == NULL)
		return;
	link_free(s->link);
	loop_timer_free(s->probe);
	for (size_t i = 0; i < s->n; i++)
		free(s->channel[i].name);
	free(s);
}

np_err sub_add(struct sub *s, np_str channel)
{
	char *name;
	if (sub_find(s, channel) != NULL)
		return NP_OK;
	if (s->n == SUB_CHANNELS_MAX)
		return NP_E_LIMIT;
	name = np_strdup(channel);
	if (name == NULL)
		return NP_E_NOMEM;
	s->channel[s->n++] = (struct sub_channel){ .name = name };
	if (link_peek(s->link) != NULL)
		sub_ask(s, "SUBSCRIBE", name);
	return NP_OK;
}

void sub_del(struct sub *s, np_str channel)
{
	struct sub_channel *c = sub_find(s, channel);
	if (c == NULL)
		return;
	if (link_peek(s->link) != NULL)
		sub_ask(s, "UNSUBSCRIBE", c->name);
	free(c->name);
	*c = s->channel[--s->n];
}
