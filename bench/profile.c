/* SPDX-License-Identifier: Apache-2.0 */
#include "profile.h"

#include "base/clock.h"
#include "base/str.h"

#define TURN_MAX 64 /* sends per turn of the loop: answers are read in between */
#define STEP_MS 1

static const char *const names[] = {
	[PROFILE_STEADY] = "steady", [PROFILE_SPIKE] = "spike", [PROFILE_BURST] = "burst",
	[PROFILE_MAX] = "max",       [PROFILE_STORM] = "storm", [PROFILE_SLOW] = "slow",
};
static_assert(NP_LEN(names) == PROFILE_N, "name every profile");

np_err profile_kind_from_name(const char *name, enum profile_kind *ret)
{
	for (size_t i = 0; i < PROFILE_N; i++)
		if (str_eq_c(str_from_c(name), names[i])) {
			*ret = (enum profile_kind)i;
			return NP_OK;
		}
	return NP_E_NOTFOUND;
}

void profile_end(struct profile *p)
{
	if (!p->running)
		return;
	p->running = false;
	loop_timer_stop(p->timer);
	p->to_us = clock_wall_us();
	p->cfg.over(p->cfg.ctx);
}

static void send_one(struct profile *p, size_t i, int64_t due_us, int64_t now_us)
{
	int64_t late = now_us - due_us;
	if (!worker_offer(&p->f->w[i]))
		p->missed++;
	else if (record_add(&p->late, &late) < 0)
		p->f->count.odd++;
}

/* The n-th send of the schedule, in µs after its start. */
static int64_t due_of(const struct profile *p, uint64_t n)
{
	switch (p->cfg.kind) {
	case PROFILE_SPIKE:
		return (int64_t)n * NP_SEC_US / (int64_t)p->senders;
	case PROFILE_BURST:
		return 0;
	case PROFILE_STEADY:
	case PROFILE_MAX:
	case PROFILE_STORM:
	case PROFILE_SLOW:
	case PROFILE_N:
		break;
	}
	return (int64_t)((double)n * (double)NP_SEC_US / p->cfg.rate);
}

static bool is_waves(const struct profile *p)
{
	return p->cfg.kind == PROFILE_SPIKE || p->cfg.kind == PROFILE_BURST;
}

/* What is due, at most TURN_MAX. True: more is due already. */
static bool send_due(struct profile *p, int64_t now_us)
{
	for (int i = 0; i < TURN_MAX; i++) {
		int64_t due = p->start_us + due_of(p, p->due);
		if (due > now_us || (is_waves(p) && p->due == p->senders))
			return false;
		send_one(p, p->due++ % p->senders, due, now_us);
	}
	return true;
}

static void look_for_storm_end(struct profile *p, int64_t now_us)
{
	if (p->cfg.kind != PROFILE_STORM || p->storm_back_ms != 0 || p->f->count.up < p->f->n)
		return;
	p->storm_back_ms = (now_us - p->start_us) / NP_MS_US + 1;
	/* What is measured is the storm. */
	if (p->end_us > now_us)
		p->end_us = now_us;
}

static void on_step(void *ctx)
{
	struct profile *p = ctx;
	int64_t now_us = clock_mono_us(), now_ms = now_us / NP_MS_US;
	look_for_storm_end(p, now_us);
	if (!is_waves(p) && now_us >= p->end_us) {
		profile_end(p);
		return;
	}
	if (send_due(p, now_us)) {
		loop_timer_at(p->timer, now_ms);
	} else if (is_waves(p) && p->due == p->senders) {
		if (now_us >= p->end_us) {
			profile_end(p);
			return;
		}
		p->due = 0;
		p->start_us = now_us + p->cfg.quiet_ms * NP_MS_US;
		loop_timer_at(p->timer, p->start_us / NP_MS_US);
	} else {
		loop_timer_at(p->timer, now_ms + STEP_MS);
	}
}

static void start_max(struct profile *p)
{
	for (size_t i = 0; i < p->senders; i++)
		for (uint32_t k = 0; k < p->cfg.inflight; k++)
			(void)worker_offer(&p->f->w[i]);
	loop_timer_at(p->timer, clock_mono_ms() + p->cfg.run_ms);
}

static void on_timer(void *ctx)
{
	struct profile *p = ctx;
	if (p->cfg.kind == PROFILE_MAX)
		profile_end(p);
	else
		on_step(p);
}

void profile_acked(struct profile *p, struct worker *w)
{
	while (p->running && p->cfg.kind == PROFILE_MAX && w->n < p->cfg.inflight)
		if (!worker_offer(w))
			return;
}

static void start_storm(struct profile *p)
{
	p->senders = p->f->n / 11 > 0 ? p->f->n / 11 : 1; /* 1,000 of 11,000 */
	for (size_t i = p->senders; i < p->f->n; i++)
		worker_drop(&p->f->w[i]);
	p->f->cfg.connecting = (uint32_t)p->f->n; /* all at once */
	fleet_connect(p->f);
}

void profile_start(struct profile *p)
{
	p->running = true;
	p->from_us = clock_wall_us();
	p->start_us = clock_mono_us() + (is_waves(p) ? p->cfg.quiet_ms * NP_MS_US : 0);
	p->end_us = clock_mono_us() + p->cfg.run_ms * NP_MS_US;
	p->senders = p->f->n;
	if (p->cfg.kind == PROFILE_MAX) {
		start_max(p);
		return;
	}
	if (p->cfg.kind == PROFILE_STORM)
		start_storm(p);
	loop_timer_at(p->timer, p->start_us / NP_MS_US);
}

np_err profile_init(struct profile *p, const struct profile_cfg *cfg, struct fleet *f)
{
	*p = (struct profile){ .cfg = *cfg, .f = f };
	record_init(&p->late, sizeof(int64_t));
	p->timer = loop_timer_new(f->cfg.loop, on_timer, p);
	return p->timer ? NP_OK : NP_E_NOMEM;
}

void profile_done(struct profile *p)
{
	loop_timer_free(p->timer);
	record_done(&p->late);
}
