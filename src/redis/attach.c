/* SPDX-License-Identifier: Apache-2.0 */
#include "redis/attach.h"

struct attach {
	redisAsyncContext *ac;
	struct loop_poll *poll;
	int events;
	bool busy; /* inside our callback: hiredis may end the connection there */
	bool dead;
};

static void attach_event(void *ctx, int events)
{
	struct attach *a = ctx;
	a->busy = true;
	if ((events & LOOP_READ) != 0)
		redisAsyncHandleRead(a->ac);
	if (!a->dead && (events & LOOP_WRITE) != 0)
		redisAsyncHandleWrite(a->ac);
	a->busy = false;
	if (a->dead)
		free(a);
}

static void attach_want(struct attach *a, int set, int clear)
{
	int events = (a->events | set) & ~clear;
	if (events == a->events)
		return;
	a->events = events;
	loop_poll_set(a->poll, events);
}

static void attach_add_read(void *ctx)
{
	attach_want(ctx, LOOP_READ, 0);
}

static void attach_del_read(void *ctx)
{
	attach_want(ctx, 0, LOOP_READ);
}

static void attach_add_write(void *ctx)
{
	attach_want(ctx, LOOP_WRITE, 0);
}

static void attach_del_write(void *ctx)
{
	attach_want(ctx, 0, LOOP_WRITE);
}

static void attach_cleanup(void *ctx)
{
	struct attach *a = ctx;
	loop_poll_free(a->poll);
	a->poll = NULL;
	a->dead = true;
	if (!a->busy)
		free(a);
}

np_err attach_to_loop(redisAsyncContext *ac, struct loop *l)
{
	struct attach *a = np_zalloc(sizeof *a);
	np_err e;
	if (a == NULL)
		return NP_E_NOMEM;
	a->ac = ac;
	e = loop_poll_new(l, ac->c.fd, attach_event, a, &a->poll);
	if (e < 0) {
		free(a);
		return e;
	}
	ac->ev.data = a;
	ac->ev.addRead = attach_add_read;
	ac->ev.delRead = attach_del_read;
	ac->ev.addWrite = attach_add_write;
	ac->ev.delWrite = attach_del_write;
	ac->ev.cleanup = attach_cleanup;
	return NP_OK;
}
