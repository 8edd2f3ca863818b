/* SPDX-License-Identifier: Apache-2.0 */
/* tpl.h - small text templates whose values cannot break out of their place.
 *
 * Floor 2 (core). `${name}` is escaped twice: for the markup that the reader of
 * the text interprets, then for the format that carries it. `${=name}` skips the
 * markup, `${&name}` both (only for what we made ourselves), `${name:120}` cuts
 * to 120 bytes between characters. `${?name}…${/}` stays when the value is not
 * empty, `${?name=x}` when it is x, `${!name}` when it is empty. Any thread.
 */
#pragma once
#include "base/buf.h"

/* What the reader interprets. */
enum tpl_markup {
	TPL_PLAIN,
	TPL_HTML,     /* line breaks stay */
	TPL_HTML_BR,  /* line breaks become <br> */
	TPL_MRKDWN,   /* Slack: & < > */
	TPL_MARKDOWN, /* backslashes; a mention is broken up */
	TPL_CARD,     /* the same, line breaks doubled: Adaptive Cards */
	TPL_MARKUP_N
};
/* What carries the text. */
enum tpl_format {
	TPL_TEXT,
	TPL_JSON,   /* inside a string's quotes */
	TPL_URL,    /* percent-encoded: path segments, queries, forms */
	TPL_HEADER, /* control bytes become blanks */
	TPL_FORMAT_N
};

struct tpl_var {
	const char *name;
	np_str value;
};
#define TPL_VARS_MAX 48
#define TPL_VALUE_MAX ((size_t)64 * 1024) /* of one value, escaped */
#define TPL_DEPTH_MAX 8
struct tpl_vars {
	struct tpl_var v[TPL_VARS_MAX];
	size_t n;
};
/* Asserts that there is room: the names are ours. */
void tpl_set(struct tpl_vars *vars, const char *name, np_str value);
/* Empty when it is not there. */
np_str tpl_get(const struct tpl_vars *vars, np_str name);

struct tpl_how {
	const struct tpl_vars *vars;
	enum tpl_markup markup;
	enum tpl_format format;
};
/* NP_E_INVAL: the template itself is wrong; NP_E_LIMIT: `out` is full. */
NP_NODISCARD np_err tpl_render(const char *tpl, const struct tpl_how *how, struct buf *out);
/* Escape one value for a markup: at most `max` bytes come out, never half of a character or of
 * an escape; what was cut ends in "…". */
NP_NODISCARD np_err tpl_escape(np_str s, enum tpl_markup markup, size_t max, struct buf *out);
