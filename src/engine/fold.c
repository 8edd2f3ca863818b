/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/fold.h"

#include "engine/foldin.h"
#include "wire/pballoc.h"

np_err foldin_apply(struct foldin *f, struct mon *m, struct mst_event *ev,
		    const struct fxstep_cause *cause)
{
	ev->at_us = f->at_us;
	np_err e = f->s->tap ? f->s->tap->event(f->s->tap->ctx, m, ev) : NP_OK;
	if (e < 0)
		return e;
	mst_apply(&m->def, &m->st, ev, &f->step);
	if (f->fx && f->step.n > 0)
		fxstep_add(f->fx, m, &f->step, cause);
	return shard_retime(f->s, m);
}

np_err foldin_event(struct foldin *f, struct mon *m, struct mst_event *ev)
{
	return foldin_apply(f, m, ev, &(struct fxstep_cause){ .at_us = f->at_us });
}

/* ---- inputs about a checker: every monitor whose newest vote it cast ---- */

static np_err each_vote_of(struct foldin *f, uint64_t checker, enum mst_event_kind kind)
{
	np_err e = NP_OK;
	size_t pos = 0;
	for (struct mon *m; e == NP_OK && (m = shard_next_monitor(f->s, &pos));)
		for (uint32_t i = 0; e == NP_OK && i < m->def.region_n; i++) {
			if (m->voter[i] != checker || m->deleted)
				continue;
			struct mst_event ev = { .kind = kind, .region = m->def.region[i] };
			e = foldin_event(f, m, &ev);
		}
	return e;
}

static np_err on_ban(struct foldin *f, const Np__I1__BanInput *in)
{
	if (in->registry_gen > f->s->registry_gen)
		f->s->registry_gen = in->registry_gen;
	if (shard_is_banned(f->s, in->checker))
		return NP_OK;
	np_err e = shard_put_ban(f->s, &(struct shard_ban){ .checker = in->checker,
							    .region = in->region,
							    .at_us = in->at_us,
							    .registry_gen = in->registry_gen });
	return e < 0 ? e : each_vote_of(f, in->checker, MST_BAN);
}

static np_err on_slow(struct foldin *f, const Np__I1__SlowInput *in)
{
	struct mon *m = in->slow ? shard_monitor(f->s, in->slow->monitor) : NULL;
	int i = m && !m->deleted ? mon_region_index(&m->def, in->region) : -1;
	if (i < 0 || shard_is_banned(f->s, in->checker) ||
	    shard_runner(f->s, m, (uint32_t)i) != in->checker)
		return NP_OK;
	struct mst_event ev = { .kind = MST_SLOW, .region = in->region };
	ev.slow.slot_us = in->slow->slot_us;
	ev.slow.attempt = in->slow->attempt;
	return foldin_event(f, m, &ev);
}

/* ---- the rest ---- */

static np_err on_timer(struct foldin *f, const Np__I1__TimerInput *in)
{
	if (in->kind == SHARD_TIMER_SILENT)
		return each_vote_of(f, in->monitor, MST_SILENT);
	if (in->kind == SHARD_TIMER_HOLD)
		return foldhold_end(f);
	struct mon *m = shard_monitor(f->s, in->monitor);
	if (!m || m->deleted || in->kind >= TMR_N)
		return NP_OK;
	struct mst_event ev = { .kind = MST_TIMER };
	ev.timer.kind = (enum tmr_kind)in->kind;
	ev.timer.generation = (uint32_t)in->generation;
	if (f->fx)
		fxstep_timer(f->fx, m, ev.timer.kind);
	return foldin_event(f, m, &ev);
}

static np_err on_suspect(struct foldin *f, const Np__I1__SuspectInput *in)
{
	np_err e = NP_OK;
	size_t pos = 0;
	shard_set_suspect(f->s, in->region, in->on);
	for (struct mon *m; e == NP_OK && (m = shard_next_monitor(f->s, &pos));) {
		if (m->deleted || mon_region_index(&m->def, in->region) < 0)
			continue;
		struct mst_event ev = { .kind = MST_SUSPECT, .region = in->region };
		ev.on = in->on;
		e = foldin_event(f, m, &ev);
	}
	return e;
}

static np_err on_parent(struct foldin *f, const Np__I1__ParentInput *in)
{
	struct mon *m = shard_monitor(f->s, in->monitor);
	if (!m || m->deleted || in->state >= INC_PARENT_N)
		return NP_OK;
	struct mst_event ev = { .kind = MST_PARENT };
	ev.parent.state = (enum inc_parent)in->state;
	if (in->incident_id.len == sizeof m->parent_incident)
		memcpy(m->parent_incident, in->incident_id.data, sizeof m->parent_incident);
	else
		memset(m->parent_incident, 0, sizeof m->parent_incident);
	return foldin_event(f, m, &ev);
}

static np_err on_window(struct foldin *f, const Np__I1__WindowInput *in)
{
	struct mon *m = shard_monitor(f->s, in->monitor);
	if (!m || m->deleted)
		return NP_OK;
	struct mst_event ev = { .kind = in->quiet ? MST_QUIET : MST_MAINTENANCE };
	ev.window.on = in->on;
	ev.window.until_us = in->until_us;
	return foldin_event(f, m, &ev);
}

static np_err on_batch(struct foldin *f, const Np__I1__BatchInput *in)
{
	struct arena *a = arena_new(BATCH_ARENA_MAX);
	if (!a)
		return NP_E_NOMEM;
	struct batch *b;
	np_err e = batch_decode(a, pballoc_bytes(in->batch), &b);
	if (e == NP_OK)
		e = foldbatch(f, in, b);
	else if (e == NP_E_PROTO)
		e = NP_E_CORRUPT;
	arena_free(a);
	return e;
}

static np_err dispatch(struct foldin *f, const Np__I1__Input *in)
{
	switch (in->kind_case) {
	case NP__I1__INPUT__KIND_BATCH:
		return on_batch(f, in->batch);
	case NP__I1__INPUT__KIND_TIMER:
		return on_timer(f, in->timer);
	case NP__I1__INPUT__KIND_COMMAND:
		return foldcmd_command(f, in->command);
	case NP__I1__INPUT__KIND_DEFINITION:
		return foldcmd_definition(f, in->definition);
	case NP__I1__INPUT__KIND_MEMBERSHIP:
		return members_add(f->s->members, in->membership);
	case NP__I1__INPUT__KIND_BAN:
		return on_ban(f, in->ban);
	case NP__I1__INPUT__KIND_HEARD:
		return foldhold_heard(f, in->heard);
	case NP__I1__INPUT__KIND_SUSPECT:
		return on_suspect(f, in->suspect);
	case NP__I1__INPUT__KIND_PARENT:
		return on_parent(f, in->parent);
	case NP__I1__INPUT__KIND_RESUME:
		return foldhold_resume(f, in->resume);
	case NP__I1__INPUT__KIND_SLOW:
		return on_slow(f, in->slow);
	case NP__I1__INPUT__KIND_WINDOW:
		return on_window(f, in->window);
	case NP__I1__INPUT__KIND__NOT_SET:
	case _NP__I1__INPUT__KIND__CASE_IS_INT_SIZE:
		break;
	}
	return NP_E_VERSION; /* written by a newer program */
}

static void begin(struct foldin *f, const Np__I1__Input *in)
{
	if (in->at_us > f->s->now_us)
		f->s->now_us = in->at_us;
	f->at_us = f->s->now_us;
}

np_err fold_input(struct shard *s, const Np__I1__Input *in, struct fx *fx)
{
	struct foldin f = { .s = s, .fx = fx };
	begin(&f, in);
	np_err e = dispatch(&f, in);
	return e < 0 || !fx ? e : fx->err;
}

np_err fold_batch(struct shard *s, const Np__I1__Input *in, const struct batch *b, struct fx *fx)
{
	struct foldin f = { .s = s, .fx = fx };
	begin(&f, in);
	np_err e = foldbatch(&f, in->batch, b);
	return e < 0 || !fx ? e : fx->err;
}
