/* SPDX-License-Identifier: Apache-2.0 */
#include "redis/redis.h"

#include <errno.h>
#include <hiredis/hiredis.h>
#include <poll.h>
#include <sys/time.h>

#include "base/clock.h"
#include "base/crypt.h"
#include "base/str.h"
#include "redis/inner.h"

struct redis {
	struct redis_conf conf;
	redisContext *c; /* NULL: not connected */
	int64_t deadline_ms;
	int64_t retry_at_ms;
	uint32_t backoff_ms;
	uint64_t generation;
	size_t queued; /* commands whose answers were not read */
	char why[REDIS_WHY_MAX];
};

struct redis *redis_new(const struct redis_conf *conf)
{
	struct redis *r = np_zalloc(sizeof *r);
	if (r != NULL)
		r->conf = *conf;
	return r;
}

void redis_free(struct redis *r)
{
	if (r == NULL)
		return;
	redis_drop(r);
	free(r);
}

void redis_drop(struct redis *r)
{
	if (r->c != NULL)
		redisFree(r->c);
	r->c = NULL;
	r->queued = 0;
}

void redis_deadline(struct redis *r, int64_t deadline_ms)
{
	r->deadline_ms = deadline_ms;
}

bool redis_is_up(const struct redis *r)
{
	return r->c != NULL;
}

uint64_t redis_generation(const struct redis *r)
{
	return r->generation;
}

const char *redis_why(const struct redis *r)
{
	return r->why;
}

/* One line; an error of Redis may quote arguments behind its first words, so those go. */
static void redis_note(struct redis *r, np_str why)
{
	str_cut(why, '\'', &why, &(np_str){ 0 });
	why = str_clip_utf8(str_trim(why), sizeof r->why - 1);
	snprintf(r->why, sizeof r->why, "%.*s", NP_FMT(why));
}

static np_err redis_lost(struct redis *r)
{
	bool late = r->c->err == REDIS_ERR_IO && errno == EAGAIN;
	redis_note(r, late ? NP_STR("no answer by the deadline") : str_from_c(r->c->errstr));
	redis_drop(r);
	return late ? NP_E_TIMEOUT : NP_E_CLOSED;
}

static struct timeval redis_left(const struct redis *r, int64_t extra_ms)
{
	int64_t left = r->deadline_ms + extra_ms - clock_mono_ms();
	if (left < 1)
		left = 1; /* 0 would mean for ever */
	return (struct timeval){ .tv_sec = left / NP_SEC_MS, .tv_usec = left % NP_SEC_MS * 1000 };
}

/* Sends what is queued and reads one answer. Of many, most came with the one before. */
static np_err redis_read(struct redis *r, int64_t extra_ms, struct redis_reply **ret)
{
	void *reply = NULL;
	if (redisGetReplyFromReader(r->c, &reply) != REDIS_OK)
		return redis_lost(r);
	if (reply != NULL) {
		*ret = reply;
		return NP_OK;
	}
	if (redisSetTimeout(r->c, redis_left(r, extra_ms)) != REDIS_OK ||
	    redisGetReply(r->c, &reply) != REDIS_OK)
		return redis_lost(r);
	*ret = reply;
	return NP_OK;
}

static np_err redis_write(struct redis *r, const struct redis_args *a)
{
	const char *word[REDIS_ARGS_MAX];
	size_t len[REDIS_ARGS_MAX];
	if (r->c == NULL)
		return NP_E_CLOSED;
	for (size_t i = 0; i < a->n; i++) {
		word[i] = a->at[i].p;
		len[i] = a->at[i].n;
	}
	if (redisAppendCommandArgv(r->c, (int)a->n, word, len) != REDIS_OK)
		return redis_lost(r);
	return NP_OK;
}

np_err redis_run(struct redis *r, const struct redis_args *a, int64_t extra_ms,
		 struct redis_reply **ret_reply)
{
	NP_CLEANUP(redis_reply_free_p) struct redis_reply *reply = NULL;
	np_err e;
	assert(r->queued == 0);
	e = redis_write(r, a);
	if (e == NP_OK)
		e = redis_read(r, extra_ms, &reply);
	if (e < 0)
		return e;
	e = redis_reply_err(reply);
	if (e < 0)
		redis_note(r, redis_reply_str(reply));
	else if (ret_reply != NULL)
		*ret_reply = np_take(reply);
	return e;
}

np_err redis_cmd(struct redis *r, const struct redis_args *a, struct redis_reply **ret_reply)
{
	return redis_run(r, a, 0, ret_reply);
}

np_err redis_queue(struct redis *r, const struct redis_args *a)
{
	np_err e;
	if (r->queued == REDIS_PIPE_MAX)
		return NP_E_LIMIT;
	e = redis_write(r, a);
	if (e == NP_OK)
		r->queued++;
	return e;
}

np_err redis_flush(struct redis *r)
{
	np_err first = NP_OK;
	if (r->c == NULL)
		return NP_E_CLOSED;
	while (r->queued > 0) {
		NP_CLEANUP(redis_reply_free_p) struct redis_reply *reply = NULL;
		np_err e = redis_read(r, 0, &reply);
		if (e < 0)
			return e;
		r->queued--;
		e = redis_reply_err(reply);
		if (e < 0 && first == NP_OK) {
			redis_note(r, redis_reply_str(reply));
			first = e;
		}
	}
	return first;
}

static np_err redis_auth(struct redis *r)
{
	NP_CLEANUP(secret_done) struct secret password = { 0 };
	struct redis_args a;
	np_err e;
	if (r->conf.password_file == NULL)
		return NP_OK;
	e = secret_load(r->conf.password_file, &password);
	if (e < 0) {
		redis_note(r, NP_STR("the password file cannot be read"));
		return NP_E_AUTH;
	}
	redis_args_init(&a, "AUTH");
	if (r->conf.user != NULL)
		redis_args_c(&a, r->conf.user);
	redis_args_add(&a, secret_peek(&password));
	return redis_run(r, &a, 0, NULL);
}

static np_err redis_connect(struct redis *r)
{
	int64_t limit = r->conf.connect_ms != 0 ? r->conf.connect_ms : REDIS_CONNECT_MS_DEFAULT;
	int64_t until = r->deadline_ms;
	np_err e = NP_E_CLOSED;
	if (clock_mono_ms() + limit < r->deadline_ms)
		r->deadline_ms = clock_mono_ms() + limit;
	r->c = redisConnectUnixWithTimeout(r->conf.socket, redis_left(r, 0));
	if (r->c == NULL)
		redis_note(r, NP_STR("out of memory"));
	else if (r->c->err != 0)
		e = redis_lost(r);
	else
		e = redis_auth(r);
	r->deadline_ms = until;
	if (e < 0)
		redis_drop(r);
	return e == NP_E_TIMEOUT ? NP_E_CLOSED : e;
}

static void redis_back_off(struct redis *r)
{
	uint32_t next = r->backoff_ms == 0 ? REDIS_BACKOFF_MIN_MS : r->backoff_ms * 2;
	r->backoff_ms = next > REDIS_BACKOFF_MAX_MS ? REDIS_BACKOFF_MAX_MS : next;
	r->retry_at_ms = clock_mono_ms() + r->backoff_ms / 2 + (int64_t)(rnd_u64() % r->backoff_ms);
}

static np_err redis_wait_turn(struct redis *r)
{
	int64_t until = r->retry_at_ms < r->deadline_ms ? r->retry_at_ms : r->deadline_ms;
	for (int64_t now = clock_mono_ms(); now < until; now = clock_mono_ms())
		poll(NULL, 0, (int)(until - now));
	return r->retry_at_ms <= r->deadline_ms ? NP_OK : NP_E_CLOSED;
}

/* Between commands Redis says nothing, unless it goes away. */
static bool redis_alive(const struct redis *r)
{
	struct pollfd p = { .fd = r->c->fd, .events = POLLIN };
	return r->queued > 0 || poll(&p, 1, 0) == 0;
}

np_err redis_ready(struct redis *r, int64_t deadline_ms)
{
	np_err e;
	r->deadline_ms = deadline_ms;
	if (r->c != NULL && redis_alive(r))
		return NP_OK;
	redis_drop(r);
	e = redis_wait_turn(r);
	if (e < 0)
		return e;
	e = redis_connect(r);
	if (e < 0) {
		redis_back_off(r);
		return e;
	}
	r->backoff_ms = 0;
	r->retry_at_ms = 0;
	r->generation++;
	return NP_OK;
}
