/* SPDX-License-Identifier: Apache-2.0 */
#include "redis/link.h"

#include "base/clock.h"
#include "base/crypt.h"
#include "base/str.h"
#include "redis/attach.h"

struct link {
	struct loop *loop;
	struct redis_conf conf;
	const struct link_ops *ops;
	void *owner;
	struct loop_timer *timer; /* not connected: next attempt; connecting: its end */
	redisAsyncContext *ac;    /* NULL: none */
	bool up;
	bool closing;
	uint32_t backoff_ms;
	char why[REDIS_WHY_MAX];
};

static void link_connect(struct link *k);

static void link_note(struct link *k, const char *why)
{
	if (k->why[0] == 0)
		snprintf(k->why, sizeof k->why, "%s", why);
}

static void link_back_off(struct link *k)
{
	uint32_t next = k->backoff_ms == 0 ? REDIS_BACKOFF_MIN_MS : k->backoff_ms * 2;
	k->backoff_ms = next > REDIS_BACKOFF_MAX_MS ? REDIS_BACKOFF_MAX_MS : next;
	loop_timer_at(k->timer,
		      clock_mono_ms() + k->backoff_ms / 2 + (int64_t)(rnd_u64() % k->backoff_ms));
}

/* hiredis frees the connection itself, or has no connection yet. */
static void link_lost(struct link *k, const char *why)
{
	char said[REDIS_WHY_MAX];
	k->ac = NULL;
	k->up = false;
	if (k->closing)
		return;
	link_note(k, why);
	memcpy(said, k->why, sizeof said);
	k->why[0] = 0;
	link_back_off(k);
	k->ops->down(k->owner, said);
}

static void link_on_connect(const redisAsyncContext *ac, int status)
{
	if (status != REDIS_OK)
		link_lost(ac->data, ac->errstr != NULL ? ac->errstr : "cannot connect");
}

static void link_on_disconnect(const redisAsyncContext *ac, int status)
{
	bool said = status != REDIS_OK && ac->errstr != NULL && ac->errstr[0] != 0;
	link_lost(ac->data, said ? ac->errstr : "connection closed");
}

/* Ends a connection from our side. hiredis tells on_disconnect only when it had connected. */
static void link_end(struct link *k)
{
	redisAsyncContext *ac = k->ac;
	bool told = ac != NULL && (ac->c.flags & REDIS_CONNECTED) != 0;
	k->up = false;
	if (ac == NULL)
		return;
	redisAsyncFree(ac);
	if (!told)
		link_lost(k, "cannot connect");
}

static void link_is_up(struct link *k)
{
	k->up = true;
	k->backoff_ms = 0;
	k->why[0] = 0;
	loop_timer_stop(k->timer);
	k->ops->up(k->owner);
}

static void link_on_auth(redisAsyncContext *ac, void *reply, void *ctx)
{
	struct link *k = ctx;
	np_str said = redis_reply_str(reply);
	if (reply == NULL || k->ac != ac)
		return; /* lost before; on_disconnect follows */
	if (redis_reply_err(reply) == NP_OK) {
		link_is_up(k);
		return;
	}
	snprintf(k->why, sizeof k->why, "%.*s", NP_FMT(str_sub(said, 0, REDIS_WHY_MAX - 1)));
	link_end(k);
}

/* AUTH, or PING where there is no password: in both cases Redis has answered. */
static np_err link_greet(struct link *k)
{
	NP_CLEANUP(secret_done) struct secret password = { 0 };
	const char *word[3] = { "AUTH", k->conf.user, NULL };
	size_t len[3] = { 4, 0, 0 };
	int n = k->conf.user != NULL ? 2 : 1;
	np_err e;
	if (k->conf.password_file == NULL) {
		word[0] = "PING";
		n = 0;
	} else {
		e = secret_load(k->conf.password_file, &password);
		if (e < 0)
			return e;
		len[1] = k->conf.user != NULL ? strlen(k->conf.user) : 0;
		word[n] = (const char *)password.bytes;
		len[n] = password.n;
	}
	return redisAsyncCommandArgv(k->ac, link_on_auth, k, n + 1, word, len) == REDIS_OK
		       ? NP_OK
		       : NP_E_CLOSED;
}

static np_err link_start(struct link *k)
{
	np_err e;
	k->ac = redisAsyncConnectUnix(k->conf.socket);
	if (k->ac == NULL)
		return NP_E_NOMEM;
	if (k->ac->err != 0) {
		link_note(k, k->ac->errstr);
		return NP_E_CLOSED;
	}
	k->ac->data = k;
	e = attach_to_loop(k->ac, k->loop);
	if (e < 0)
		return e;
	redisAsyncSetConnectCallback(k->ac, link_on_connect);
	redisAsyncSetDisconnectCallback(k->ac, link_on_disconnect);
	return link_greet(k);
}

static void link_connect(struct link *k)
{
	uint32_t limit = k->conf.connect_ms != 0 ? k->conf.connect_ms : REDIS_CONNECT_MS_DEFAULT;
	np_err e = link_start(k);
	if (e == NP_OK) {
		loop_timer_at(k->timer, clock_mono_ms() + limit);
		return;
	}
	link_note(k, np_err_text(e));
	if (k->ac != NULL)
		link_end(k);
	else
		link_lost(k, "");
}

static void link_on_timer(void *ctx)
{
	struct link *k = ctx;
	if (k->ac == NULL) {
		link_connect(k);
		return;
	}
	link_note(k, "no answer while connecting");
	link_end(k);
}

struct link *link_new(struct loop *l, const struct redis_conf *conf, const struct link_ops *ops,
		      void *owner)
{
	struct link *k = np_zalloc(sizeof *k);
	if (k == NULL)
		return NULL;
	*k = (struct link){ .loop = l, .conf = *conf, .ops = ops, .owner = owner };
	k->timer = loop_timer_new(l, link_on_timer, k);
	if (k->timer == NULL) {
		free(k);
		return NULL;
	}
	loop_timer_at(k->timer, clock_mono_ms());
	return k;
}

void link_free(struct link *k)
{
	if (k == NULL)
		return;
	k->closing = true;
	if (k->ac != NULL)
		link_end(k);
	loop_timer_free(k->timer);
	free(k);
}

redisAsyncContext *link_peek(const struct link *k)
{
	return k->up ? k->ac : NULL;
}

void link_reset(struct link *k, const char *why)
{
	link_note(k, why);
	link_end(k);
}

np_err link_send(struct link *k, const struct redis_args *a, redisCallbackFn *fn, void *ctx)
{
	const char *word[REDIS_ARGS_MAX];
	size_t len[REDIS_ARGS_MAX];
	if (!k->up || k->ac == NULL)
		return NP_E_CLOSED;
	for (size_t i = 0; i < a->n; i++) {
		word[i] = a->at[i].p;
		len[i] = a->at[i].n;
	}
	return redisAsyncCommandArgv(k->ac, fn, ctx, (int)a->n, word, len) == REDIS_OK
		       ? NP_OK
		       : NP_E_CLOSED;
}
