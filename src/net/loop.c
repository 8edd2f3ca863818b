/* SPDX-License-Identifier: Apache-2.0 */
#include "net/loop.h"

#include <errno.h>
#include <signal.h>
#include <sys/resource.h>

#include "base/clock.h"

struct loop {
	uv_loop_t uv;
	uv_timer_t tick; /* drives the wheel while it holds anything */
	uv_signal_t sig_term, sig_int, sig_hup;
	loop_fn stop_fn, reload_fn;
	void *stop_ctx, *reload_ctx;
	struct wheel wheel;
	size_t work_pending, work_max;
	void *attached;
	void (*attached_free)(void *obj);
	bool stop_on, reload_on;
};

/* Handles live on the heap until libuv lets go of them. */
static void free_data_cb(uv_handle_t *h)
{
	free(h->data);
}

static void ignore_sigpipe(void)
{
	struct sigaction sa = { .sa_handler = SIG_IGN };
	(void)sigemptyset(&sa.sa_mask);
	(void)sigaction(SIGPIPE, &sa, NULL);
}

/* libuv reads it once, at the first job of the process; an operator's value wins. */
static void set_threads(uint32_t threads)
{
	char text[16];
	if (threads == 0)
		threads = LOOP_THREADS_DEFAULT;
	if (threads > LOOP_THREADS_MAX)
		threads = LOOP_THREADS_MAX;
	(void)snprintf(text, sizeof text, "%u", threads);
	(void)setenv("UV_THREADPOOL_SIZE", text, 0);
}

static void tick_cb(uv_timer_t *t)
{
	struct loop *l = t->data;
	wheel_run(&l->wheel, loop_now_ms(l));
	if (l->wheel.n == 0)
		(void)uv_timer_stop(t);
}

struct loop *loop_new(const struct loop_cfg *cfg)
{
	static const struct loop_cfg defaults;
	if (!cfg)
		cfg = &defaults;
	struct loop *l = np_zalloc(sizeof *l);
	if (!l)
		return NULL;
	set_threads(cfg->threads);
	ignore_sigpipe();
	if (uv_loop_init(&l->uv) != 0) {
		free(l);
		return NULL;
	}
	l->work_max = cfg->work_max ? cfg->work_max : LOOP_WORK_MAX_DEFAULT;
	(void)uv_timer_init(&l->uv, &l->tick);
	(void)uv_signal_init(&l->uv, &l->sig_term);
	(void)uv_signal_init(&l->uv, &l->sig_int);
	(void)uv_signal_init(&l->uv, &l->sig_hup);
	l->tick.data = l->sig_term.data = l->sig_int.data = l->sig_hup.data = l;
	wheel_init(&l->wheel, LOOP_WHEEL_MS, loop_now_ms(l));
	return l;
}

void loop_free(struct loop *l)
{
	if (!l)
		return;
	if (l->attached_free)
		l->attached_free(l->attached);
	uv_close((uv_handle_t *)&l->tick, NULL);
	uv_close((uv_handle_t *)&l->sig_term, NULL);
	uv_close((uv_handle_t *)&l->sig_int, NULL);
	uv_close((uv_handle_t *)&l->sig_hup, NULL);
	(void)uv_run(&l->uv, UV_RUN_DEFAULT);
	int rc = uv_loop_close(&l->uv);
	assert(rc == 0); /* somebody kept a handle */
	(void)rc;
	free(l);
}

void loop_attach(struct loop *l, void *obj, void (*free_fn)(void *obj))
{
	assert(!l->attached);
	l->attached = obj;
	l->attached_free = free_fn;
}

void *loop_attached(const struct loop *l)
{
	return l->attached;
}

np_err loop_run(struct loop *l)
{
	(void)uv_run(&l->uv, UV_RUN_DEFAULT);
	return NP_OK;
}

void loop_stop(struct loop *l)
{
	uv_stop(&l->uv);
}

static void run_for_cb(uv_timer_t *t)
{
	uv_stop(t->loop);
}

void loop_run_for(struct loop *l, int64_t ms)
{
	uv_timer_t *t = np_zalloc(sizeof *t);
	if (!t)
		return;
	(void)uv_timer_init(&l->uv, t);
	t->data = t;
	uv_update_time(&l->uv);
	(void)uv_timer_start(t, run_for_cb, ms > 0 ? (uint64_t)ms : 0, 0);
	(void)uv_run(&l->uv, UV_RUN_DEFAULT);
	uv_close((uv_handle_t *)t, free_data_cb);
}

uv_loop_t *loop_uv(struct loop *l)
{
	return &l->uv;
}

int64_t loop_now_ms(const struct loop *l)
{
	return (int64_t)uv_now(&l->uv);
}

np_err loop_raise_fds(uint64_t *ret_limit)
{
	struct rlimit rl;
	if (getrlimit(RLIMIT_NOFILE, &rl) < 0)
		return np_err_from_errno(errno);
	if (rl.rlim_cur < rl.rlim_max) {
		struct rlimit want = { .rlim_cur = rl.rlim_max, .rlim_max = rl.rlim_max };
		if (setrlimit(RLIMIT_NOFILE, &want) == 0)
			rl = want;
	}
	*ret_limit = rl.rlim_cur;
	return NP_OK;
}

/* ---- timers ---------------------------------------------------------------- */

struct loop_timer {
	uv_timer_t uv;
	loop_fn fn;
	void *ctx;
};

static void timer_cb(uv_timer_t *t)
{
	struct loop_timer *lt = t->data;
	lt->fn(lt->ctx);
}

struct loop_timer *loop_timer_new(struct loop *l, loop_fn fn, void *ctx)
{
	struct loop_timer *t = np_zalloc(sizeof *t);
	if (!t)
		return NULL;
	(void)uv_timer_init(&l->uv, &t->uv);
	t->uv.data = t;
	t->fn = fn;
	t->ctx = ctx;
	return t;
}

void loop_timer_at(struct loop_timer *t, int64_t deadline_mono_ms)
{
	int64_t wait = deadline_mono_ms - clock_mono_ms();
	uv_update_time(t->uv.loop); /* libuv counts from its cached time */
	(void)uv_timer_start(&t->uv, timer_cb, wait > 0 ? (uint64_t)wait : 0, 0);
}

void loop_timer_stop(struct loop_timer *t)
{
	(void)uv_timer_stop(&t->uv);
}

bool loop_timer_is_set(const struct loop_timer *t)
{
	return uv_is_active((const uv_handle_t *)&t->uv);
}

void loop_timer_free(struct loop_timer *t)
{
	if (t)
		uv_close((uv_handle_t *)&t->uv, free_data_cb);
}

void loop_deadline(struct loop *l, struct wheel_node *node, int64_t deadline_mono_ms)
{
	if (l->wheel.n == 0) {
		/* The wheel stood still: let it catch up while it is empty. */
		wheel_run(&l->wheel, loop_now_ms(l));
		(void)uv_timer_start(&l->tick, tick_cb, LOOP_WHEEL_MS, LOOP_WHEEL_MS);
	}
	wheel_set(&l->wheel, node, deadline_mono_ms);
}

void loop_deadline_clear(struct loop *l, struct wheel_node *node)
{
	wheel_clear(&l->wheel, node);
}

/* ---- signals --------------------------------------------------------------- */

static void stop_cb(uv_signal_t *s, int signum)
{
	struct loop *l = s->data;
	(void)signum;
	l->stop_fn(l->stop_ctx);
}

static void reload_cb(uv_signal_t *s, int signum)
{
	struct loop *l = s->data;
	(void)signum;
	l->reload_fn(l->reload_ctx);
}

/* Signals alone must not keep a loop alive. */
static np_err watch(uv_signal_t *s, uv_signal_cb cb, int signum)
{
	int rc = uv_signal_start(s, cb, signum);
	if (rc < 0)
		return np_err_from_errno(-rc);
	uv_unref((uv_handle_t *)s);
	return NP_OK;
}

np_err loop_on_stop(struct loop *l, loop_fn fn, void *ctx)
{
	l->stop_fn = fn;
	l->stop_ctx = ctx;
	np_err e = watch(&l->sig_term, stop_cb, SIGTERM);
	if (e < 0)
		return e;
	return watch(&l->sig_int, stop_cb, SIGINT);
}

np_err loop_on_reload(struct loop *l, loop_fn fn, void *ctx)
{
	l->reload_fn = fn;
	l->reload_ctx = ctx;
	return watch(&l->sig_hup, reload_cb, SIGHUP);
}

/* ---- worker pool ------------------------------------------------------------ */

struct work {
	uv_work_t uv;
	struct loop *l;
	loop_fn run, done;
	void *ctx;
};

static void work_cb(uv_work_t *req)
{
	struct work *w = req->data;
	w->run(w->ctx);
}

static void work_done_cb(uv_work_t *req, int status)
{
	struct work *w = req->data;
	(void)status; /* jobs are never cancelled */
	w->l->work_pending--;
	w->done(w->ctx);
	free(w);
}

np_err loop_work(struct loop *l, loop_fn run, loop_fn done, void *ctx)
{
	if (l->work_pending >= l->work_max)
		return NP_E_LIMIT;
	struct work *w = np_zalloc(sizeof *w);
	if (!w)
		return NP_E_NOMEM;
	*w = (struct work){ .l = l, .run = run, .done = done, .ctx = ctx };
	w->uv.data = w;
	int rc = uv_queue_work(&l->uv, &w->uv, work_cb, work_done_cb);
	if (rc < 0) {
		free(w);
		return np_err_from_errno(-rc);
	}
	l->work_pending++;
	return NP_OK;
}

size_t loop_work_pending(const struct loop *l)
{
	return l->work_pending;
}

void loop_settle(struct loop *l)
{
	if (!l)
		return;
	l->work_max = 0;
	while (l->work_pending > 0)
		(void)uv_run(&l->uv, UV_RUN_ONCE);
}

/* ---- wake-ups and descriptors -------------------------------------------------- */

struct loop_wake {
	uv_async_t uv;
	loop_fn fn;
	void *ctx;
};

static void wake_cb(uv_async_t *a)
{
	struct loop_wake *w = a->data;
	w->fn(w->ctx);
}

struct loop_wake *loop_wake_new(struct loop *l, loop_fn fn, void *ctx)
{
	struct loop_wake *w = np_zalloc(sizeof *w);
	if (!w)
		return NULL;
	if (uv_async_init(&l->uv, &w->uv, wake_cb) != 0) {
		free(w);
		return NULL;
	}
	w->uv.data = w;
	w->fn = fn;
	w->ctx = ctx;
	return w;
}

void loop_wake_send(struct loop_wake *w)
{
	(void)uv_async_send(&w->uv);
}

void loop_wake_free(struct loop_wake *w)
{
	if (w)
		uv_close((uv_handle_t *)&w->uv, free_data_cb);
}

struct loop_poll {
	uv_poll_t uv;
	loop_poll_fn fn;
	void *ctx;
	int events; /* asked for */
};

static void poll_cb(uv_poll_t *h, int status, int events)
{
	struct loop_poll *p = h->data;
	/* After an error libuv stops watching: report what was asked for, so that the owner's
	 * next read or write finds out. It sets its events again if it goes on. */
	int ready = status < 0 ? p->events
			       : ((events & UV_READABLE) ? LOOP_READ : 0) |
					 ((events & UV_WRITABLE) ? LOOP_WRITE : 0);
	if (status < 0)
		p->events = 0;
	p->fn(p->ctx, ready);
}

np_err loop_poll_new(struct loop *l, int fd, loop_poll_fn fn, void *ctx,
		     struct loop_poll **ret_poll)
{
	struct loop_poll *p = np_zalloc(sizeof *p);
	if (!p)
		return NP_E_NOMEM;
	int rc = uv_poll_init(&l->uv, &p->uv, fd);
	if (rc < 0) {
		free(p);
		return np_err_from_errno(-rc);
	}
	p->uv.data = p;
	p->fn = fn;
	p->ctx = ctx;
	*ret_poll = p;
	return NP_OK;
}

void loop_poll_set(struct loop_poll *p, int events)
{
	if (events == p->events)
		return;
	p->events = events;
	if (events == 0) {
		(void)uv_poll_stop(&p->uv);
		return;
	}
	int want = ((events & LOOP_READ) ? UV_READABLE : 0) |
		   ((events & LOOP_WRITE) ? UV_WRITABLE : 0);
	(void)uv_poll_start(&p->uv, want, poll_cb);
}

void loop_poll_free(struct loop_poll *p)
{
	if (!p)
		return;
	(void)uv_poll_stop(&p->uv);
	uv_close((uv_handle_t *)&p->uv, free_data_cb);
}
