/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/feedover.h"

#include <jansson.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/str.h"
#include "core/jread.h"
#include "core/trust.h"
#include "engine/sql.h"

#define SAY_MAX 1024
#define PACE 10
#define PACE_MAX_MS (3 * NP_SEC_MS) /* so late a window may be heard of */

/* ---- reading ---- */

static uint32_t parent_state(np_str state, bool open)
{
	if (open)
		return INC_PARENT_DOWN;
	return str_eq_c(state, step_state_name(STEP_SUSPECT)) ? INC_PARENT_SUSPECT : INC_PARENT_OK;
}

np_err feedover_parents(struct pg_conn *c, struct msg **ret)
{
	NP_CLEANUP(pg_res_free_p) struct pg_res *res = NULL;
	np_err e = pg_exec(c, sql_text(SQL_PARENTS), NULL, &res);
	struct msg *m = e == NP_OK ? msg_new(MSG_PARENTS) : NULL;
	if (e == NP_OK && !m)
		e = NP_E_NOMEM;
	for (size_t i = 0; e == NP_OK && i < pg_res_rows(res); i++) {
		struct msg_parent *p = msg_grow(m, sizeof *p);
		if (!p) {
			e = NP_E_NOMEM;
			break;
		}
		pg_res_uuid(res, i, 0, p->id);
		p->org = (uint64_t)pg_res_i64(res, i, 1);
		bool open = !pg_res_null(res, i, 3);
		p->state = parent_state(pg_res_str(res, i, 2), open);
		if (open)
			pg_res_uuid(res, i, 3, p->incident);
	}
	if (e < 0)
		msg_free(m);
	else
		*ret = m;
	return e;
}

np_err feedover_trust(struct pg_conn *c, struct msg **ret)
{
	NP_CLEANUP(pg_res_free_p) struct pg_res *res = NULL;
	np_err e = pg_exec(c, sql_text(SQL_TRUST), NULL, &res);
	struct msg *m = e == NP_OK ? msg_new(MSG_TRUST) : NULL;
	if (e == NP_OK && !m)
		e = NP_E_NOMEM;
	for (size_t i = 0; e == NP_OK && i < pg_res_rows(res); i++) {
		uint32_t *region = msg_grow(m, sizeof *region);
		if (region)
			*region = (uint32_t)pg_res_i64(res, i, 0);
		else
			e = NP_E_NOMEM;
	}
	if (e < 0)
		msg_free(m);
	else
		*ret = m;
	return e;
}

np_err feedover_tally(struct pg_conn *c, const struct msg *tally)
{
	static const enum pg_type types[] = { PG_INT2, PG_INT4, PG_INT4, PG_INT4 };
	NP_CLEANUP(pg_params_done) struct pg_params p;
	struct pg_array a[NP_LEN(types)];
	for (size_t i = 0; i < NP_LEN(types); i++)
		pg_array_init(&a[i], types[i]);
	for (size_t i = 0; i < tally->n; i++) {
		const struct msg_tally *t = &tally->tally[i];
		pg_array_int(&a[0], t->shard);
		pg_array_int(&a[1], t->region);
		pg_array_int(&a[2], t->checked);
		pg_array_int(&a[3], t->odd);
	}
	pg_params_init(&p);
	for (size_t i = 0; i < NP_LEN(types); i++) {
		pg_params_array(&p, &a[i]);
		pg_array_done(&a[i]);
	}
	return pg_exec(c, sql_text(SQL_TALLY), &p, NULL);
}

/* ---- maintenance ---- */

static np_err read_scope(const json_t *scope, struct arena *a, struct msg_window *w)
{
	const json_t *ids = json_object_get(scope, "monitors"),
		     *tags = json_object_get(scope, "tags");
	uint8_t(*id)[16] = arena_calloc(a, json_array_size(ids) + 1, sizeof *id);
	np_str *tag = arena_calloc(a, json_array_size(tags) + 1, sizeof *tag);
	if (!id || !tag)
		return NP_E_NOMEM;
	w->all = json_is_true(json_object_get(scope, "all"));
	for (size_t i = 0; i < json_array_size(ids); i++) {
		np_str text = str_from_c(json_string_value(json_array_get(ids, i)));
		if (str_to_uuid(text, id[w->monitor_n]) == NP_OK)
			w->monitor_n++;
	}
	qsort(id, w->monitor_n, sizeof *id, msg_by_id);
	for (size_t i = 0; i < json_array_size(tags); i++)
		tag[w->tag_n++] = arena_printf(a, "%s", json_string_value(json_array_get(tags, i)));
	w->monitor = (const uint8_t(*)[16])id;
	w->tag = tag;
	return NP_OK;
}

static np_err add_window(const struct pg_res *res, size_t row, struct msg *m)
{
	np_str d = pg_res_str(res, row, 1), s = pg_res_str(res, row, 2);
	NP_CLEANUP(jread_drop) json_t *definition = json_loadb(d.p, d.n, 0, NULL);
	NP_CLEANUP(jread_drop) json_t *scope = json_loadb(s.p, s.n, 0, NULL);
	struct problem_list problems = { 0 };
	struct msg_window w = { .org = (uint64_t)pg_res_i64(res, row, 0) };
	if (window_read(definition, &w.window, &problems) < 0) {
		np_log(NP_ERROR, "maintenance.unreadable", KV_U64("org", w.org),
		       KV_C("field", problems.item[0].path), KV_C("why", problems.item[0].text));
		return NP_OK;
	}
	np_err e = read_scope(scope, m->arena, &w);
	struct msg_window *own = e == NP_OK ? msg_grow(m, sizeof *own) : NULL;
	if (!own)
		return NP_E_NOMEM;
	*own = w;
	return NP_OK;
}

static np_err windows_changed(struct pg_conn *c, uint64_t xid, uint64_t *ret_xid, bool *ret)
{
	NP_CLEANUP(pg_params_done) struct pg_params p;
	NP_CLEANUP(pg_res_free_p) struct pg_res *res = NULL;
	char text[24];
	int n = snprintf(text, sizeof text, "%llu", (unsigned long long)xid);
	pg_params_init(&p);
	pg_params_text(&p, (np_str){ text, (size_t)n });
	np_err e = pg_exec(c, sql_text(SQL_WINDOWS_CHANGED), &p, &res);
	if (e < 0)
		return e;
	*ret_xid = (uint64_t)pg_res_i64(res, 0, 0);
	*ret = pg_res_bool(res, 0, 1) || xid == 0;
	return NP_OK;
}

/* Leases are this thread's too: reading all of them again takes a tenth of its time, or 3 s later. */
static void pace(struct feedover_seen *seen, int64_t began_ms)
{
	int64_t now = clock_mono_ms(), pause = (now - began_ms) * PACE;
	seen->not_before_ms = now + (pause < PACE_MAX_MS ? pause : PACE_MAX_MS);
}

np_err feedover_windows(struct pg_conn *c, struct feedover_seen *seen, struct msg **ret)
{
	NP_CLEANUP(pg_res_free_p) struct pg_res *res = NULL;
	int64_t began = clock_mono_ms();
	uint64_t next = 0;
	bool changed = false;
	*ret = NULL;
	if (began < seen->not_before_ms)
		return NP_OK;
	np_err e = windows_changed(c, seen->xid, &next, &changed);
	if (e == NP_OK && changed)
		e = pg_exec(c, sql_text(SQL_WINDOWS), NULL, &res);
	struct msg *m = e == NP_OK && changed ? msg_new(MSG_WINDOWS) : NULL;
	if (e == NP_OK && changed && !m)
		e = NP_E_NOMEM;
	for (size_t i = 0; e == NP_OK && m && i < pg_res_rows(res); i++)
		e = add_window(res, i, m);
	if (e < 0) {
		msg_free(m);
		return e;
	}
	if (changed)
		pace(seen, began);
	seen->xid = next;
	*ret = m;
	return NP_OK;
}

/* ---- judging ---- */

struct region {
	int64_t no;
	np_str name;
	uint32_t checked, odd;
	bool silent_now, suspect, silent;
};

struct change {
	bool suspect, silent; /* as they are to be */
	const char *kind;     /* of notice and audit row */
};

static void say_why(const struct region *r, const struct change *ch, struct buf *out)
{
	if (str_eq_c(NP_STR("region_suspect"), ch->kind))
		buf_printf(
			out,
			"%u of %u monitors checked from %.*s fail there while most other regions "
			"reach them. Its votes do not count until under a tenth does.",
			r->odd, r->checked, NP_FMT(r->name));
	else if (str_eq_c(NP_STR("region_trusted"), ch->kind))
		buf_printf(out, "%.*s agrees with the other regions again: its votes count.",
			   NP_FMT(r->name));
	else if (str_eq_c(NP_STR("region_silent"), ch->kind))
		buf_printf(
			out,
			"No checker of %.*s was heard from for a minute: nothing is checked there.",
			NP_FMT(r->name));
	else
		buf_printf(out, "A checker of %.*s is heard from again.", NP_FMT(r->name));
}

static void write_body(const struct region *r, const struct change *ch, struct buf *out)
{
	NP_CLEANUP(buf_done) struct buf why;
	struct jsonw j;
	buf_init(&why, SAY_MAX);
	say_why(r, ch, &why);
	jsonw_init(&j, out);
	jsonw_obj(&j);
	jsonw_kc(&j, "kind", ch->kind);
	jsonw_key(&j, "region");
	jsonw_obj(&j);
	jsonw_kstr(&j, "name", r->name);
	jsonw_obj_end(&j);
	jsonw_kstr(&j, "why", buf_str(&why));
	jsonw_ktime(&j, "at", clock_wall_us());
	jsonw_obj_end(&j);
}

static np_err apply(struct pg_conn *c, const struct feedover_coord *who, const struct region *r,
		    const struct change *ch)
{
	NP_CLEANUP(pg_params_done) struct pg_params p;
	NP_CLEANUP(buf_done) struct buf body;
	buf_init(&body, 4 * SAY_MAX);
	write_body(r, ch, &body);
	pg_params_init(&p);
	pg_params_i32(&p, (int32_t)r->no);
	pg_params_bool(&p, ch->suspect);
	pg_params_bool(&p, ch->silent);
	pg_params_text(&p, str_from_c(ch->kind));
	pg_params_text(&p, buf_str(&body));
	pg_params_text(&p, str_from_c(who->owner));
	pg_params_i64(&p, (int64_t)who->token);
	np_log(NP_WARN, "region.judged", KV_STR("region", r->name), KV_C("now", ch->kind),
	       KV_U64("checked", r->checked), KV_U64("odd", r->odd));
	return pg_exec(c, sql_text(SQL_TRUST_SET), &p, NULL);
}

static np_err judge_one(struct pg_conn *c, const struct feedover_coord *who, const struct region *r)
{
	bool suspect = trust_is_suspect(r->suspect, (struct trust_count){ .checked = r->checked,
									  .odd = r->odd });
	struct change ch = { .suspect = suspect, .silent = r->silent };
	np_err e = NP_OK;
	if (suspect != r->suspect) {
		ch.kind = suspect ? "region_suspect" : "region_trusted";
		e = apply(c, who, r, &ch);
	}
	if (e == NP_OK && who->settled && r->silent_now != r->silent) {
		ch.silent = r->silent_now;
		ch.kind = r->silent_now ? "region_silent" : "region_back";
		e = apply(c, who, r, &ch);
	}
	return e;
}

np_err feedover_judge(struct pg_conn *c, const struct feedover_coord *who)
{
	NP_CLEANUP(pg_res_free_p) struct pg_res *res = NULL;
	np_err e = pg_exec(c, sql_text(SQL_JUDGE), NULL, &res);
	for (size_t i = 0; e == NP_OK && i < pg_res_rows(res); i++) {
		struct region r = { .no = pg_res_i64(res, i, 0),
				    .name = pg_res_str(res, i, 1),
				    .checked = (uint32_t)pg_res_i64(res, i, 2),
				    .odd = (uint32_t)pg_res_i64(res, i, 3),
				    .silent_now = pg_res_bool(res, i, 4),
				    .suspect = pg_res_bool(res, i, 5),
				    .silent = pg_res_bool(res, i, 6) };
		e = judge_one(c, who, &r);
	}
	return e;
}
