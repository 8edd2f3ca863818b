/* SPDX-License-Identifier: Apache-2.0 */
#include "core/vote.h"

static const char *const say_names[] = {
	[VOTE_NONE] = "none",
	[VOTE_OK] = "ok",
	[VOTE_FAIL] = "fail",
};
static_assert(NP_LEN(say_names) == VOTE_SAY_N, "name every vote");

static int64_t min64(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

int64_t vote_expires_us(const struct mon_def *d, const struct vote *v)
{
	if (v->heard_us == 0)
		return 0;
	return v->heard_us + d->interval_ms * 5 / 2 * NP_MS_US + d->timeout_ms * NP_MS_US;
}

bool vote_is_stale(const struct mon_def *d, const struct vote *v, int64_t at_us)
{
	return v->ended || (v->heard_us != 0 && at_us >= vote_expires_us(d, v));
}

bool vote_is_newer(const struct vote *v, int64_t slot_us, uint32_t attempt)
{
	if (v->status == RES_NONE)
		return true;
	return slot_us > v->slot_us || (slot_us == v->slot_us && attempt > v->attempt);
}

bool vote_is_asked(const struct mon_def *d, const struct vote *v, uint32_t attempt, int64_t at_us)
{
	int64_t window_us = (d->timeout_ms + d->retry_interval_ms) * NP_MS_US;
	return attempt > 0 && v->asked_us != 0 && at_us <= v->asked_us + window_us;
}

static void forget(struct vote *v)
{
	v->say = VOTE_NONE;
	v->fails = v->passes = 0;
	v->soft = false;
}

/* The attempt itself, whatever it says about the target. */
static void note_attempt(struct vote *v, const struct vote_attempt *a, int64_t at_us)
{
	int64_t late_us = at_us - (a->start_us + a->duration_us) - VOTE_LATE_US;
	v->slot_us = a->slot_us;
	v->attempt = a->attempt;
	v->status = (uint8_t)a->status;
	v->cls = (uint8_t)a->cls;
	v->code = a->code;
	v->start_us = min64(a->start_us, at_us); /* a fast clock does not reach into the future */
	v->duration_us = a->duration_us;
	v->heard_us = late_us > 0 ? at_us - late_us : at_us;
	v->ended = v->banned = v->slow_asked = false;
}

static void note_pass(const struct mon_def *d, struct vote *v)
{
	if (v->passes == 0)
		v->first_pass_us = v->start_us;
	if (v->passes < UINT32_MAX)
		v->passes++;
	v->fails = 0;
	v->soft = v->status == RES_DEGRADED;
	if (v->say != VOTE_FAIL || v->passes >= d->recover_after)
		v->say = VOTE_OK;
	if (v->say == VOTE_OK)
		v->said_fail = false;
}

static void note_fail(const struct mon_def *d, struct vote *v)
{
	if (v->fails == 0)
		v->first_fail_us = v->start_us;
	if (v->fails < UINT32_MAX)
		v->fails++;
	v->passes = 0;
	if (v->say == VOTE_FAIL || v->fails < d->fail_after)
		return;
	v->say = VOTE_FAIL;
	v->failed_us = v->start_us;
	v->said_fail |= !v->suspect; /* a word that never counted cannot hold anything back */
}

static enum vote_took took(const struct mon_def *d, const struct vote *v,
			   const struct vote_attempt *a)
{
	if (a->revision < d->revision)
		return VOTE_OLD_REVISION;
	if (a->slot_us > a->received_us + VOTE_AHEAD_US)
		return VOTE_AHEAD;
	return vote_is_newer(v, a->slot_us, a->attempt) ? VOTE_TOOK : VOTE_LATE;
}

struct vote_change vote_fold(const struct mon_def *d, struct vote *v, const struct vote_attempt *a,
			     int64_t at_us, int64_t fresh_us)
{
	bool stale = vote_is_stale(d, v, fresh_us);
	enum vote_say before = stale ? VOTE_NONE : (enum vote_say)v->say;
	struct vote_change ch = { .took = took(d, v, a), .before = before, .after = before };
	if (ch.took != VOTE_TOOK)
		return ch;
	ch.by_ask = v->slow_asked || vote_is_asked(d, v, a->attempt, at_us);
	if (stale)
		forget(v);
	note_attempt(v, a, at_us);
	if (res_is_pass(a->status))
		note_pass(d, v);
	else if (a->status == RES_FAIL)
		note_fail(d, v);
	else
		forget(v); /* unknown: the vote is cleared at once */
	ch.first_fail = v->fails == 1;
	ch.first_pass = v->passes == 1;
	ch.after = (enum vote_say)v->say;
	return ch;
}

void vote_silence(struct vote *v)
{
	v->ended = true;
}

void vote_ban(struct vote *v)
{
	v->banned = true;
	v->ended = true; /* the next attempt, of another checker, starts afresh */
}

void vote_clear(struct vote *v)
{
	*v = (struct vote){
		.suspect = v->suspect,
		.slot_us = v->slot_us,
		.attempt = v->attempt,
		.status = v->status,
		.asked_us = v->asked_us,
	};
}

void vote_shift(struct vote *v, int64_t from_us, int64_t to_us)
{
	if (v->heard_us != 0 && v->heard_us <= from_us && to_us > from_us)
		v->heard_us += to_us - from_us;
}

/* An extra right after a failing attempt would make "two in a row" of one moment. */
bool vote_may_ask(const struct mon_def *d, const struct vote *v, int64_t at_us)
{
	int64_t gap_us = d->retry_interval_ms * NP_MS_US;
	if (v->asked_us != 0 && at_us < v->asked_us + gap_us)
		return false;
	if (v->fails == 0 && v->attempt == 0)
		return true;
	return v->heard_us == 0 || at_us >= v->heard_us + gap_us;
}

const char *vote_say_name(enum vote_say s)
{
	return (size_t)s < VOTE_SAY_N ? say_names[s] : "none";
}
