/* SPDX-License-Identifier: Apache-2.0 */
#include "core/tpl.h"

#include "base/jsonw.h"
#include "base/str.h"

#define PIECE_MAX 8 /* the longest escape of one character: "&quot;" */
#define CUT "\xe2\x80\xa6"

void tpl_set(struct tpl_vars *vars, const char *name, np_str value)
{
	assert(vars->n < TPL_VARS_MAX);
	vars->v[vars->n++] = (struct tpl_var){ name, value };
}

np_str tpl_get(const struct tpl_vars *vars, np_str name)
{
	for (size_t i = 0; i < vars->n; i++)
		if (str_eq_c(name, vars->v[i].name))
			return vars->v[i].value;
	return (np_str){ 0 };
}

/* ---- markup ---------------------------------------------------------------- */

static np_str of_html(char c)
{
	switch (c) {
	case '&':
		return NP_STR("&amp;");
	case '<':
		return NP_STR("&lt;");
	case '>':
		return NP_STR("&gt;");
	case '"':
		return NP_STR("&quot;");
	case '\'':
		return NP_STR("&#39;");
	default:
		return (np_str){ 0 };
	}
}

static bool is_word(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/* `prev` is the byte before: "ops@example.org" stays, "@channel" becomes no mention. */
static np_str of_markdown(char c, char prev)
{
	static const char special[] = "\\`*_~|[]<>#";
	static const char escaped[] = "\\\\\\`\\*\\_\\~\\|\\[\\]\\<\\>\\#";
	if (c == '@' && !is_word(prev))
		return NP_STR("@\xe2\x80\x8b");
	const char *at = c != '\0' ? strchr(special, c) : NULL;
	return at != NULL ? (np_str){ escaped + 2 * (at - special), 2 } : (np_str){ 0 };
}

/* The escape of c, or nothing when it stands for itself. */
static np_str piece(enum tpl_markup markup, char c, char prev)
{
	switch (markup) {
	case TPL_HTML:
		return of_html(c);
	case TPL_HTML_BR:
		return c == '\n' ? NP_STR("<br>") : of_html(c);
	case TPL_MRKDWN:
		return c == '&' || c == '<' || c == '>' ? of_html(c) : (np_str){ 0 };
	case TPL_MARKDOWN:
		return of_markdown(c, prev);
	case TPL_CARD:
		return c == '\n' ? NP_STR("\n\n") : of_markdown(c, prev);
	case TPL_PLAIN:
	case TPL_MARKUP_N:
		break;
	}
	return (np_str){ 0 };
}

np_err tpl_escape(np_str s, enum tpl_markup markup, size_t max, struct buf *out)
{
	size_t start = out->n, fits = out->n; /* where a cut leaves room for "…" */
	for (size_t i = 0; i < s.n;) {
		uint32_t code = 0;
		np_str rest = str_sub(s, i, s.n);
		size_t n = str_utf8_next(rest, &code);
		np_str whole = n > 0 ? str_sub(rest, 0, n) : NP_STR("\xef\xbf\xbd");
		np_str instead =
			n == 1 ? piece(markup, s.p[i], i > 0 ? s.p[i - 1] : ' ') : (np_str){ 0 };
		np_str put = instead.n > 0 ? instead : whole;
		if (out->n - start + put.n > max) {
			out->n = fits;
			return buf_add_c(out, CUT);
		}
		np_err e = buf_add(out, put);
		if (e < 0)
			return e;
		if (out->n - start + sizeof CUT - 1 <= max)
			fits = out->n;
		i += n > 0 ? n : 1;
	}
	return NP_OK;
}

/* ---- format ---------------------------------------------------------------- */

static np_err add_json(np_str s, struct buf *out)
{
	NP_CLEANUP(buf_done) struct buf quoted;
	struct jsonw w;
	buf_init(&quoted, TPL_VALUE_MAX * 6);
	jsonw_init(&w, &quoted);
	jsonw_str(&w, s);
	np_err e = buf_failed(&quoted);
	return e < 0 ? e : buf_add(out, str_sub(buf_str(&quoted), 1, quoted.n - 1));
}

static np_err add_url(np_str s, struct buf *out)
{
	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];
		bool plain = is_word(s.p[i]) || c == '-' || c == '.' || c == '_' || c == '~';
		np_err e = plain ? buf_add_byte(out, s.p[i]) : buf_printf(out, "%%%02X", c);
		if (e < 0)
			return e;
	}
	return NP_OK;
}

static np_err add_header(np_str s, struct buf *out)
{
	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];
		np_err e = buf_add_byte(out, c < 0x20 || c == 0x7f ? ' ' : s.p[i]);
		if (e < 0)
			return e;
	}
	return NP_OK;
}

static np_err add_formatted(enum tpl_format format, np_str s, struct buf *out)
{
	switch (format) {
	case TPL_JSON:
		return add_json(s, out);
	case TPL_URL:
		return add_url(s, out);
	case TPL_HEADER:
		return add_header(s, out);
	case TPL_TEXT:
	case TPL_FORMAT_N:
		break;
	}
	return buf_add(out, s);
}

/* ---- templates ------------------------------------------------------------- */

/* "name", "name:120", "=name:120", "&name" */
static np_err add_value(np_str tag, const struct tpl_how *how, struct buf *out)
{
	bool raw = str_starts(tag, NP_STR("&")), plain = str_starts(tag, NP_STR("="));
	np_str name, limit;
	uint64_t max = TPL_VALUE_MAX;
	if (raw || plain)
		tag = str_sub(tag, 1, tag.n);
	if (str_cut(tag, ':', &name, &limit) && str_to_u64(limit, &max) < 0)
		return NP_E_INVAL;
	np_str value = tpl_get(how->vars, name);
	if (raw)
		return buf_add(out, value);
	NP_CLEANUP(buf_done) struct buf escaped;
	buf_init(&escaped, TPL_VALUE_MAX + PIECE_MAX);
	np_err e = tpl_escape(value, plain ? TPL_PLAIN : how->markup, max, &escaped);
	return e < 0 ? e : add_formatted(how->format, buf_str(&escaped), out);
}

static bool holds(np_str tag, const struct tpl_vars *vars)
{
	np_str name, wanted, value;
	bool is = str_cut(str_sub(tag, 1, tag.n), '=', &name, &wanted);
	value = tpl_get(vars, name);
	if (tag.p[0] == '!')
		return value.n == 0;
	return is ? str_eq(value, wanted) : value.n > 0;
}

struct walk {
	uint32_t depth, hidden; /* hidden: outermost level that is left out, from 1; 0: none */
};

static np_err one_tag(np_str tag, const struct tpl_how *how, struct walk *w, struct buf *out)
{
	if (tag.n == 0)
		return NP_E_INVAL;
	if (tag.p[0] == '/') {
		if (w->depth == 0)
			return NP_E_INVAL;
		if (w->hidden == w->depth)
			w->hidden = 0;
		w->depth--;
		return NP_OK;
	}
	if (tag.p[0] == '?' || tag.p[0] == '!') {
		if (++w->depth > TPL_DEPTH_MAX)
			return NP_E_INVAL;
		if (w->hidden == 0 && !holds(tag, how->vars))
			w->hidden = w->depth;
		return NP_OK;
	}
	return w->hidden ? NP_OK : add_value(tag, how, out);
}

np_err tpl_render(const char *tpl, const struct tpl_how *how, struct buf *out)
{
	np_str rest = str_from_c(tpl);
	struct walk w = { 0 };
	np_err e = NP_OK;
	while (e == NP_OK && rest.n > 0) {
		size_t at = str_find(rest, NP_STR("${"));
		size_t text = at == SIZE_MAX ? rest.n : at;
		if (!w.hidden)
			e = buf_add(out, str_sub(rest, 0, text));
		rest = str_sub(rest, text, rest.n);
		if (e < 0 || rest.n == 0)
			break;
		size_t end = str_find_byte(rest, '}');
		if (end == SIZE_MAX)
			return NP_E_INVAL;
		e = one_tag(str_sub(rest, 2, end), how, &w, out);
		rest = str_sub(rest, end + 1, rest.n);
	}
	return e == NP_OK && w.depth > 0 ? NP_E_INVAL : e;
}
