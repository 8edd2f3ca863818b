/* SPDX-License-Identifier: Apache-2.0 */
/* proc.h - child processes: started, watched, restarted with back-off, stopped in order.
 *
 * Floor 5. One loop's thread (the process's first, since children are tied to
 * its life). Output of a child goes to DIR/log/<name>.log; at PROC_LOG_MAX a log
 * moves to <name>.log.1, two in all are kept.
 */
#pragma once
#include "net/loop.h"
#include "up/place.h"

#define PROC_MAX 48
#define PROC_ARGS_MAX 32
#define PROC_LOG_MAX ((int64_t)10 * 1024 * 1024)
#define PROC_BACKOFF_MIN_MS 200
#define PROC_BACKOFF_MAX_MS 10000
#define PROC_STEADY_MS 30000 /* ran so long: the next restart is quick again */
#define PROC_STOP_MS 15000   /* then SIGKILL */

struct procs;
struct proc;

struct proc_spec {
	const char *name;                /* log and pid file; unique */
	const char *argv[PROC_ARGS_MAX]; /* argv[0]: program, "self" for this one; copied */
	int stop_signal;                 /* 0: SIGTERM */
	int level;                       /* higher levels are stopped first */
	int fds[2];                      /* become 3 and 4 of the child; 0 or less: none */
};

NP_NODISCARD struct procs *procs_new(struct loop *l, const struct place *p);
void procs_free(struct procs *ps); /* everything must have been stopped */

/* Start and keep running. NP_E_LIMIT, or why it could not be started at all. */
NP_NODISCARD np_err proc_start(struct procs *ps, const struct proc_spec *spec);
/* Run to its end, at most `max_ms`. NP_OK: exit status 0; else *ret_why has the last line it
 * wrote. */
NP_NODISCARD np_err proc_run(struct procs *ps, const struct proc_spec *spec, int64_t max_ms,
			     struct buf *ret_why);
/* Turn the loop for at most `ms`: children that die meanwhile are noticed. Boot only. */
void procs_turn(struct procs *ps, int64_t ms);
/* How often has it been restarted? UINT32_MAX: no such process. For "does it stay up?". */
uint32_t proc_restarts(const struct procs *ps, const char *name);
/* The last line of its log, for people; empty when there is none. */
void proc_last_words(const struct procs *ps, const char *name, struct buf *ret);
/* Stop all, level by level; returns when none is left. */
void procs_stop(struct procs *ps);
