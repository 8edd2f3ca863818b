/* SPDX-License-Identifier: Apache-2.0 */
#include "web/effect.h"

#include "base/str.h"
#include "web/input.h"

#define IMPOSSIBLE_MAX 3 /* that many are named */

void effect_init(struct effect *f, struct derive *with, struct jsonw *list)
{
	*f = (struct effect){ .with = with, .list = list };
	pg_array_init(&f->ids, PG_INT8);
	pg_array_init(&f->definitions, PG_JSONB);
}

void effect_done(struct effect *f)
{
	pg_array_done(&f->ids);
	pg_array_done(&f->definitions);
}

/* ---- preview ---- */

static void write_value(struct wreq *q, struct jsonw *w, const char *key, const json_t *v)
{
	np_str text = v ? in_dump(q, v) : (np_str){ 0 };
	jsonw_key(w, key);
	jsonw_raw(w, text.n ? text : NP_STR("null"));
}

static void write_changes(struct wreq *q, struct jsonw *w, const json_t *before,
			  const json_t *after)
{
	jsonw_key(w, "changes");
	jsonw_arr(w);
	for (size_t i = 0; monj_fields[i]; i++) {
		const json_t *a = json_object_get(before, monj_fields[i]);
		const json_t *b = json_object_get(after, monj_fields[i]);
		if (a == b || json_equal(a, b))
			continue;
		jsonw_obj(w);
		jsonw_kc(w, "field", monj_fields[i]);
		write_value(q, w, "before", a);
		write_value(q, w, "after", b);
		jsonw_obj_end(w);
	}
	jsonw_arr_end(w);
}

static void write_sentence(const struct effect *f, const char *key, const json_t *definition)
{
	struct monj_regions known = { f->with->regions.name, f->with->regions.number,
				      f->with->regions.n };
	NP_CLEANUP(buf_done) struct buf text;
	struct problem_list p = { 0 };
	struct monj m;
	buf_init(&text, 8192);
	if (monj_read(definition, &known, &m, &p) == NP_OK)
		pol_sentence(&m, f->with->names, &text);
	jsonw_kstr(f->list, key, buf_str(&text));
}

struct pair {
	const struct pg_res *rows;
	size_t i;
	const json_t *before, *after;
};

static void list_one(struct wreq *q, struct effect *f, const struct pair *x)
{
	uint8_t id[16] = { 0 };
	if (!f->list || f->listed++ >= EFFECT_LISTED)
		return;
	pg_res_uuid(x->rows, x->i, 1, id);
	jsonw_obj(f->list);
	jsonw_key(f->list, "id");
	jsonw_uuid(f->list, id);
	jsonw_kstr(f->list, "name", pg_res_str(x->rows, x->i, 2));
	write_sentence(f, "before", x->before);
	write_sentence(f, "after", x->after);
	write_changes(q, f->list, x->before, x->after);
	jsonw_obj_end(f->list);
}

/* ---- both ---- */

static np_err compare(struct wreq *q, struct effect *f, struct pair *x, np_str definition)
{
	np_str old = pg_res_str(x->rows, x->i, 4);
	json_t *before = json_loadb(old.p, old.n, 0, NULL);
	json_t *after = json_loadb(definition.p, definition.n, 0, NULL);
	np_err e = before && after ? NP_OK : NP_E_NOMEM;
	if (e == NP_OK && !json_equal(before, after)) {
		f->changed++;
		pg_array_int(&f->ids, pg_res_i64(x->rows, x->i, 0));
		pg_array_str(&f->definitions, definition);
		x->before = before;
		x->after = after;
		list_one(q, f, x);
	}
	json_decref(before);
	json_decref(after);
	return e;
}

static void impossible(struct wreq *q, np_str name, const struct problem_list *p)
{
	const char *c = arena_c(q->arena, str_clip_utf8(name, 60));
	problem_add(&q->problems, "", "rules", "do not fit the monitor \"%s\": %s %s", c ? c : "",
		    p->item[0].path, p->item[0].text);
}

np_err effect_of(struct wreq *q, struct effect *f, const struct pg_res *rows)
{
	struct derived d = { 0 };
	size_t refused = 0;
	np_err e = NP_OK;
	f->concerned = pg_res_rows(rows);
	for (size_t i = 0; e == NP_OK && i < f->concerned && refused < IMPOSSIBLE_MAX; i++) {
		struct problem_list p = { 0 };
		struct pair x = { .rows = rows, .i = i };
		np_str text = pg_res_str(rows, i, 3);
		json_t *given = json_loadb(text.p, text.n, 0, NULL);
		e = given ? derive_one(f->with, given, &d, &p) : NP_E_CORRUPT;
		if (e == NP_OK)
			e = compare(q, f, &x, buf_str(&d.text));
		json_decref(given);
		if (e != NP_E_INVAL)
			continue;
		e = NP_OK;
		refused++;
		impossible(q, pg_res_str(rows, i, 2), &p);
	}
	derived_done(&d);
	return e;
}
