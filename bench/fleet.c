/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "base/clock.h"
#include "base/str.h"
#include "wire/batch.h"
#include "worker.h"

#define TICK_MS 100
#define RESEND_MS 2000
#define PING_MS 20000
#define DRIP_MS 20

void fleet_connect(struct fleet *f)
{
	int64_t now = loop_now_ms(f->cfg.loop);
	if (f->count.up + f->count.connecting >= f->n)
		return; /* nobody is down: called for each that came up, it would be quadratic */
	for (size_t seen = 0; seen < f->n && f->count.connecting < f->cfg.connecting; seen++) {
		struct worker *w = &f->w[f->turn++ % f->n];
		if (w->state != WORKER_DOWN || w->retry_ms > now)
			continue;
		w->state = WORKER_CONNECTING;
		f->count.connecting++;
		if (worker_begin(w) < 0) {
			f->count.refused++;
			worker_lost(w);
		}
	}
}

/* ---- time ----------------------------------------------------------------------------------- */

static void ping(struct worker *w, int64_t now)
{
	Np__V1__Ping m = NP__V1__PING__INIT;
	m.now_us = clock_wall_us();
	w->pinged_ms = now;
	buf_reset(&w->f->frame);
	if (frame_put_ping(&w->f->frame, &m) == NP_OK)
		(void)!worker_put(w, buf_str(&w->f->frame));
}

static void look_at(struct worker *w, int64_t now)
{
	if (w->state != WORKER_UP)
		return;
	if (w->paused_ms != 0 && now >= w->paused_ms) {
		w->paused_ms = 0;
		worker_resend(w, 0);
		if (w->f->cfg.acked)
			w->f->cfg.acked(w->f->cfg.ctx, w);
	} else if (w->n > 0 && w->paused_ms == 0 && !w->f->cfg.post &&
		   now - w->window[w->head].sent_ms > RESEND_MS && w->drip.n == 0) {
		worker_resend(w, 0);
	}
	if (w->c && !w->f->cfg.post && now - w->pinged_ms > PING_MS)
		ping(w, now);
}

static void on_tick(void *ctx)
{
	struct fleet *f = ctx;
	int64_t now = loop_now_ms(f->cfg.loop);
	loop_timer_at(f->tick, now + TICK_MS);
	f->ticks++;
	for (size_t i = f->ticks % 8; i < f->n; i += 8) /* each 0.8 s: no long turns */
		look_at(&f->w[i], now);
	fleet_connect(f);
}

static void on_drip(void *ctx)
{
	struct fleet *f = ctx;
	loop_timer_at(f->drip, loop_now_ms(f->cfg.loop) + DRIP_MS);
	for (size_t i = 0; i < f->n; i++) {
		struct worker *w = &f->w[i];
		if (!w->slow || !w->c)
			continue;
		if (w->drip.n > 0 && conn_write(w->c, str_sub(buf_str(&w->drip), 0, 1)) == NP_OK)
			buf_drop(&w->drip, 1);
		if (f->ticks % 2 == 0)
			conn_resume(w->c);
	}
}

void fleet_slow(struct fleet *f, size_t every)
{
	for (size_t i = 0; i < f->n; i += every)
		f->w[i].slow = true;
	loop_timer_at(f->drip, loop_now_ms(f->cfg.loop));
}

np_err fleet_init(struct fleet *f, const struct fleet_cfg *cfg, const struct ids *ids)
{
	*f = (struct fleet){ .cfg = *cfg, .n = ids->n };
	f->epoch = (uint64_t)(clock_wall_us() / NP_MS_US) << 16;
	f->arena = arena_new(FRAME_ARENA_MAX);
	f->w = np_calloc(ids->n, sizeof *f->w);
	f->tick = loop_timer_new(cfg->loop, on_tick, f);
	f->drip = loop_timer_new(cfg->loop, on_drip, f);
	buf_init(&f->item, BATCH_ITEM_MAX);
	buf_init(&f->batch, BATCH_BYTES_MAX);
	buf_init(&f->frame, FRAME_UP_MAX);
	if (!f->arena || !f->w || !f->tick || !f->drip)
		return NP_E_NOMEM;
	for (size_t i = 0; i < ids->n; i++) {
		struct worker *w = &f->w[i];
		*w = (struct worker){ .f = f, .id = &ids->at[i], .fd = -1, .next_seq = 1 };
		w->pinged_ms = clock_mono_ms() + (int64_t)i * PING_MS / (int64_t)ids->n;
		frame_in_init(&w->in, FRAME_MAX);
		buf_init(&w->drip, FRAME_UP_MAX);
	}
	loop_timer_at(f->tick, loop_now_ms(cfg->loop) + TICK_MS);
	return NP_OK;
}

void fleet_done(struct fleet *f)
{
	for (size_t i = 0; f->w && i < f->n; i++) {
		worker_down(&f->w[i]);
		frame_in_done(&f->w[i].in);
		buf_done(&f->w[i].drip);
	}
	free(f->w);
	arena_free(f->arena);
	loop_timer_free(f->tick);
	loop_timer_free(f->drip);
	buf_done(&f->item);
	buf_done(&f->batch);
	buf_done(&f->frame);
}
