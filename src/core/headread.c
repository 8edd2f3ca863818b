/* SPDX-License-Identifier: Apache-2.0 */
#include "core/headread.h"

#include "base/str.h"

static const char *const wrong_text[] = {
	[HEADREAD_FINE] = "fine",
	[HEADREAD_NO_HEAD] = "is no signed head",
	[HEADREAD_BROKEN] = "does not follow on the line before it",
	[HEADREAD_FORGED] = "is not signed by this key",
	[HEADREAD_BACKWARD] = "is older than the line before it",
	[HEADREAD_TORN] = "is cut off",
};
static_assert(NP_LEN(wrong_text) == HEADREAD_WRONG_N, "a text for each");

const char *headread_wrong_text(enum headread_wrong w)
{
	assert((size_t)w < HEADREAD_WRONG_N);
	return wrong_text[w];
}

static enum headread_wrong judge(const struct headread *r, const struct head *h)
{
	if (h->n != r->n + 1 || memcmp(h->prev, r->prev, sizeof r->prev) != 0)
		return HEADREAD_BROKEN;
	if (heads_check(h, r->key) < 0)
		return HEADREAD_FORGED;
	return h->at_us < r->at_us ? HEADREAD_BACKWARD : HEADREAD_FINE;
}

static np_err take_line(struct headread *r)
{
	np_str text = { r->held, r->held_n };
	struct headread_line l = { .at = ++r->at };
	if (r->too_long || heads_parse(text, &l.head) < 0) {
		l.wrong = HEADREAD_NO_HEAD;
		/* what follows hangs on these bytes, whatever they are */
		r->n++;
	} else {
		l.wrong = judge(r, &l.head);
		r->n = l.head.n;
		r->at_us = l.head.at_us;
	}
	heads_hash(text, r->prev);
	r->held_n = 0;
	r->too_long = false;
	return r->line(r->ctx, &l);
}

np_err headread_feed(struct headread *r, np_str bytes)
{
	while (bytes.n > 0) {
		size_t end = str_find_byte(bytes, '\n');
		np_str piece = str_sub(bytes, 0, end == SIZE_MAX ? bytes.n : end);
		if (piece.n > sizeof r->held - r->held_n)
			r->too_long = true;
		else if (!r->too_long && piece.n > 0)
			memcpy(r->held + r->held_n, piece.p, piece.n);
		r->held_n = r->too_long ? 0 : r->held_n + piece.n;
		if (end == SIZE_MAX)
			return NP_OK;
		bytes = str_sub(bytes, end + 1, bytes.n);
		np_err e = take_line(r);
		if (e < 0)
			return e;
	}
	return NP_OK;
}

np_err headread_end(struct headread *r)
{
	if (r->held_n == 0 && !r->too_long)
		return NP_OK;
	return r->line(r->ctx, &(struct headread_line){ .at = ++r->at, .wrong = HEADREAD_TORN });
}
