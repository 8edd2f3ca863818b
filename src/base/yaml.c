/* SPDX-License-Identifier: Apache-2.0 */
#include "base/yaml.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <yaml.h>

#include "base/str.h"

/* Where a node stands: its parent's place, its key or index there, its line. */
struct place {
	uint32_t parent;
	uint32_t line;
	size_t key_at; /* offset into keys */
	size_t key_n;
};

struct yaml_doc {
	json_t *root;
	struct place *places; /* [0] is the root */
	size_t n, cap;
	struct buf keys; /* all keys in one text */
};

/* A list or mapping that is not at its end yet. */
struct level {
	json_t *node; /* borrowed from its parent, or the root */
	uint32_t place;
	np_str key;     /* mapping: the key whose value comes next; {NULL,0}: a key comes next */
	char *key_text; /* owns what key points to */
};

struct parse {
	struct yaml_doc *doc;
	struct buf *why;
	struct level levels[YAML_DEPTH_MAX];
	size_t depth;
	uint32_t line; /* of the event in hand */
};

void yaml_free(struct yaml_doc *d)
{
	if (!d)
		return;
	json_decref(d->root);
	free(d->places);
	buf_done(&d->keys);
	free(d);
}

void yaml_free_p(struct yaml_doc **d)
{
	yaml_free(np_take(*d));
}

json_t *yaml_root(const struct yaml_doc *d)
{
	return d->root;
}

static np_err refuse(struct parse *p, np_err e, const char *what)
{
	(void)buf_printf(p->why, "line %u: %s", (unsigned int)p->line, what);
	return e;
}

/* ---- scalars -------------------------------------------------------------------- */

static bool is_one_of(np_str s, const char *const *words)
{
	for (; *words; words++)
		if (str_eq_c(s, *words))
			return true;
	return false;
}

/* 0x1f, 0o17: the other bases of the core schema. false: not of that form. */
static bool based_int(np_str s, uint64_t *ret, bool *ret_fits)
{
	unsigned int bits = str_starts(s, NP_STR("0x")) ? 4 : str_starts(s, NP_STR("0o")) ? 3 : 0;
	if (bits == 0 || s.n == 2)
		return false;
	*ret = 0;
	*ret_fits = true;
	for (size_t i = 2; i < s.n; i++) {
		char c = s.p[i];
		unsigned int digit = c >= '0' && c <= '9'   ? (unsigned int)(c - '0')
				     : c >= 'a' && c <= 'f' ? (unsigned int)(c - 'a') + 10
				     : c >= 'A' && c <= 'F' ? (unsigned int)(c - 'A') + 10
							    : 99;
		if (digit >= 1U << bits)
			return false;
		*ret_fits = *ret_fits && *ret >> (63 - bits) == 0;
		*ret = *ret << bits | digit;
	}
	return true;
}

/* Decimal forms that YAML takes and JSON does not: "+1", ".5", "1.", "+.5e3". */
static np_err decimal(np_str s, double *ret)
{
	char text[96];
	size_t n = 0;
	if (s.n > 0 && s.p[0] == '+') {
		s = str_sub(s, 1, s.n);
		if (s.n > 0 && s.p[0] == '-')
			return NP_E_INVAL;
	} else if (s.n > 0 && s.p[0] == '-') {
		text[n++] = '-';
		s = str_sub(s, 1, s.n);
	}
	size_t dot = str_find_byte(s, '.');
	size_t mark = 0;
	while (mark < s.n && s.p[mark] != 'e' && s.p[mark] != 'E')
		mark++;
	if (s.n + n + 3 > sizeof text || s.n == 0 || (dot == 0 && mark == 1))
		return NP_E_INVAL;
	if (dot == 0)
		text[n++] = '0';
	/* "1." and "1.e3": the dot alone goes */
	size_t cut = dot != SIZE_MAX && dot + 1 == mark ? dot : mark;
	memcpy(text + n, s.p, cut);
	n += cut;
	memcpy(text + n, s.p + mark, s.n - mark);
	n += s.n - mark;
	return str_to_double((np_str){ text, n }, ret);
}

static bool is_infinite(np_str s)
{
	static const char *const words[] = { ".inf",  ".Inf",  ".INF",  "+.inf", "+.Inf",
					     "+.INF", "-.inf", "-.Inf", "-.INF", ".nan",
					     ".NaN",  ".NAN",  NULL };
	return is_one_of(s, words);
}

/* A number, or NP_E_INVAL: it is text. NP_E_RANGE: a number that JSON cannot hold. */
static np_err number(np_str s, json_t **ret)
{
	int64_t whole = 0;
	double real = 0;
	uint64_t based = 0;
	bool fits = false;
	if (is_infinite(s))
		return NP_E_RANGE;
	if (based_int(s, &based, &fits)) {
		if (!fits)
			return NP_E_RANGE;
		*ret = json_integer((json_int_t)based);
		return *ret ? NP_OK : NP_E_NOMEM;
	}
	np_err e = str_to_i64(
		str_starts(s, NP_STR("+")) && s.n > 1 && s.p[1] != '-' ? str_sub(s, 1, s.n) : s,
		&whole);
	if (e == NP_OK)
		*ret = json_integer(whole);
	else if (e == NP_E_INVAL && (e = decimal(s, &real)) == NP_OK)
		*ret = json_real(real);
	if (e < 0)
		return e;
	return *ret ? NP_OK : NP_E_NOMEM;
}

static np_err plain(struct parse *p, np_str s, json_t **ret)
{
	static const char *const nulls[] = { "", "~", "null", "Null", "NULL", NULL };
	static const char *const trues[] = { "true", "True", "TRUE", NULL };
	static const char *const falses[] = { "false", "False", "FALSE", NULL };
	if (is_one_of(s, nulls))
		*ret = json_null();
	else if (is_one_of(s, trues))
		*ret = json_true();
	else if (is_one_of(s, falses))
		*ret = json_false();
	else {
		np_err e = number(s, ret);
		if (e == NP_E_RANGE)
			return refuse(p, e, "number out of range");
		if (e != NP_E_INVAL)
			return e;
		*ret = json_stringn_nocheck(s.p, s.n);
	}
	return *ret ? NP_OK : NP_E_NOMEM;
}

static np_str scalar_text(const yaml_event_t *ev)
{
	return (np_str){ (const char *)ev->data.scalar.value, ev->data.scalar.length };
}

/* ---- the tree --------------------------------------------------------------------- */

/* Notes where a node stands; yields its place. */
static np_err add_place(struct parse *p, uint32_t parent, np_str key, uint32_t *ret_place)
{
	struct yaml_doc *d = p->doc;
	if (d->n >= YAML_NODES_MAX)
		return refuse(p, NP_E_LIMIT, "too many values in one document");
	if (d->n == d->cap) {
		size_t cap = d->cap > 0 ? d->cap * 2 : 64;
		struct place *more = np_reallocarray(d->places, cap, sizeof *more);
		if (!more)
			return NP_E_NOMEM;
		d->places = more;
		d->cap = cap;
	}
	d->places[d->n] = (struct place){
		.parent = parent, .line = p->line, .key_at = d->keys.n, .key_n = key.n
	};
	np_err e = buf_add(&d->keys, key);
	if (e == NP_OK)
		*ret_place = (uint32_t)d->n++;
	return e;
}

/* Hangs a value (taken, also on failure) into the open level, or makes it the root. */
static np_err attach(struct parse *p, json_t *value, uint32_t *ret_place)
{
	if (p->depth == 0) {
		p->doc->root = value;
		return add_place(p, 0, (np_str){ NULL, 0 }, ret_place);
	}
	struct level *top = &p->levels[p->depth - 1];
	np_err e;
	if (json_is_array(top->node)) {
		NP_CLEANUP(buf_done) struct buf index;
		buf_init(&index, 32);
		e = buf_printf(&index, "%zu", json_array_size(top->node));
		if (e == NP_OK)
			e = add_place(p, top->place, buf_str(&index), ret_place);
		if (json_array_append_new(top->node, value) != 0 && e == NP_OK)
			e = NP_E_NOMEM;
		return e;
	}
	e = add_place(p, top->place, top->key, ret_place);
	if (json_object_set_new_nocheck(top->node, top->key_text, value) != 0 && e == NP_OK)
		e = NP_E_NOMEM;
	free(np_take(top->key_text));
	return e;
}

static bool wants_key(const struct parse *p)
{
	const struct level *top = p->depth > 0 ? &p->levels[p->depth - 1] : NULL;
	return top && json_is_object(top->node) && !top->key_text;
}

static np_err take_key(struct parse *p, np_str s)
{
	struct level *top = &p->levels[p->depth - 1];
	if (s.n > 0 && memchr(s.p, 0, s.n))
		return refuse(p, NP_E_INVAL, "a key with a NUL byte");
	top->key_text = np_strdup(s);
	if (!top->key_text)
		return NP_E_NOMEM;
	top->key = (np_str){ top->key_text, s.n };
	if (!json_object_get(top->node, top->key_text))
		return NP_OK;
	(void)buf_printf(p->why, "line %u: the key \"%.*s\" is there twice", (unsigned int)p->line,
			 NP_FMT(str_clip_utf8(s, 100)));
	return NP_E_INVAL;
}

static np_err scalar(struct parse *p, const yaml_event_t *ev)
{
	np_str s = scalar_text(ev);
	json_t *value = NULL;
	uint32_t place = 0;
	if (ev->data.scalar.anchor || ev->data.scalar.tag)
		return refuse(p, NP_E_INVAL, "anchors and tags are not supported");
	if (wants_key(p))
		return take_key(p, s);
	if (!str_is_utf8(s))
		return refuse(p, NP_E_INVAL, "text with a NUL byte");
	if (ev->data.scalar.style == YAML_PLAIN_SCALAR_STYLE) {
		np_err e = plain(p, s, &value);
		if (e < 0)
			return e;
	} else {
		value = json_stringn_nocheck(s.p, s.n);
		if (!value)
			return NP_E_NOMEM;
	}
	return attach(p, value, &place);
}

static np_err open_level(struct parse *p, json_t *node, bool decorated)
{
	uint32_t place = 0;
	np_err e = NP_OK;
	if (!node)
		return NP_E_NOMEM;
	if (decorated)
		e = refuse(p, NP_E_INVAL, "anchors and tags are not supported");
	else if (wants_key(p))
		e = refuse(p, NP_E_INVAL, "a key must be text");
	else if (p->depth == YAML_DEPTH_MAX)
		e = refuse(p, NP_E_LIMIT, "nested too deeply");
	if (e < 0) {
		json_decref(node);
		return e;
	}
	e = attach(p, node, &place);
	if (e == NP_OK)
		p->levels[p->depth++] = (struct level){ .node = node, .place = place };
	return e;
}

static np_err take_event(struct parse *p, const yaml_event_t *ev)
{
	p->line = (uint32_t)ev->start_mark.line + 1;
	switch (ev->type) {
	case YAML_SCALAR_EVENT:
		return scalar(p, ev);
	case YAML_SEQUENCE_START_EVENT:
		return open_level(p, json_array(),
				  ev->data.sequence_start.anchor || ev->data.sequence_start.tag);
	case YAML_MAPPING_START_EVENT:
		return open_level(p, json_object(),
				  ev->data.mapping_start.anchor || ev->data.mapping_start.tag);
	case YAML_SEQUENCE_END_EVENT:
	case YAML_MAPPING_END_EVENT:
		p->depth--;
		return NP_OK;
	case YAML_ALIAS_EVENT:
		return refuse(p, NP_E_INVAL, "aliases are not supported");
	case YAML_NO_EVENT:
	case YAML_STREAM_START_EVENT:
	case YAML_STREAM_END_EVENT:
	case YAML_DOCUMENT_START_EVENT:
	case YAML_DOCUMENT_END_EVENT:
		return NP_OK;
	}
	return NP_E_INVAL;
}

static np_err syntax_error(struct parse *p, const yaml_parser_t *y)
{
	if (y->error == YAML_MEMORY_ERROR)
		return NP_E_NOMEM;
	p->line = (uint32_t)y->problem_mark.line + 1;
	return refuse(p, NP_E_INVAL, y->problem ? y->problem : "not YAML");
}

static np_err walk(struct parse *p, yaml_parser_t *y)
{
	for (;;) {
		yaml_event_t ev;
		if (!yaml_parser_parse(y, &ev))
			return syntax_error(p, y);
		yaml_event_type_t type = ev.type;
		np_err e = take_event(p, &ev);
		yaml_event_delete(&ev);
		if (e < 0)
			return e;
		if (type == YAML_DOCUMENT_END_EVENT || type == YAML_STREAM_END_EVENT)
			return NP_OK;
	}
}

static np_err parse_into(struct parse *p, np_str text)
{
	yaml_parser_t y;
	if (!yaml_parser_initialize(&y))
		return NP_E_NOMEM;
	yaml_parser_set_encoding(&y, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&y, (const unsigned char *)(text.n > 0 ? text.p : ""), text.n);
	np_err e = walk(p, &y);
	yaml_parser_delete(&y);
	for (size_t i = 0; i < NP_LEN(p->levels); i++)
		free(p->levels[i].key_text);
	if (e == NP_OK && !p->doc->root) {
		uint32_t place = 0;
		p->line = 1;
		e = attach(p, json_null(), &place); /* an empty document */
	}
	return e;
}

np_err yaml_parse(np_str text, struct yaml_doc **ret_doc, struct buf *ret_why)
{
	NP_CLEANUP(yaml_free_p) struct yaml_doc *d = np_zalloc(sizeof *d);
	if (!d)
		return NP_E_NOMEM;
	buf_init(&d->keys, YAML_TEXT_MAX * 2);
	struct parse p = { .doc = d, .why = ret_why, .line = 1 };
	if (text.n > YAML_TEXT_MAX)
		return refuse(&p, NP_E_LIMIT, "the document is too large");
	np_err e = parse_into(&p, text);
	if (e == NP_E_NOMEM)
		(void)buf_add_c(ret_why, "out of memory");
	if (e == NP_OK)
		*ret_doc = np_take(d);
	return e;
}

/* ---- lines ------------------------------------------------------------------------- */

/* Does a key equal a token of a JSON pointer (~0 is "~", ~1 is "/")? */
static bool is_token(np_str key, np_str token)
{
	size_t k = 0;
	for (size_t t = 0; t < token.n; t++, k++) {
		char c = token.p[t];
		if (c == '~' && t + 1 < token.n && (token.p[t + 1] == '0' || token.p[t + 1] == '1'))
			c = token.p[++t] == '0' ? '~' : '/';
		if (k == key.n || key.p[k] != c)
			return false;
	}
	return k == key.n;
}

static size_t child(const struct yaml_doc *d, size_t parent, np_str token)
{
	for (size_t i = parent + 1; i < d->n; i++) {
		const struct place *at = &d->places[i];
		np_str key = str_sub(buf_str(&d->keys), at->key_at, at->key_at + at->key_n);
		if (at->parent == parent && is_token(key, token))
			return i;
	}
	return SIZE_MAX;
}

uint32_t yaml_line(const struct yaml_doc *d, const char *pointer)
{
	size_t at = 0;
	np_str rest = str_from_c(pointer);
	if (rest.n > 0 && rest.p[0] != '/')
		return 0;
	while (rest.n > 0) {
		np_str token;
		bool more = str_cut(str_sub(rest, 1, rest.n), '/', &token, &rest);
		if (more)
			rest = (np_str){ rest.n > 0 ? rest.p - 1 : "/", rest.n + 1 };
		at = child(d, at, token);
		if (at == SIZE_MAX)
			return 0;
	}
	return d->places[at].line;
}
