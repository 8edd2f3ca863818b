/* SPDX-License-Identifier: Apache-2.0 */
/* What the folder does without being told: timers, silence, memberships, the end of holds. */
#include "base/clock.h"
#include "base/log.h"
#include "base/str.h"
#include "engine/folderin.h"
#include "engine/overlay.h"
#include "engine/tally.h"

#define TIMERS_AT_ONCE 1000
#define SILENT_AT_ONCE 64
#define SECOND_MS 1000
#define SEEN_MS 500
#define PLAN_MS 200
#define TALLY_MS (2 * NP_SEC_MS)

/* false: the shard's memory is gone. */
static bool fold_one(struct folder *f, struct slot *slot, Np__I1__Input *in, const char *key)
{
	return folder_fold(f, &(struct fold_what){ .slot = slot, .input = in, .key = key });
}

static bool fold_timer(struct folder *f, struct slot *slot, Np__I1__TimerInput *timer,
		       const char *key)
{
	Np__I1__Input in = NP__I1__INPUT__INIT;
	in.kind_case = NP__I1__INPUT__KIND_TIMER;
	in.timer = timer;
	return fold_one(f, slot, &in, key);
}

/* ---- timers ---- */

static bool fire(struct folder *f, struct slot *slot, struct mon *m, enum tmr_kind kind)
{
	char key[GROUP_KEY_MAX];
	Np__I1__TimerInput timer = NP__I1__TIMER_INPUT__INIT;
	const struct tmr *t = &m->st.inc.timers.of[kind];
	timer.monitor = m->no;
	timer.kind = kind;
	timer.generation = t->generation;
	timer.due_us = t->due_us;
	(void)snprintf(key, sizeof key, "t:%llx:%x:%x", (unsigned long long)m->no, (unsigned)kind,
		       t->generation);
	if (folder_is_poison(f, key)) /* until another event moves the monitor's timers */
		return timers_set(&slot->s->timers, &m->timer, 0) == NP_OK;
	metric_add(f->m.timers, 1);
	metric_observe_us(f->m.timer_lag_us, clock_wall_us() - t->due_us);
	return fold_timer(f, slot, &timer, key);
}

void folderduty_timers(struct folder *f, struct slot *slot, int64_t until_us)
{
	for (size_t n = 0; n < TIMERS_AT_ONCE && slot_is_live(slot) && folder_has_room(f); n++) {
		enum tmr_kind kind;
		int64_t due_us;
		struct mon *m = shard_next_timer(slot->s, &kind, &due_us);
		if (!m || due_us > until_us || !fire(f, slot, m, kind))
			return;
	}
}

/* ---- our own absence ---- */

static bool is_caught_up(const struct shard *s, const struct presence_one *one)
{
	return one->oldest_ms == 0 ||
	       one->heard_us - (int64_t)one->oldest_ms * NP_MS_US >= s->hold.at_us;
}

/* Of those in line, who has nothing older to send by this shard's hold, and is not known for it:
 * one input, however many they are, since each looks at every held monitor. */
static void tell_heard(struct folder *f, struct slot *slot)
{
	const struct shard *s = slot->s;
	Np__I1__Heard h[FOLDER_HEARD_MAX], *list[FOLDER_HEARD_MAX];
	Np__I1__HeardInput heard = NP__I1__HEARD_INPUT__INIT;
	Np__I1__Input in = NP__I1__INPUT__INIT;
	heard.heard = list;
	for (size_t i = 0; i < f->heard_n; i++) {
		const struct presence_one *one = f->heard[i];
		if (one->heard_us < s->hold.at_us || !is_caught_up(s, one) ||
		    shard_is_caught_up(s, one->checker))
			continue;
		Np__I1__Heard *x = list[heard.n_heard] = &h[heard.n_heard];
		heard.n_heard++;
		np__i1__heard__init(x);
		x->checker = one->checker;
		x->region = one->region;
		x->heard_us = one->heard_us;
		x->oldest_ms = one->oldest_ms;
	}
	if (heard.n_heard == 0)
		return;
	in.kind_case = NP__I1__INPUT__KIND_HEARD;
	in.heard = &heard;
	fold_one(f, slot, &in, "h");
}

static void tell_all_heard(struct folder *f)
{
	for (size_t i = 0; i < NP_SHARDS && f->heard_n > 0; i++)
		if (slot_is_live(&f->slot[i]) && f->slot[i].s->hold.on)
			tell_heard(f, &f->slot[i]);
	for (size_t i = 0; i < f->heard_n; i++)
		f->heard[i]->in_line = false;
	f->heard_n = 0;
}

static bool is_waited_for(const struct folder *f, const struct presence_one *one)
{
	for (size_t i = 0; i < NP_SHARDS; i++)
		if (slot_is_live(&f->slot[i]) && f->slot[i].s->hold.on &&
		    !shard_is_caught_up(f->slot[i].s, one->checker))
			return true;
	return false;
}

void folderduty_heard(struct folder *f, struct presence_one *one)
{
	if (one->in_line || !is_waited_for(f, one))
		return;
	one->in_line = true;
	f->heard[f->heard_n++] = one;
	if (f->heard_n == FOLDER_HEARD_MAX)
		tell_all_heard(f);
}

/* The backlog is through; or it has been waited for long enough. */
static void end_hold(struct folder *f, struct slot *slot)
{
	const struct shard_hold *hold = &slot->s->hold;
	if (!hold->on)
		return;
	if (clock_wall_us() - hold->at_us >= MST_HOLD_MAX_US) {
		Np__I1__TimerInput timer = NP__I1__TIMER_INPUT__INIT;
		timer.kind = SHARD_TIMER_HOLD;
		fold_timer(f, slot, &timer, "hold");
		return;
	}
	if (hold->folded || !slot->drained)
		return;
	Np__I1__ResumeInput resume = NP__I1__RESUME_INPUT__INIT;
	Np__I1__Input in = NP__I1__INPUT__INIT;
	resume.since_us = hold->since_us;
	resume.until_us = clock_wall_us();
	in.kind_case = NP__I1__INPUT__KIND_RESUME;
	in.resume = &resume;
	fold_one(f, slot, &in, "resume");
}

/* ---- silence ---- */

static void fall_silent(struct folder *f, const struct presence_one *one)
{
	for (size_t i = 0; i < NP_SHARDS; i++) {
		if (!slot_is_live(&f->slot[i]))
			continue;
		Np__I1__TimerInput timer = NP__I1__TIMER_INPUT__INIT;
		timer.kind = SHARD_TIMER_SILENT;
		timer.monitor = one->checker;
		timer.region = one->region;
		timer.due_us = one->heard_us + PRESENCE_SILENT_US;
		fold_timer(f, &f->slot[i], &timer, "silent");
	}
	np_log(NP_INFO, "checker.silent", KV_U64("checker", one->checker),
	       KV_U64("region", one->region));
}

static void watch_silence(struct folder *f)
{
	const struct presence_one *silent[SILENT_AT_ONCE];
	size_t n = presence_silent(f->presence, clock_wall_us(), silent, NP_LEN(silent));
	for (size_t i = 0; i < n; i++)
		fall_silent(f, silent[i]);
}

/* ---- who serves which region: the business of whoever owns shard 0 ---- */

static np_str members_text(struct fx *fx, const Np__I1__MembershipInput *m)
{
	struct buf text;
	buf_init(&text, FX_TEXT_MAX * 8);
	for (size_t i = 0; i < m->n_members; i++)
		(void)buf_printf(&text, "%c%llu", i ? ',' : '{', (unsigned long long)m->members[i]);
	(void)buf_add_c(&text, m->n_members ? "}" : "{}");
	np_str own = fx_copy(fx, buf_str(&text));
	if (buf_failed(&text) < 0)
		fx->err = NP_E_LIMIT;
	buf_done(&text);
	return own;
}

static void store_membership(struct fx *fx, const Np__I1__MembershipInput *m)
{
	struct fx_membership *row = fx_alloc(fx, sizeof *row);
	struct fx_audit *audit = fx_alloc(fx, sizeof *audit);
	if (!row || !audit)
		return;
	row->org = m->org;
	row->number = m->number;
	row->region = m->region;
	row->from_us = m->from_us;
	row->members = members_text(fx, m);
	fx_push(&fx->memberships, &row->row);
	audit->org = m->org;
	audit->at_us = m->from_us;
	audit->act = "region.members";
	(void)buf_printf(&fx->text, "%u", m->region);
	audit->subject = fx_take_text(fx);
	(void)buf_printf(&fx->text, "{\"number\":%llu,\"members\":%zu}",
			 (unsigned long long)m->number, m->n_members);
	audit->after = fx_take_text(fx);
	fx_push(&fx->audits, &audit->row);
}

static void announce(void *ctx, const Np__I1__MembershipInput *m)
{
	struct folder *f = ctx;
	struct slot *slot = &f->slot[0];
	if (!slot_is_live(slot) || !foldermsg_members(f, slot, m))
		return;
	store_membership(f->open->fx, m);
	np_log(NP_INFO, "region.members", KV_U64("region", m->region), KV_U64("number", m->number),
	       KV_U64("members", m->n_members));
}

static void plan_members(struct folder *f)
{
	struct slot *slot = &f->slot[0];
	/* While held, who is silent only because we were away is not known yet. */
	if (!slot_is_live(slot) || !folder_has_room(f) || !presence_take_change(f->presence))
		return;
	struct presence_plan plan = {
		.now = slot->s->members, .now_us = clock_wall_us(), .fn = announce, .ctx = f
	};
	if (presence_plan(f->presence, &plan) < 0)
		np_log_event(NP_WARN, "region.members_not_planned");
}

static void write_seen(struct folder *f)
{
	struct msg *m =
		slot_is_live(&f->slot[0]) ? presence_seen(f->presence, clock_wall_us()) : NULL;
	if (m && mbox_len(f->cfg.keeper) < 64)
		(void)msg_send(f->cfg.keeper, m);
	else
		msg_free(m);
}

/* ---- what the regions say beside each other ---- */

static bool add_tally(struct msg *m, uint32_t shard, const struct tally *t)
{
	for (size_t i = 0; i < t->n; i++) {
		struct msg_tally *row = msg_grow(m, sizeof *row);
		if (!row)
			return false;
		*row = (struct msg_tally){ .shard = shard,
					   .region = t->of[i].region,
					   .checked = t->of[i].count.checked,
					   .odd = t->of[i].count.odd };
	}
	return true;
}

static void write_tally(struct folder *f)
{
	struct tally t;
	struct msg *m = msg_new(MSG_TALLY);
	bool ok = m;
	for (uint32_t i = 0; ok && i < NP_SHARDS; i++) {
		if (!slot_is_live(&f->slot[i]))
			continue;
		tally_count(f->slot[i].s, clock_wall_us(), &t);
		ok = add_tally(m, i, &t);
	}
	if (ok && m->n > 0 && mbox_len(f->cfg.keeper) < 64)
		(void)msg_send(f->cfg.keeper, m);
	else
		msg_free(m);
}

/* ---- windows, parents, suspicion ---- */

/* A shard a turn: every monitor is looked at, and results wait meanwhile. */
static void compare_one(struct folder *f)
{
	for (uint32_t i = 0; i < NP_SHARDS; i++) {
		if (!(f->compare >> i & 1))
			continue;
		f->compare &= ~(UINT32_C(1) << i);
		overlay_turn(f, &f->slot[i]);
		return;
	}
}

/* ---- all of it ---- */

void folderduty_turn(struct folder *f)
{
	int64_t now_ms = clock_mono_ms(), now_us = clock_wall_us();
	tell_all_heard(f);
	for (size_t i = 0; i < NP_SHARDS; i++) {
		struct slot *slot = &f->slot[i];
		if (!slot_is_live(slot))
			continue;
		end_hold(f, slot);
		if (slot_is_live(slot) && slot->drained)
			folderduty_timers(f, slot, now_us);
	}
	if (now_ms >= f->second_ms) {
		f->second_ms = now_ms + SECOND_MS;
		watch_silence(f);
		overlay_tick(f->overlay, now_us);
		f->compare = UINT32_MAX >> (32 - NP_SHARDS);
		metric_set(f->m.checkers, (int64_t)presence_len(f->presence));
	}
	compare_one(f);
	if (now_ms >= f->plan_ms) {
		f->plan_ms = now_ms + PLAN_MS;
		plan_members(f);
	}
	if (now_ms >= f->tally_ms) {
		f->tally_ms = now_ms + TALLY_MS;
		write_tally(f);
	}
	if (now_ms >= f->seen_ms) {
		f->seen_ms = now_ms + SEEN_MS;
		write_seen(f);
	}
}
