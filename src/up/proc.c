/* SPDX-License-Identifier: Apache-2.0 */
#include "up/proc.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "up/logfile.h"

struct proc {
	struct procs *home;
	char name[48];
	char *argv[PROC_ARGS_MAX + 5]; /* with the trampoline in front; owned */
	int stop_signal, level, fds[2];
	uv_process_t child;
	bool running, closing; /* closing: uv_close under way, the handle is not ours yet */
	bool once;             /* proc_run: not restarted */
	int64_t exit_status;
	int term_signal;
	int64_t started_ms, backoff_ms;
	uint32_t restarts;
	struct loop_timer *again;
};

struct procs {
	struct loop *loop;
	const struct place *place;
	struct proc *list[PROC_MAX];
	size_t n;
	bool stopping;
};

static np_err proc_spawn(struct proc *p);

static void on_closed(uv_handle_t *h)
{
	NP_CONTAINER_OF((uv_process_t *)(void *)h, struct proc, child)->closing = false;
}

static void on_again(void *ctx)
{
	struct proc *p = ctx;
	if (p->home->stopping || p->running)
		return;
	p->restarts++;
	if (p->closing || proc_spawn(p) < 0)
		loop_timer_at(p->again, clock_mono_ms() + PROC_BACKOFF_MIN_MS);
}

static void on_child_exit(uv_process_t *child, int64_t status, int sig)
{
	struct proc *p = NP_CONTAINER_OF(child, struct proc, child);
	p->running = false;
	p->exit_status = status;
	p->term_signal = sig;
	p->closing = true;
	uv_close((uv_handle_t *)child, on_closed);
	if (p->home->stopping || p->once)
		return;
	if (clock_mono_ms() - p->started_ms >= PROC_STEADY_MS)
		p->backoff_ms = PROC_BACKOFF_MIN_MS;
	np_log(NP_WARN, "process.died", KV_C("name", p->name), KV_I64("status", status),
	       KV_I64("signal", sig), KV_I64("restart_in_ms", p->backoff_ms));
	loop_timer_at(p->again, clock_mono_ms() + p->backoff_ms);
	p->backoff_ms =
		p->backoff_ms * 2 > PROC_BACKOFF_MAX_MS ? PROC_BACKOFF_MAX_MS : p->backoff_ms * 2;
}

static void pid_write(const struct proc *p)
{
	char sub[80], text[24];
	(void)snprintf(sub, sizeof sub, "run/%s.pid", p->name);
	(void)snprintf(text, sizeof text, "%d\n", p->child.pid);
	np_err e = place_write(p->home->place, sub, str_from_c(text), 0600);
	if (e < 0) /* a help for people, nothing reads it back */
		np_log(NP_WARN, "pidfile.failed", KV_C("name", p->name), KV_ERR(e));
}

static np_err proc_spawn(struct proc *p)
{
	NP_CLEANUP(np_close_fd) int log = -1;
	np_err e = logfile_open(p->home->place, p->name, &log);
	if (e < 0)
		return e;
	uv_stdio_container_t io[5] = {
		{ .flags = UV_IGNORE },
		{ .flags = UV_INHERIT_FD, .data.fd = log },
		{ .flags = UV_INHERIT_FD, .data.fd = log },
		{ .flags = UV_IGNORE },
		{ .flags = UV_IGNORE },
	};
	for (int i = 0; i < 2; i++)
		if (p->fds[i] > 0)
			io[3 + i] = (uv_stdio_container_t){ .flags = UV_INHERIT_FD,
							    .data.fd = p->fds[i] };
	uv_process_options_t o = {
		.exit_cb = on_child_exit,
		.file = "/proc/self/exe",
		.args = p->argv,
		.stdio_count = p->fds[0] > 0 || p->fds[1] > 0 ? 5 : 3,
		.stdio = io,
		.cwd = p->home->place->dir,
		.flags =
			UV_PROCESS_DETACHED, /* a terminal's Ctrl-C is ours alone: we stop in order */
	};
	int rc = uv_spawn(loop_uv(p->home->loop), &p->child, &o);
	if (rc != 0) {
		p->closing = true;
		uv_close((uv_handle_t *)&p->child, on_closed);
		return np_err_from_errno(-rc);
	}
	p->running = true;
	p->started_ms = clock_mono_ms();
	pid_write(p);
	return NP_OK;
}

static void proc_free(struct proc *p)
{
	if (p == NULL)
		return;
	loop_timer_free(p->again);
	for (size_t i = 0; i < NP_LEN(p->argv); i++)
		free(p->argv[i]);
	free(p);
}

static np_err fill_argv(struct proc *p, const struct proc_spec *spec)
{
	char ppid[16], sig[8];
	(void)snprintf(ppid, sizeof ppid, "%d", getpid());
	(void)snprintf(sig, sizeof sig, "%d", p->stop_signal);
	const char *head[] = { "netpulse", "_exec", ppid, sig };
	for (size_t i = 0; i < NP_LEN(head); i++)
		if ((p->argv[i] = np_strdup(str_from_c(head[i]))) == NULL)
			return NP_E_NOMEM;
	for (size_t i = 0; i < PROC_ARGS_MAX && spec->argv[i] != NULL; i++)
		if ((p->argv[NP_LEN(head) + i] = np_strdup(str_from_c(spec->argv[i]))) == NULL)
			return NP_E_NOMEM;
	return NP_OK;
}

static np_err proc_new(struct procs *ps, const struct proc_spec *spec, struct proc **ret)
{
	struct proc *p = np_zalloc(sizeof *p);
	if (p == NULL)
		return NP_E_NOMEM;
	*p = (struct proc){ .home = ps,
			    .level = spec->level,
			    .backoff_ms = PROC_BACKOFF_MIN_MS,
			    .stop_signal = spec->stop_signal != 0 ? spec->stop_signal : SIGTERM,
			    .fds = { spec->fds[0], spec->fds[1] } };
	(void)snprintf(p->name, sizeof p->name, "%s", spec->name);
	p->again = loop_timer_new(ps->loop, on_again, p);
	np_err e = p->again == NULL ? NP_E_NOMEM : fill_argv(p, spec);
	if (e < 0) {
		proc_free(p);
		return e;
	}
	*ret = p;
	return NP_OK;
}

struct procs *procs_new(struct loop *l, const struct place *place)
{
	struct procs *ps = np_zalloc(sizeof *ps);
	if (ps != NULL)
		*ps = (struct procs){ .loop = l, .place = place };
	return ps;
}

void procs_free(struct procs *ps)
{
	if (ps == NULL)
		return;
	for (size_t i = 0; i < ps->n; i++)
		proc_free(ps->list[i]);
	free(ps);
}

np_err proc_start(struct procs *ps, const struct proc_spec *spec)
{
	if (ps->n == PROC_MAX)
		return NP_E_LIMIT;
	struct proc *p = NULL;
	np_err e = proc_new(ps, spec, &p);
	if (e < 0)
		return e;
	ps->list[ps->n++] = p;
	return proc_spawn(p);
}

/* Turn the loop until the process is gone and its handle ours again. */
static bool wait_gone(struct proc *p, int64_t deadline_ms)
{
	while ((p->running || p->closing) && clock_mono_ms() < deadline_ms)
		loop_run_for(p->home->loop, 20);
	return !p->running && !p->closing;
}

np_err proc_run(struct procs *ps, const struct proc_spec *spec, int64_t max_ms, struct buf *ret_why)
{
	struct proc *p = NULL;
	np_err e = proc_new(ps, spec, &p);
	if (e < 0)
		return e;
	p->once = true;
	e = proc_spawn(p);
	if (!wait_gone(p, clock_mono_ms() + max_ms)) {
		(void)uv_process_kill(&p->child, SIGKILL);
		(void)wait_gone(p, INT64_MAX);
		e = NP_E_TIMEOUT;
	} else if (e == NP_OK && (p->exit_status != 0 || p->term_signal != 0)) {
		e = NP_E_IO;
	}
	if (e < 0)
		proc_last_words(ps, spec->name, ret_why);
	proc_free(p);
	return e;
}

void procs_turn(struct procs *ps, int64_t ms)
{
	loop_run_for(ps->loop, ms);
}

uint32_t proc_restarts(const struct procs *ps, const char *name)
{
	for (size_t i = 0; i < ps->n; i++)
		if (str_eq_c(str_from_c(name), ps->list[i]->name))
			return ps->list[i]->restarts;
	return UINT32_MAX;
}

void proc_last_words(const struct procs *ps, const char *name, struct buf *ret)
{
	logfile_last_line(ps->place, name, ret);
}

static void stop_level(struct procs *ps, int level)
{
	for (size_t i = 0; i < ps->n; i++)
		if (ps->list[i]->level == level && ps->list[i]->running)
			(void)uv_process_kill(&ps->list[i]->child, ps->list[i]->stop_signal);
	int64_t deadline = clock_mono_ms() + PROC_STOP_MS;
	for (size_t i = 0; i < ps->n; i++) {
		struct proc *p = ps->list[i];
		if (p->level != level || wait_gone(p, deadline))
			continue;
		np_log(NP_WARN, "process.killed", KV_C("name", p->name));
		(void)uv_process_kill(&p->child, SIGKILL);
		(void)wait_gone(p, INT64_MAX);
	}
}

void procs_stop(struct procs *ps)
{
	ps->stopping = true;
	int top = 0;
	for (size_t i = 0; i < ps->n; i++) {
		loop_timer_stop(ps->list[i]->again);
		if (ps->list[i]->level > top)
			top = ps->list[i]->level;
	}
	for (int level = top; level >= 0; level--)
		stop_level(ps, level);
}
