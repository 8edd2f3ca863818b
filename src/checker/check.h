/* SPDX-License-Identifier: Apache-2.0 */
/* check.h - one attempt: its memory, its deadline, its endings.
 *
 * Floor 4 (checker). The caller makes a run (and uses it again and again), fills
 * `def`, and gets `done` exactly once per check_start, perhaps before that
 * returns. Everything a kind needs lives in the run's arena and dies with the
 * next start. One loop's thread.
 */
#pragma once
#include "base/arena.h"
#include "checker/certs.h"
#include "checker/curlm.h"
#include "checker/def.h"
#include "checker/resolv.h"
#include "core/result.h"
#include "net/addr.h"
#include "net/loop.h"

#define CHECK_ARENA_MAX ((size_t)512 * 1024)
#define CHECK_TEXT_MAX 300            /* bytes of the plain sentence */
#define CHECK_SLOW_US (2 * NP_SEC_US) /* unanswered for so long: told */

struct icmp;

/* What all checks of the process share. */
struct check_env {
	struct loop *loop;
	struct curlm *curl;
	struct certs *certs;
	struct resolv *names;   /* addresses of targets */
	struct resolv *queries; /* DNS checks without a resolver of their own */
	struct icmp *icmp;
	struct addr_own own;
	const char *user_agent;
};

struct check_run {
	struct check_env *env;
	struct check_def *def;
	void (*done)(struct check_run *run);
	void (*slow)(struct check_run *run); /* unanswered for CHECK_SLOW_US; may be NULL */
	void *ctx;

	struct res_record res; /* slot and attempt are the caller's; the rest is found */
	struct arena *arena;
	int64_t start_us, deadline_us; /* monotonic */
	const char *stage; /* what it is doing: "connecting to", for the sentence of a time-out */
	np_str stage_what;
	bool running;
	struct loop_timer *timer;
	void *state; /* the kind's own */
};

NP_NODISCARD np_err check_run_new(struct check_env *env, struct check_run **ret_run);
void check_run_free(struct check_run *run); /* cancels; NULL is fine */
void check_start(struct check_run *run);  /* run->def, done, slow, ctx, res.slot/attempt are set */
void check_cancel(struct check_run *run); /* no `done` comes */

/* ---- for the kinds --------------------------------------------------------------- */
void check_stage(struct check_run *run, const char *stage, np_str what);
void check_phase(struct check_run *run, enum res_phase p, int64_t us); /* adds */
void check_address(struct check_run *run, const struct addr *a, bool with_port);
int64_t check_elapsed_us(const struct check_run *run);

/* Endings. The text is one plain sentence without full stop; cleaned and clipped here. */
void check_end(struct check_run *run, enum res_status status, enum res_class cls, np_str text);
void check_fail(struct check_run *run, enum res_class cls, const char *fmt, ...) NP_PRINTF(3, 4);
void check_unknown(struct check_run *run, enum res_class cls, const char *fmt, ...) NP_PRINTF(3, 4);
/* It answered: let the assertions decide. Latency and certificate are filled in here. */
void check_conclude(struct check_run *run, struct asrt_facts *facts);
