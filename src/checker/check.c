/* SPDX-License-Identifier: Apache-2.0 */
#include "checker/check.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/buf.h"
#include "base/clock.h"
#include "checker/say.h"

static int64_t min64(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

static int64_t to_ms(int64_t mono_us)
{
	return (mono_us + NP_MS_US - 1) / NP_MS_US;
}

static void end_by_time(struct check_run *run)
{
	np_str after = say_duration(run->arena, run->def->timeout_us);
	if (run->stage)
		check_fail(run, RES_C_TIMEOUT, "no answer within %.*s while %s%s%.*s",
			   NP_FMT(after), run->stage, run->stage_what.n ? " " : "",
			   NP_FMT(run->stage_what));
	else
		check_fail(run, RES_C_TIMEOUT, "no answer within %.*s", NP_FMT(after));
}

static void on_timer(void *ctx)
{
	struct check_run *run = ctx;
	if (!run->running)
		return;
	if (clock_mono_us() >= run->deadline_us) {
		end_by_time(run);
		return;
	}
	loop_timer_at(run->timer, to_ms(run->deadline_us));
	if (run->slow)
		run->slow(run);
}

np_err check_run_new(struct check_env *env, struct check_run **ret_run)
{
	struct check_run *run = np_zalloc(sizeof *run);
	if (!run)
		return NP_E_NOMEM;
	run->env = env;
	run->arena = arena_new(CHECK_ARENA_MAX);
	run->timer = loop_timer_new(env->loop, on_timer, run);
	if (!run->arena || !run->timer) {
		check_run_free(run);
		return NP_E_NOMEM;
	}
	*ret_run = run;
	return NP_OK;
}

void check_run_free(struct check_run *run)
{
	if (!run)
		return;
	check_cancel(run);
	loop_timer_free(run->timer);
	arena_free(run->arena);
	free(run);
}

/* Let the kind go and give the definition back. */
static void release(struct check_run *run)
{
	run->running = false;
	loop_timer_stop(run->timer);
	if (run->state)
		run->def->ops->cancel(run);
	run->state = NULL;
}

void check_start(struct check_run *run)
{
	assert(!run->running && run->def);
	arena_reset(run->arena);
	struct res_record res = RES_RECORD_INIT;
	res.monitor = run->def->monitor;
	res.revision = run->def->revision;
	res.slot_us = run->res.slot_us;
	res.attempt = run->res.attempt;
	res.start_us = clock_wall_us();
	run->res = res;
	run->start_us = clock_mono_us();
	run->deadline_us = run->start_us + run->def->timeout_us;
	run->stage = NULL;
	run->state = NULL;
	run->running = true;
	loop_timer_at(run->timer, to_ms(min64(run->deadline_us, run->start_us + CHECK_SLOW_US)));
	if (run->def->problem)
		check_unknown(run, RES_C_INTERNAL, "%s", run->def->problem);
	else
		run->def->ops->start(run);
}

void check_cancel(struct check_run *run)
{
	if (run->running)
		release(run);
}

void check_stage(struct check_run *run, const char *stage, np_str what)
{
	run->stage = stage;
	run->stage_what = what;
}

void check_phase(struct check_run *run, enum res_phase p, int64_t us)
{
	int64_t *at = &run->res.phase_us[p];
	*at = (*at < 0 ? 0 : *at) + (us < 0 ? 0 : us);
}

void check_address(struct check_run *run, const struct addr *a, bool with_port)
{
	char text[ADDR_TEXT_MAX];
	size_t n = with_port ? addr_print(a, text) : addr_print_ip(a, text);
	run->res.address = arena_str(run->arena, (np_str){ text, n });
}

int64_t check_elapsed_us(const struct check_run *run)
{
	return clock_mono_us() - run->start_us;
}

void check_end(struct check_run *run, enum res_status status, enum res_class cls, np_str text)
{
	assert(run->running);
	run->res.duration_us = min64(check_elapsed_us(run), RES_DURATION_MAX_US);
	run->res.status = status;
	run->res.cls = cls;
	run->res.text = say_clean(run->arena, text, CHECK_TEXT_MAX);
	release(run);
	run->done(run);
}

__attribute__((format(printf, 4, 0))) static void end_printf(struct check_run *run,
							     enum res_status status,
							     enum res_class cls, const char *fmt,
							     va_list ap)
{
	char text[CHECK_TEXT_MAX * 2];
	int n = vsnprintf(text, sizeof text, fmt, ap);
	size_t len = n < 0 ? 0 : (size_t)n;
	check_end(run, status, cls, (np_str){ text, len < sizeof text ? len : sizeof text - 1 });
}

void check_fail(struct check_run *run, enum res_class cls, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	end_printf(run, RES_FAIL, cls, fmt, ap);
	va_end(ap);
}

void check_unknown(struct check_run *run, enum res_class cls, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	end_printf(run, RES_UNKNOWN, cls, fmt, ap);
	va_end(ap);
}

void check_conclude(struct check_run *run, struct asrt_facts *facts)
{
	static const struct {
		enum res_status status;
		enum res_class cls;
	} ends[] = {
		[ASRT_PASS] = { RES_OK, RES_C_NONE },
		[ASRT_SOFT_FAIL] = { RES_DEGRADED, RES_C_ASSERTION },
		[ASRT_HARD_FAIL] = { RES_FAIL, RES_C_ASSERTION },
	};
	facts->latency_us = check_elapsed_us(run);
	if (run->res.cert_expires_s) {
		int64_t left = run->res.cert_expires_s - clock_wall_us() / NP_SEC_US;
		facts->has_cert = true;
		facts->cert_days = left / 86400 - (left % 86400 < 0);
	}
	NP_CLEANUP(buf_done) struct buf text;
	buf_init(&text, 4096);
	enum asrt_outcome o = asrt_eval(run->def->assertions, facts, &text);
	check_end(run, ends[o].status, ends[o].cls, o == ASRT_PASS ? NP_STR("") : buf_str(&text));
}
