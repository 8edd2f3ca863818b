/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/tryrules.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/str.h"
#include "base/yaml.h"
#include "core/monitor_json.h"

#define RULES_MAX ((size_t)256 * 1024)
#define REGIONS_MAX 256

struct known {
	struct pg_res *rows; /* region id, name */
	np_str name[REGIONS_MAX];
	uint32_t number[REGIONS_MAX];
	size_t n;
};

np_err tryr_event(void *ctx, const struct mon *m, const struct mst_event *ev)
{
	struct tryr *t = ctx;
	if (m->def.no != t->monitor || ev->kind == MST_TIMER || ev->kind == MST_RULES)
		return NP_OK;
	if (t->n == WHATIF_INPUTS_MAX)
		return NP_E_LIMIT;
	if (t->n == t->cap) {
		size_t cap = t->cap > 0 ? 2 * t->cap : 4096;
		void *more = np_reallocarray(t->input, cap, sizeof *t->input);
		if (more == NULL)
			return NP_E_NOMEM;
		t->input = more;
		t->cap = cap;
	}
	t->input[t->n++] = (struct whatif_input){ .at_us = ev->at_us, .ev = *ev };
	return NP_OK;
}

void tryr_done(struct tryr *t)
{
	free(t->input);
	t->input = NULL;
}

/* ---- definitions ---- */

static np_err load_regions(struct owner *db, uint64_t monitor, struct known *ret)
{
	NP_CLEANUP(pg_params_done) struct pg_params p;
	pg_params_init(&p);
	pg_params_i64(&p, (int64_t)monitor);
	np_err e = pg_exec(db->db,
			   "SELECT r.id, r.name FROM np.region r JOIN np.monitor m"
			   " ON m.org_id = r.org_id WHERE m.id = $1 ORDER BY r.id LIMIT 256",
			   &p, &ret->rows);
	if (e < 0)
		return e;
	for (; ret->n < pg_res_rows(ret->rows) && ret->n < REGIONS_MAX; ret->n++) {
		ret->number[ret->n] = (uint32_t)pg_res_i64(ret->rows, ret->n, 0);
		ret->name[ret->n] = pg_res_str(ret->rows, ret->n, 1);
	}
	return NP_OK;
}

static np_err load_definition(struct owner *db, uint64_t monitor, json_t **ret)
{
	NP_CLEANUP(pg_params_done) struct pg_params p;
	NP_CLEANUP(pg_res_free_p) struct pg_res *rows = NULL;
	pg_params_init(&p);
	pg_params_i64(&p, (int64_t)monitor);
	np_err e = pg_exec(db->db, "SELECT definition FROM np.monitor WHERE id = $1", &p, &rows);
	if (e < 0 || pg_res_rows(rows) == 0)
		return e < 0 ? e : NP_E_NOTFOUND;
	np_str text = pg_res_str(rows, 0, 0);
	*ret = json_loadb(text.p, text.n, 0, NULL);
	return *ret != NULL ? NP_OK : NP_E_CORRUPT;
}

static np_err validate(struct command *c, const json_t *object, const struct known *k,
		       struct mon_def *ret)
{
	const struct monj_regions regions = { k->name, k->number, k->n };
	struct problem_list p = { 0 };
	struct monj m;
	np_err e = monj_read(object, &regions, &m, &p);
	if (e < 0 && p.n > 0)
		(void)buf_printf(&c->why, "%s: %s", p.item[0].path, p.item[0].text);
	if (e < 0)
		return e;
	*ret = m.def;
	ret->no = ret->revision = 1;
	ret->paused = false;
	return NP_OK;
}

static np_err read_rules(struct command *c, struct yaml_doc **ret)
{
	NP_CLEANUP(buf_done) struct buf text;
	const char *path = args_str(c->args, "rules");
	buf_init(&text, RULES_MAX);
	np_err e = file_read(path, &text);
	if (e < 0)
		(void)buf_printf(&c->why, "%s: %s", path, np_err_text(e));
	if (e == NP_OK)
		e = yaml_parse(buf_str(&text), ret, &c->why);
	if (e == NP_OK && !json_is_object(yaml_root(*ret))) {
		(void)buf_printf(&c->why, "%s: a mapping is wanted, such as `quorum: any`", path);
		e = NP_E_INVAL;
	}
	return e;
}

np_err tryr_open(struct tryr *t, struct command *c, struct owner *db)
{
	NP_CLEANUP(yaml_free_p) struct yaml_doc *rules = NULL;
	struct known *k = np_zalloc(sizeof *k);
	json_t *object = NULL;
	np_err e = k != NULL ? read_rules(c, &rules) : NP_E_NOMEM;
	if (e == NP_OK)
		e = load_regions(db, t->monitor, k);
	if (e == NP_OK)
		e = load_definition(db, t->monitor, &object);
	if (e == NP_OK)
		e = validate(c, object, k, &t->now);
	if (e == NP_OK && json_object_update(object, yaml_root(rules)) < 0)
		e = NP_E_NOMEM;
	if (e == NP_OK)
		e = validate(c, object, k, &t->then);
	json_decref(object);
	if (k != NULL)
		pg_res_free(k->rows);
	free(k);
	return e;
}

/* ---- what would have been ---- */

static json_t *moment(int64_t us)
{
	char text[CLOCK_RFC3339_MAX];
	if (us == 0)
		return json_null();
	(void)clock_rfc3339(us, text);
	return json_string(text);
}

static np_err print_list(const struct whatif *o)
{
	static const char *const head[] = { "OPENED", "CLOSED", "TOLD" };
	struct row {
		char opened[CLOCK_RFC3339_MAX], closed[CLOCK_RFC3339_MAX];
	} *row = np_calloc(o->n + 1, sizeof *row);
	const char **cells = np_calloc(o->n * NP_LEN(head) + 1, sizeof *cells);
	np_err e = row != NULL && cells != NULL ? NP_OK : NP_E_NOMEM;
	for (size_t i = 0; e == NP_OK && i < o->n; i++) {
		(void)clock_rfc3339(o->list[i].opened_us, row[i].opened);
		(void)snprintf(row[i].closed, sizeof row[i].closed, "open");
		if (o->list[i].closed_us != 0)
			(void)clock_rfc3339(o->list[i].closed_us, row[i].closed);
		cells[i * NP_LEN(head)] = row[i].opened;
		cells[i * NP_LEN(head) + 1] = row[i].closed;
		cells[i * NP_LEN(head) + 2] = o->list[i].told_us != 0 ? "yes" : "no: it was held";
	}
	if (e == NP_OK && o->n > 0)
		command_print_table(head, NP_LEN(head), cells, o->n);
	free(row);
	free(cells);
	return e;
}

static void print_json(const struct tryr *t, const struct whatif *same, const struct whatif *other,
		       const char *sentence)
{
	json_t *list = json_array();
	for (size_t i = 0; i < other->n; i++)
		(void)json_array_append_new(list,
					    json_pack("{s:o, s:o, s:o}", "opened_at",
						      moment(other->list[i].opened_us), "closed_at",
						      moment(other->list[i].closed_us), "told_at",
						      moment(other->list[i].told_us)));
	json_t *all =
		json_pack("{s:s, s:b, s:s, s:{s:I, s:I, s:I, s:o}, s:{s:I, s:I}, s:I}", "source",
			  "log", "approximate", 1, "sentence", sentence, "incidents", "before",
			  (json_int_t)t->before, "same_rules", (json_int_t)same->incidents, "after",
			  (json_int_t)other->incidents, "list", list, "alerts", "same_rules",
			  (json_int_t)same->alerts, "after", (json_int_t)other->alerts,
			  "guessed_looks", (json_int_t)other->guessed);
	command_print_json(all);
	json_decref(all);
}

np_err tryr_report(struct tryr *t, struct command *c)
{
	NP_CLEANUP(buf_done) struct buf says;
	NP_CLEANUP(np_free_ptr) struct whatif *both = np_calloc(2, sizeof *both);
	const struct whatif_range range = { t->from_us, t->to_us };
	buf_init(&says, 256);
	if (both == NULL)
		return NP_E_NOMEM;
	np_err e = whatif_run(&t->now, t->input, t->n, &range, &both[0]);
	if (e == NP_OK)
		e = whatif_run(&t->then, t->input, t->n, &range, &both[1]);
	if (e < 0)
		return e;
	whatif_sentence(both[0].incidents, both[0].alerts, &both[1], &says);
	if (args_flag(c->args, "json")) {
		print_json(t, &both[0], &both[1], buf_c(&says));
		return NP_OK;
	}
	e = print_list(&both[1]);
	if (e < 0)
		return e;
	(void)printf("%s, beside the present rules (%u incidents; %lld really were); "
		     "%u looks that nobody took were guessed\n",
		     buf_c(&says), both[0].incidents, (long long)t->before, both[1].guessed);
	return NP_OK;
}
