/* SPDX-License-Identifier: Apache-2.0 */
/* A heads file: any split reads the same, what reads as a line is that very line, and nothing is
 * called fine that the key did not sign. */
#include <stdlib.h>

#include "base/str.h"
#include "core/headread.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct sums {
	uint64_t lines, wrong, fine;
};

static np_err on_line(void *ctx, const struct headread_line *l)
{
	struct sums *s = ctx;
	char text[HEADS_LINE_MAX];
	struct head again;
	s->lines++;
	s->wrong += (uint64_t)l->wrong * s->lines;
	s->fine += l->wrong == HEADREAD_FINE;
	if (l->wrong == HEADREAD_NO_HEAD || l->wrong == HEADREAD_TORN)
		return NP_OK;
	size_t n = heads_line(&l->head, text);
	if (heads_parse((np_str){ text, n }, &again) < 0)
		abort();
	return NP_OK;
}

static struct sums sums_of(np_str text, size_t piece)
{
	static const uint8_t key[SIGN_PUBLIC_LEN] = { 1 };
	struct sums s = { 0 };
	struct headread r = { .key = key, .line = on_line, .ctx = &s };
	for (size_t at = 0; at < text.n; at += piece)
		if (headread_feed(&r, str_sub(text, at, at + piece)) < 0)
			abort();
	if (headread_end(&r) < 0)
		abort();
	return s;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	np_str text = { (const char *)data, size };
	struct sums whole = sums_of(text, size + 1), cut = sums_of(text, 1 + size % 7);
	if (whole.lines != cut.lines || whole.wrong != cut.wrong || whole.fine != 0)
		abort();
	return 0;
}
