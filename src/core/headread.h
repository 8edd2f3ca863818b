/* SPDX-License-Identifier: Apache-2.0 */
/* headread.h - reads a heads file, as it comes in pieces, and holds each line to the one before.
 *
 * Floor 2 (core). Pure: pushed bytes, owns no file; any split of the input gives the same.
 * What is wrong with a line is told beside it, and reading goes on behind it, so that one
 * damaged line does not hide the next. Any thread.
 */
#pragma once
#include "core/heads.h"

enum headread_wrong {
	HEADREAD_FINE = 0,
	HEADREAD_NO_HEAD,  /* not a line of ours */
	HEADREAD_BROKEN,   /* its number or hash does not follow on the line before */
	HEADREAD_FORGED,   /* not signed by the key */
	HEADREAD_BACKWARD, /* signed before the line before it */
	HEADREAD_TORN,     /* the file ends within a line */
	HEADREAD_WRONG_N
};
struct headread_line {
	uint64_t at; /* number of the line in the file, from 1 */
	enum headread_wrong wrong;
	struct head head; /* all zero for HEADREAD_NO_HEAD and HEADREAD_TORN */
};

struct headread {
	const uint8_t *key; /* SIGN_PUBLIC_LEN bytes, borrowed */
	np_err (*line)(void *ctx, const struct headread_line *l); /* a failure stops the reading */
	void *ctx;
	/* ---- private ---- */
	char held[HEADS_LINE_MAX]; /* the beginning of a line */
	size_t held_n;
	bool too_long;
	uint64_t at, n;
	int64_t at_us;
	uint8_t prev[CHAIN_HASH_LEN];
};

/* The rest of *r is zero; key, line and ctx are set by the caller. */
NP_NODISCARD np_err headread_feed(struct headread *r, np_str bytes);
/* There is no more. */
NP_NODISCARD np_err headread_end(struct headread *r);
const char *headread_wrong_text(enum headread_wrong w);
