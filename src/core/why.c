/* SPDX-License-Identifier: Apache-2.0 */
#include "core/why.h"

#include "core/evwords.h"

#define WHY_SENTENCE_MAX 8192

static const char *const code_names[] = {
	[WHY_PENDING] = "pending",
	[WHY_UP] = "up",
	[WHY_PARTIAL] = "partial",
	[WHY_DEGRADED] = "degraded",
	[WHY_WAITING] = "waiting",
	[WHY_LOOKING] = "looking",
	[WHY_ALERTED] = "alerted",
	[WHY_RECOVERING] = "recovering",
	[WHY_ACKNOWLEDGED] = "acknowledged",
	[WHY_BY_HAND] = "by_hand",
	[WHY_STALE] = "stale",
	[WHY_NODATA] = "nodata",
	[WHY_PAUSED] = "paused",
	[WHY_DELETED] = "deleted",
	[WHY_MAINTENANCE] = "maintenance",
	[WHY_SUPPRESSED] = "suppressed",
	[WHY_FLAPPING] = "flapping",
	[WHY_QUIET] = "quiet_hours",
};
static_assert(NP_LEN(code_names) == WHY_CODE_N, "name every code");

const char *why_code_name(enum why_code c)
{
	return (size_t)c < WHY_CODE_N ? code_names[c] : "none";
}

/* ---- the situation ---- */

static enum why_code down_code(const struct inc *i)
{
	if (i->by_hand)
		return WHY_BY_HAND;
	if (!i->told && i->maintenance)
		return WHY_MAINTENANCE;
	if (!i->told && i->suppressed)
		return WHY_SUPPRESSED;
	if (!i->told && i->quiet)
		return WHY_QUIET;
	if (i->verdict == VD_NODATA)
		return WHY_STALE;
	return i->acked ? WHY_ACKNOWLEDGED : WHY_ALERTED;
}

static enum why_code up_code(const struct vd_evidence *e)
{
	if (e->f > 0)
		return WHY_PARTIAL;
	return e->degraded ? WHY_DEGRADED : WHY_UP;
}

static enum why_code code_of(const struct inc *i, const struct vd_evidence *e)
{
	switch ((enum step_state)i->state) {
	case STEP_PENDING:
		return WHY_PENDING;
	case STEP_UP:
		return up_code(e);
	case STEP_SUSPECT:
		return look_is_on(&i->look) ? WHY_LOOKING : WHY_WAITING;
	case STEP_DOWN:
		return down_code(i);
	case STEP_RECOVERING:
		return i->flapping ? WHY_FLAPPING : WHY_RECOVERING;
	case STEP_NODATA:
		return WHY_NODATA;
	case STEP_PAUSED:
	case STEP_STATE_N:
		break;
	}
	return i->deleted ? WHY_DELETED : WHY_PAUSED;
}

static int64_t held_until(const struct inc *i, enum step_hold hold)
{
	if (hold == STEP_HOLD_MAINTENANCE)
		return i->maintenance_until_us;
	if (hold == STEP_HOLD_FLAPPING)
		return i->timers.of[TMR_FLAP_OFF].due_us;
	return hold == STEP_HOLD_QUIET ? i->quiet_until_us : 0;
}

/* What is due next in this situation. */
static int64_t next_of(const struct mon_def *def, const struct inc *i, enum why_code code)
{
	static const struct {
		bool has;
		enum tmr_kind timer;
	} rows[WHY_CODE_N] = {
		[WHY_WAITING] = { true, TMR_CONFIRM },    [WHY_RECOVERING] = { true, TMR_RECOVER },
		[WHY_ALERTED] = { true, TMR_REMINDER },   [WHY_BY_HAND] = { true, TMR_REOPEN },
		[WHY_STALE] = { true, TMR_REMINDER },     [WHY_FLAPPING] = { true, TMR_FLAP_OFF },
		[WHY_SUPPRESSED] = { true, TMR_RELEASE }, [WHY_PENDING] = { true, TMR_NODATA },
	};
	if (code == WHY_LOOKING)
		return i->look.asked_us + def->timeout_ms * NP_MS_US + LOOK_GRACE_US;
	if (code == WHY_ACKNOWLEDGED)
		return i->acked_us + INC_LAPSE_US;
	if (code == WHY_MAINTENANCE || code == WHY_QUIET)
		return held_until(i, code == WHY_QUIET ? STEP_HOLD_QUIET : STEP_HOLD_MAINTENANCE);
	return rows[code].has ? i->timers.of[rows[code].timer].due_us : 0;
}

static int64_t since_of(const struct inc *i, enum why_code code)
{
	if (code == WHY_BY_HAND)
		return i->by_hand_us;
	if (code == WHY_RECOVERING || code == WHY_FLAPPING)
		return i->up_us;
	if (code == WHY_NODATA)
		return i->verdict_us;
	if (code == WHY_WAITING || code == WHY_LOOKING)
		return i->quorum_us;
	return i->open ? i->opened_us : i->since_us;
}

void why_of(const struct mon_def *def, const struct mst *st, const struct why_facts *f,
	    struct why *ret)
{
	const struct inc *i = &st->inc;
	*ret = (struct why){ 0 };
	mst_evidence(def, st, f->now_us, &ret->evidence);
	const struct vd_evidence *e = &ret->evidence;
	ret->code = code_of(i, e);
	ret->no_channel = f->channels_known && f->channels == 0;
	ret->alert = i->open && i->told && !ret->no_channel;
	ret->channels_dead =
		f->channels_known && f->channels > 0 && f->channels_dead >= f->channels;
	ret->unreachable = e->unreachable;
	ret->rules_changed = i->rules_us > 0 && st->revision > 1 &&
			     f->now_us - i->rules_us < def->interval_ms * NP_MS_US;
	ret->no_second_opinion = e->n == 1;
	ret->hold =
		!i->open ? STEP_HOLD_NONE : inc_hold(i, i->told ? STEP_N_REMINDER : STEP_N_OPENED);
	ret->held_until_us = held_until(i, ret->hold);
	ret->since_us = since_of(i, ret->code);
	ret->next_us = next_of(def, i, ret->code);
	ret->acked_us = i->acked ? i->acked_us : 0;
	ret->incident = i->open ? i->ordinal : 0;
}

/* ---- words ---- */

/* " since 12:01:07 UTC", or nothing. */
static void add_when(struct buf *out, const char *word, const struct why *w, int64_t us)
{
	evw_when(out, word, us, w->evidence.at_us);
}

/* "1 of 3 regions fails" */
static void add_fails(struct buf *out, const struct vd_evidence *e, const char *noun)
{
	buf_printf(out, "%u of %u%s %s", e->f, e->n, noun, e->f == 1 ? "fails" : "fail");
}

static void add_speak(struct buf *out, const struct vd_evidence *e)
{
	if (e->n == 0)
		buf_add_c(out, "no region watches it");
	else if (e->unreachable)
		buf_printf(out, "needs %u, only %u can speak", e->q, e->e);
	else
		buf_printf(out, "only %u of %u regions can speak", e->e, e->n);
}

static void add_acked_by(struct buf *out, const struct why *w, const struct why_facts *f)
{
	buf_add_c(out, "acknowledged");
	if (f->acked_by.n > 0)
		buf_printf(out, " by %.*s", NP_FMT(f->acked_by));
	add_when(out, "at", w, w->acked_us);
}

static void head_down(const struct why *w, struct buf *out)
{
	const struct vd_evidence *e = &w->evidence;
	buf_add_c(out, w->alert ? "Alert sent, down" : "Down");
	add_when(out, "since", w, w->since_us);
	buf_add_c(out, ": ");
	add_fails(out, e, e->n == 1 ? " region" : " regions");
	buf_printf(out, " (needs %u)", e->q);
}

static const char *say_ok(const struct vd_evidence *e)
{
	if (e->n == 1)
		return "region says";
	return e->k == 1 ? "regions says" : "regions say";
}

static void head_ok(const struct why *w, struct buf *out)
{
	const struct vd_evidence *e = &w->evidence;
	if (e->k < 1)
		buf_add_c(out, "No alert: nothing fails");
	else
		buf_printf(out, "No alert: %u of %u %s OK", e->k, e->n, say_ok(e));
}

static void head_wait(const struct why *w, struct buf *out)
{
	add_fails(out, &w->evidence, "");
	if (w->code == WHY_LOOKING) {
		buf_add_c(out, "; every region looks once more before an alert");
		return;
	}
	buf_add_c(out, "; alert");
	add_when(out, "at", w, w->next_us);
	buf_add_c(out, " unless it recovers");
}

static void head_recovering(const struct why *w, struct buf *out)
{
	const struct vd_evidence *e = &w->evidence;
	buf_add_c(out, "Recovering");
	add_when(out, "since", w, w->since_us);
	buf_printf(out, ": %u of %u OK; ", e->k, e->n);
	buf_add_c(out, w->code == WHY_FLAPPING ? "kept open because it is flapping" : "resolved");
	if (w->code != WHY_FLAPPING)
		add_when(out, "at", w, w->next_us);
	buf_add_c(out, w->code == WHY_FLAPPING ? "" : " unless it fails again");
}

static void head_held(const struct why *w, const char *why, struct buf *out)
{
	buf_add_c(out, "Down");
	add_when(out, "since", w, w->since_us);
	buf_printf(out, ", alert held: %s", why);
	add_when(out, "until", w, w->held_until_us);
}

static void head_by_hand(const struct why *w, struct buf *out)
{
	buf_add_c(out, "Resolved by hand");
	add_when(out, "at", w, w->since_us);
	buf_add_c(out, " while still failing; reopens");
	add_when(out, "at", w, w->next_us);
	buf_add_c(out, " unless it recovers");
}

static void head_acked(const struct why *w, const struct why_facts *f, struct buf *out)
{
	head_down(w, out);
	buf_add_c(out, ". Reminders held: ");
	add_acked_by(out, w, f);
}

static void head_stale(const struct why *w, const struct why_facts *f, struct buf *out)
{
	buf_add_c(out, w->alert ? "Alert sent, down" : "Down");
	add_when(out, "since", w, w->since_us);
	buf_add_c(out, ", and no data now: ");
	add_speak(out, &w->evidence);
	if (w->acked_us > 0) {
		buf_add_c(out, ". Reminders held: ");
		add_acked_by(out, w, f);
	}
}

static void head_no_data(const struct why *w, struct buf *out)
{
	buf_add_c(out, "No data");
	add_when(out, "since", w, w->since_us);
	buf_add_c(out, ": ");
	add_speak(out, &w->evidence);
}

static void head_partial(const struct why *w, struct buf *out)
{
	buf_add_c(out, "No alert: ");
	add_fails(out, &w->evidence, w->evidence.n == 1 ? " region" : " regions");
	buf_printf(out, " (needs %u)", w->evidence.q);
}

static void head_paused(const struct why *w, struct buf *out)
{
	buf_add_c(out, w->code == WHY_DELETED ? "Deleted" : "Paused");
	add_when(out, "since", w, w->since_us);
	buf_add_c(out, ": no checks, no alerts");
}

static void add_head(const struct why *w, const struct why_facts *f, struct buf *out)
{
	switch (w->code) {
	case WHY_PENDING:
		buf_add_c(out, "No alert: waiting for the first results");
		break;
	case WHY_UP:
		head_ok(w, out);
		break;
	case WHY_PARTIAL:
		head_partial(w, out);
		break;
	case WHY_DEGRADED:
		head_ok(w, out);
		buf_add_c(out, ", but slower or poorer than wanted");
		break;
	case WHY_WAITING:
	case WHY_LOOKING:
		head_wait(w, out);
		break;
	case WHY_ALERTED:
		head_down(w, out);
		break;
	case WHY_RECOVERING:
	case WHY_FLAPPING:
		head_recovering(w, out);
		break;
	case WHY_ACKNOWLEDGED:
		head_acked(w, f, out);
		break;
	case WHY_BY_HAND:
		head_by_hand(w, out);
		break;
	case WHY_STALE:
		head_stale(w, f, out);
		break;
	case WHY_NODATA:
		head_no_data(w, out);
		break;
	case WHY_MAINTENANCE:
		head_held(w, "maintenance", out);
		break;
	case WHY_SUPPRESSED:
		head_held(w, "what it depends on is down", out);
		break;
	case WHY_QUIET:
		head_held(w, "quiet hours", out);
		break;
	case WHY_PAUSED:
	case WHY_DELETED:
	case WHY_CODE_N:
		head_paused(w, out);
		break;
	}
	buf_add_byte(out, '.');
}

/* What is told already may still be kept from being repeated. */
static void add_reminder_hold(const struct why *w, struct buf *out)
{
	static const char *const words[STEP_HOLD_N] = {
		[STEP_HOLD_MAINTENANCE] = "maintenance",
		[STEP_HOLD_SUPPRESSED] = "what it depends on is down",
		[STEP_HOLD_FLAPPING] = "it is flapping",
		[STEP_HOLD_QUIET] = "quiet hours",
	};
	if (!w->alert || words[w->hold] == NULL)
		return;
	buf_printf(out, " Reminders held: %s", words[w->hold]);
	add_when(out, "until", w, w->held_until_us);
	buf_add_byte(out, '.');
}

/* Some channels are not what they should be. */
static void add_delivery(const struct why_facts *f, struct buf *out)
{
	if (f->channels_known && f->channels_dead > 0)
		buf_printf(out, " Delivery to %u of %u channels is dead.", f->channels_dead,
			   f->channels);
	if (f->channels_known && f->channels_unsure > 0)
		buf_printf(out, " Whether %u of %u channels got it is uncertain.",
			   f->channels_unsure, f->channels);
	if (f->channels_known && f->channels_digest > 0)
		buf_printf(out, " %u of %u channels %s it in a digest.", f->channels_digest,
			   f->channels, f->channels_digest == 1 ? "hears" : "hear");
}

static void add_tail(const struct why *w, const struct why_facts *f, struct buf *out)
{
	bool troubled = w->alert || w->code == WHY_WAITING || w->code == WHY_LOOKING;
	if (w->unreachable && w->code != WHY_NODATA && w->code != WHY_STALE)
		buf_printf(out, " The quorum needs %u, only %u can speak.", w->evidence.q,
			   w->evidence.e);
	if (troubled && w->no_second_opinion)
		buf_add_c(out, " One region watches: there is no second opinion.");
	add_reminder_hold(w, out);
	if (w->no_channel)
		buf_add_c(out, " No channel is attached: nobody is told.");
	else if (w->channels_dead)
		buf_add_c(out, " Delivery to every channel is dead.");
	else
		add_delivery(f, out);
	if (!f->kept && (f->rules_changed || w->rules_changed))
		buf_add_c(out, " The rules just changed.");
}

static bool is_off(const struct why *w)
{
	return w->code == WHY_PAUSED || w->code == WHY_DELETED;
}

void why_sentence(const struct why *w, const struct why_facts *f, struct buf *out)
{
	add_head(w, f, out);
	if (!is_off(w))
		evw_regions(&w->evidence, f->region_name, f->kept, out);
	add_tail(w, f, out);
}

void why_json(const struct why *w, const struct why_facts *f, struct jsonw *out)
{
	NP_CLEANUP(buf_done) struct buf text;
	buf_init(&text, WHY_SENTENCE_MAX);
	why_sentence(w, f, &text);
	jsonw_obj(out);
	jsonw_kc(out, "code", why_code_name(w->code));
	jsonw_kstr(out, "sentence", buf_str(&text));
	jsonw_kbool(out, "alert", w->alert);
	jsonw_kc(out, "hold", w->hold == STEP_HOLD_NONE ? NULL : step_hold_name(w->hold));
	jsonw_ktime(out, "held_until", w->held_until_us);
	jsonw_ktime(out, "since", w->since_us);
	jsonw_ktime(out, "next", w->next_us);
	jsonw_ktime(out, "acknowledged_at", w->acked_us);
	jsonw_kbool(out, "no_channel", w->no_channel);
	jsonw_kbool(out, "channels_dead", w->channels_dead);
	jsonw_kbool(out, "rules_changed", w->rules_changed);
	jsonw_kbool(out, "no_second_opinion", w->no_second_opinion);
	jsonw_key(out, "evidence");
	evw_json(&w->evidence, f->region_name, out);
	jsonw_obj_end(out);
}

void why_evidence_sentence(const struct vd_evidence *e, const struct why_facts *f, struct buf *out)
{
	if (e->verdict == VD_NODATA) {
		buf_add_c(out, "No data: ");
		add_speak(out, e);
	} else if (e->f == 0) {
		buf_printf(out, "%u of %u %s OK", e->k, e->n, say_ok(e));
	} else {
		add_fails(out, e, e->n == 1 ? " region" : " regions");
		buf_printf(out, " (needs %u)", e->q);
	}
	buf_add_byte(out, '.');
	evw_regions(e, f->region_name, f->kept, out);
}

void why_evidence_json(const struct vd_evidence *e, const struct why_facts *f, struct jsonw *out)
{
	evw_json(e, f->region_name, out);
}
