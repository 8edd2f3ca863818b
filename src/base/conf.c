/* SPDX-License-Identifier: Apache-2.0 */
#include "base/conf.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/str.h"

struct value {
	bool given;
	int64_t i; /* INT, MS, BOOL */
	char *s;   /* STR; LIST: what the items point into */
	const char **list;
	size_t n;
};

struct conf {
	const struct conf_item *items;
	struct value *values; /* one per item */
	size_t n;
};

/* One reading of one file. */
struct load {
	const char *path;
	const struct yaml_doc *doc;
	struct conf *conf;
	struct buf *why;
};

void conf_free(struct conf *c)
{
	if (!c)
		return;
	for (size_t i = 0; c->values && i < c->n; i++) {
		free(c->values[i].s);
		free((void *)c->values[i].list);
	}
	free(c->values);
	free(c);
}

void conf_free_p(struct conf **c)
{
	conf_free(np_take(*c));
}

static np_err refuse(const struct load *l, const char *pointer, np_str key, const char *what)
{
	uint32_t line = pointer && l->doc ? yaml_line(l->doc, pointer) : 0;
	(void)buf_add_c(l->why, l->path);
	if (line > 0)
		(void)buf_printf(l->why, ", line %u", (unsigned int)line);
	if (key.n > 0)
		(void)buf_printf(l->why, ": %.*s", NP_FMT(key));
	(void)buf_printf(l->why, ": %s", what);
	return NP_E_INVAL;
}

/* ---- one value --------------------------------------------------------------------- */

static np_err in_range(const struct conf_item *item, int64_t v, struct value *ret)
{
	if ((item->min != 0 || item->max != 0) && (v < item->min || v > item->max))
		return NP_E_RANGE;
	ret->i = v;
	return NP_OK;
}

static np_err set_text(struct value *v, np_str s)
{
	v->s = np_strdup(s);
	return v->s ? NP_OK : NP_E_NOMEM;
}

/* A list, given one item after the other: first all texts in one block, then pointers. */
static np_err set_list(struct value *v, const np_str *items, size_t n)
{
	size_t bytes = 1;
	for (size_t i = 0; i < n; i++)
		bytes += items[i].n + 1;
	v->s = np_zalloc(bytes);
	v->list = np_calloc(n, sizeof *v->list);
	if (!v->s || !v->list)
		return NP_E_NOMEM;
	char *at = v->s;
	for (size_t i = 0; i < n; i++) {
		if (items[i].n > 0)
			memcpy(at, items[i].p, items[i].n);
		v->list[i] = at;
		at += items[i].n + 1;
	}
	v->n = n;
	return NP_OK;
}

enum { CONF_LIST_MAX = 256 };

static np_err list_from_json(const json_t *j, struct value *v)
{
	np_str items[CONF_LIST_MAX];
	size_t n = json_array_size(j);
	if (!json_is_array(j))
		return NP_E_INVAL;
	if (n > CONF_LIST_MAX)
		return NP_E_RANGE;
	for (size_t i = 0; i < n; i++) {
		const json_t *one = json_array_get(j, i);
		if (!json_is_string(one))
			return NP_E_INVAL;
		items[i] = (np_str){ json_string_value(one), json_string_length(one) };
	}
	return set_list(v, items, n);
}

static np_err list_from_text(np_str s, struct value *v)
{
	np_str items[CONF_LIST_MAX];
	size_t n = 0;
	for (bool more = s.n > 0; more && n < CONF_LIST_MAX; n++) {
		more = str_cut(s, ',', &items[n], &s);
		items[n] = str_trim(items[n]);
	}
	return set_list(v, items, n);
}

static np_err from_json(const struct conf_item *item, const json_t *j, struct value *v)
{
	int64_t ms = 0;
	np_str s = { json_string_value(j), json_string_length(j) };
	switch (item->kind) {
	case CONF_STR:
		return json_is_string(j) ? set_text(v, s) : NP_E_INVAL;
	case CONF_INT:
		return json_is_integer(j) ? in_range(item, json_integer_value(j), v) : NP_E_INVAL;
	case CONF_MS: {
		np_err e = json_is_string(j) ? str_to_ms(s, &ms) : NP_E_INVAL;
		return e < 0 ? e : in_range(item, ms, v);
	}
	case CONF_BOOL:
		v->i = json_is_true(j) ? 1 : 0;
		return json_is_boolean(j) ? NP_OK : NP_E_INVAL;
	case CONF_LIST:
		return list_from_json(j, v);
	}
	return NP_E_INVAL;
}

/* The default of the table: wrong text there is our bug. */
static np_err from_fallback(const struct conf_item *item, struct value *v)
{
	np_str s = str_from_c(item->fallback);
	np_err e = NP_OK;
	if (!item->fallback)
		return NP_OK;
	switch (item->kind) {
	case CONF_STR:
		return set_text(v, s);
	case CONF_LIST:
		return list_from_text(s, v);
	case CONF_INT:
		e = str_to_i64(s, &v->i);
		break;
	case CONF_MS:
		e = str_to_ms(s, &v->i);
		break;
	case CONF_BOOL:
		v->i = str_eq_c(s, "true") ? 1 : 0;
		e = v->i || str_eq_c(s, "false") ? NP_OK : NP_E_INVAL;
		break;
	}
	assert(e == NP_OK);
	return e;
}

static const char *const kind_hints[] = {
	[CONF_STR] = "must be text (put numbers in quotes)",
	[CONF_INT] = "must be a whole number",
	[CONF_MS] = "must be a time such as 250ms, 30s or 5m",
	[CONF_BOOL] = "must be true or false",
	[CONF_LIST] = "must be a list of texts",
};

static np_err store(const struct load *l, size_t k, const json_t *j, const char *pointer)
{
	const struct conf_item *item = &l->conf->items[k];
	struct value *v = &l->conf->values[k];
	np_str key = str_from_c(item->key);
	if (v->given)
		return refuse(l, pointer, key, "is there twice");
	if (json_is_null(j))
		return NP_OK; /* "key:" with nothing after it is not given */
	np_err e = from_json(item, j, v);
	if (e == NP_E_INVAL)
		return refuse(l, pointer, key, kind_hints[item->kind]);
	if (e == NP_E_RANGE && item->kind != CONF_LIST) {
		(void)refuse(l, pointer, key, "out of range");
		(void)buf_printf(l->why, ": from %" PRId64 " to %" PRId64 "%s", item->min,
				 item->max, item->kind == CONF_MS ? " milliseconds" : "");
		return NP_E_INVAL;
	}
	if (e == NP_E_RANGE)
		return refuse(l, pointer, key, "has too many entries");
	v->given = e == NP_OK;
	return e;
}

/* ---- the file ------------------------------------------------------------------------ */

enum { CONF_PATH_MAX = 1024 };

static size_t find(const struct conf_item *items, size_t n, np_str key)
{
	size_t i = 0;
	while (i < n && !str_eq_c(key, items[i].key))
		i++;
	return i;
}

/* Do keys of the table begin with "key."? */
static bool is_group(const struct load *l, np_str key)
{
	for (size_t i = 0; i < l->conf->n; i++) {
		np_str whole = str_from_c(l->conf->items[i].key);
		if (whole.n > key.n && whole.p[key.n] == '.' && str_starts(whole, key))
			return true;
	}
	return false;
}

/* "/a/b" -> "a.b" */
static np_err dotted(np_str pointer, struct buf *ret)
{
	for (size_t i = 1; i < pointer.n; i++) {
		char c = pointer.p[i];
		if (c == '/')
			c = '.';
		(void)buf_add_byte(ret, c);
	}
	return buf_failed(ret);
}

/* One mapping whose place is `at`; groups in it go down one level and no more than the
 * table does, since only prefixes of its keys are entered. */
static np_err walk(const struct load *l, json_t *map, np_str at)
{
	const char *name;
	json_t *j;
	json_object_foreach(map, name, j)
	{
		NP_CLEANUP(buf_done) struct buf pointer;
		NP_CLEANUP(buf_done) struct buf key;
		buf_init(&pointer, CONF_PATH_MAX);
		buf_init(&key, CONF_PATH_MAX);
		(void)buf_add(&pointer, at);
		(void)buf_add_byte(&pointer, '/');
		(void)buf_add_c(&pointer, name);
		np_err e = buf_failed(&pointer);
		if (e == NP_OK)
			e = dotted(buf_str(&pointer), &key);
		if (e == NP_E_LIMIT)
			return refuse(l, NULL, (np_str){ NULL, 0 }, "a key is too long");
		if (e < 0)
			return e;
		size_t k = find(l->conf->items, l->conf->n, buf_str(&key));
		if (k < l->conf->n)
			e = store(l, k, j, buf_c(&pointer));
		else if (!is_group(l, buf_str(&key)))
			e = refuse(l, buf_c(&pointer), buf_str(&key), "is not a known key");
		else if (json_is_object(j))
			e = walk(l, j, buf_str(&pointer));
		else if (!json_is_null(j))
			e = refuse(l, buf_c(&pointer), buf_str(&key), "must be a group of keys");
		if (e < 0)
			return e;
	}
	return NP_OK;
}

static np_err fill_rest(const struct load *l)
{
	for (size_t i = 0; i < l->conf->n; i++) {
		const struct conf_item *item = &l->conf->items[i];
		struct value *v = &l->conf->values[i];
		if (v->given)
			continue;
		if (item->required)
			return refuse(l, NULL, str_from_c(item->key), "is missing");
		np_err e = from_fallback(item, v);
		if (e < 0)
			return e;
	}
	return NP_OK;
}

static np_err read_doc(const char *path, struct yaml_doc **ret_doc, struct buf *ret_why)
{
	NP_CLEANUP(buf_done) struct buf text;
	NP_CLEANUP(buf_done) struct buf why;
	buf_init(&text, CONF_FILE_MAX);
	buf_init(&why, 1024);
	np_err e = file_read(path, &text);
	if (e < 0) {
		(void)buf_printf(ret_why, "%s: cannot be read: %s", path, np_err_text(e));
		return e;
	}
	e = yaml_parse(buf_str(&text), ret_doc, &why);
	if (e < 0)
		(void)buf_printf(ret_why, "%s, %s", path, buf_c(&why));
	return e;
}

np_err conf_load(const char *path, const struct conf_item *items, size_t n, struct conf **ret_conf,
		 struct buf *ret_why)
{
	NP_CLEANUP(yaml_free_p) struct yaml_doc *doc = NULL;
	np_err e = read_doc(path, &doc, ret_why);
	if (e < 0)
		return e;
	NP_CLEANUP(conf_free_p) struct conf *c = np_zalloc(sizeof *c);
	if (!c)
		return NP_E_NOMEM;
	*c = (struct conf){ .items = items, .values = np_calloc(n, sizeof *c->values), .n = n };
	if (!c->values)
		return NP_E_NOMEM;
	const struct load l = { .path = path, .doc = doc, .conf = c, .why = ret_why };
	json_t *root = yaml_root(doc);
	if (json_is_object(root))
		e = walk(&l, root, (np_str){ NULL, 0 });
	else if (!json_is_null(root))
		e = refuse(&l, "", (np_str){ NULL, 0 }, "must be a mapping of keys");
	if (e == NP_OK)
		e = fill_rest(&l);
	if (e == NP_OK)
		*ret_conf = np_take(c);
	return e;
}

/* ---- looking up ------------------------------------------------------------------------ */

static const struct value *get(const struct conf *c, const char *key, enum conf_kind a,
			       enum conf_kind b)
{
	size_t k = find(c->items, c->n, str_from_c(key));
	assert(k < c->n && (c->items[k].kind == a || c->items[k].kind == b));
	return &c->values[k];
}

const char *conf_str(const struct conf *c, const char *key)
{
	return get(c, key, CONF_STR, CONF_STR)->s;
}

int64_t conf_int(const struct conf *c, const char *key)
{
	return get(c, key, CONF_INT, CONF_MS)->i;
}

bool conf_bool(const struct conf *c, const char *key)
{
	return get(c, key, CONF_BOOL, CONF_BOOL)->i != 0;
}

size_t conf_list(const struct conf *c, const char *key, const char *const **ret_items)
{
	const struct value *v = get(c, key, CONF_LIST, CONF_LIST);
	*ret_items = v->list;
	return v->n;
}
