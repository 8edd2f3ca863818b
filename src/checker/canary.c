/* SPDX-License-Identifier: Apache-2.0 */
#include "checker/canary.h"

#include "base/clock.h"

struct canary {
	struct check_env *env;
	struct check_run *run[CANARY_MAX];
	struct check_def *def[CANARY_MAX];
	size_t n, pending;
	bool asking, ok;
	int64_t at_us; /* of the last verdict; 0: none */
	struct canary_wait *waits;
};

static void tell(struct canary *c, bool ok)
{
	struct canary_wait *list = c->waits;
	c->waits = NULL;
	c->ok = ok;
	c->at_us = clock_mono_us();
	while (list) {
		struct canary_wait *w = list;
		list = w->next;
		w->waiting = false;
		w->fn(w, ok);
	}
}

static void on_done(struct check_run *run)
{
	struct canary *c = run->ctx;
	if (c->pending > 0)
		c->pending--;
	if (res_is_pass(run->res.status) && c->asking) {
		c->asking = false;
		tell(c, true);
	} else if (c->pending == 0 && c->asking) {
		c->asking = false;
		tell(c, false);
	}
}

static void ask_all(struct canary *c)
{
	c->asking = true;
	c->pending = c->n;
	for (size_t i = 0; i < c->n && c->asking; i++) {
		struct check_run *run = c->run[i];
		check_cancel(run); /* one that is still at it from a round that is decided */
		run->def = c->def[i];
		run->done = on_done;
		run->ctx = c;
		check_start(run);
	}
}

void canary_ask(struct canary *c, struct canary_wait *w)
{
	if (c->n == 0 || (c->at_us && !c->asking && clock_mono_us() - c->at_us < CANARY_FRESH_US)) {
		w->fn(w, c->n == 0 || c->ok);
		return;
	}
	w->waiting = true;
	w->next = c->waits;
	c->waits = w;
	if (!c->asking)
		ask_all(c);
}

void canary_forget(struct canary *c, struct canary_wait *w)
{
	if (!w->waiting)
		return;
	for (struct canary_wait **p = &c->waits; *p; p = &(*p)->next)
		if (*p == w) {
			*p = w->next;
			break;
		}
	w->waiting = false;
}

static enum mon_kind kind_of(np_str target)
{
	if (str_starts(target, NP_STR("http://")) || str_starts(target, NP_STR("https://")))
		return MON_HTTP;
	return str_find_byte(target, ':') == SIZE_MAX ? MON_ICMP : MON_TCP;
}

static np_err add(struct canary *c, const char *target, struct buf *why)
{
	Np__V1__Monitor m = NP__V1__MONITOR__INIT;
	m.monitor = 1 + c->n;
	m.revision = 1;
	m.kind = kind_of(str_from_c(target));
	m.target = (char *)(uintptr_t)target;
	m.interval_ms = 60000;
	m.timeout_ms = CANARY_TIMEOUT_MS;
	m.private_ok = true; /* the operator's own choice */
	np_err e = def_new(&m, &c->def[c->n]);
	if (e < 0)
		return e;
	const char *problem = c->def[c->n]->problem;
	if (problem) {
		buf_printf(why, "canary %s: %s", target, problem);
		def_unref(c->def[c->n]);
		return NP_E_INVAL;
	}
	e = check_run_new(c->env, &c->run[c->n]);
	if (e < 0) {
		def_unref(c->def[c->n]);
		return e;
	}
	c->n++;
	return NP_OK;
}

np_err canary_new(struct check_env *env, const char *const *targets, size_t n,
		  struct canary **ret_canary, struct buf *ret_why)
{
	if (n > CANARY_MAX) {
		buf_printf(ret_why, "at most %d canaries", CANARY_MAX);
		return NP_E_LIMIT;
	}
	struct canary *c = np_zalloc(sizeof *c);
	if (!c)
		return NP_E_NOMEM;
	c->env = env;
	for (size_t i = 0; i < n; i++) {
		np_err e = add(c, targets[i], ret_why);
		if (e < 0) {
			canary_free(c);
			return e;
		}
	}
	*ret_canary = c;
	return NP_OK;
}

void canary_free(struct canary *c)
{
	if (!c)
		return;
	for (size_t i = 0; i < c->n; i++) {
		check_run_free(c->run[i]);
		def_unref(c->def[i]);
	}
	free(c);
}
