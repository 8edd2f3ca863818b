/* SPDX-License-Identifier: Apache-2.0 */
/* `netpulse apply`: a file of definitions, a plan, and the API calls that carry it out. Nothing is
 * changed unless the whole file is valid. */
#include "base/file.h"
#include "base/str.h"
#include "cli/applykind.h"
#include "cli/cli.h"
#include "cli/command.h"
#include "cli/plan.h"
#include "cli/spec.h"
#include "core/monitor_json.h"

#define ERRORS_MAX 40

static const struct arg_opt opts[] = {
	API_OPTS,
	{ "file", "FILE", "YAML with lists `monitors` (or `endpoints`), `rotas`, …", NULL },
	{ "dry-run", NULL, "show the plan, change nothing", NULL },
	{ "prune", NULL, "also remove what the file's lists do not name", NULL },
	{ "if-empty", NULL, "do nothing when there are monitors already", NULL },
};
static const struct arg_spec spec = {
	.usage = "netpulse apply -f FILE [options]",
	.about =
		"Bring monitors, on-call rotas, policies and maintenance in line with a file. They are\n"
		"told apart by name (maintenance by title); a list that the file does not have is left\n"
		"alone. Channels, rotas, policies and monitors are named by name or id. Items have the\n"
		"fields of the API, or the shorter ones of this example; Gatus' `endpoints` do, too:\n"
		"\n"
		"  monitors:\n"
		"    - name: shop\n"
		"      url: https://shop.example/      # or kind: and target:\n"
		"      interval: 30s                   # or interval_s: 30\n"
		"      tags: [web]\n"
		"      conditions: [\"[STATUS] == 200\", \"[RESPONSE_TIME] < 500\"]\n"
		"      parent: router                  # a monitor\n"
		"  rotas:\n"
		"    - {name: on call, zone: Europe/Berlin, members: [anna, ben]}\n"
		"  policies:\n"
		"    - name: web\n"
		"      scope: tag\n"
		"      tag: web\n"
		"      rules: {reminder: 30m, escalation: [{after: 15m, channels: [on call]}]}\n"
		"  maintenance:\n"
		"    - {title: patch night, start: \"2026-03-01T02:00\", duration: 1h,\n"
		"       rrule: FREQ=WEEKLY, scope: {tags: [web]}}",
	.opts = opts,
	.n = NP_LEN(opts),
};

struct part {             /* one kind of thing */
	const char *list; /* as the file calls it; NULL: not in this file */
	json_t *wanted;   /* in the order of the file */
	json_t *present;  /* {id, name, given} each */
	struct plan plan;
};
struct source {
	struct yaml_doc *doc;
	const char *path;
	struct buf *why;
	size_t errors;
	struct part part[APPLY_N];
	struct refs refs;
	/* of the item that is looked at */
	const char *list;
	size_t at;
};

/* "rules.channels[0]" -> "/rules/channels/0" behind what stands in `out`. */
static void to_pointer(const char *field, char *out, size_t size)
{
	size_t n = strlen(out);
	if (*field != '\0' && n + 1 < size)
		out[n++] = '/';
	for (; *field != '\0' && n + 1 < size; field++)
		if (*field != ']')
			out[n++] = *field == '.' || *field == '[' ? '/' : *field;
	out[n] = '\0';
}

/* The line of a field, or of the nearest thing around it that has one. */
static uint32_t line_of(const struct source *s, size_t i, const char *field)
{
	char pointer[200];
	np_str name = str_from_c(field);
	(void)snprintf(pointer, sizeof pointer, "/%s/%zu", s->list, i);
	size_t item = strlen(pointer);
	to_pointer(field, pointer, sizeof pointer);
	uint32_t line = yaml_line(s->doc, pointer);
	size_t n = strlen(pointer);
	if (line == 0 && str_ends(name, NP_STR("_s"))) { /* interval_s may stand as `interval` */
		pointer[n - 2] = '\0';
		line = yaml_line(s->doc, pointer);
	}
	while (line == 0 && (n = strlen(pointer)) > item) {
		while (pointer[n] != '/')
			n--;
		pointer[n] = '\0';
		line = yaml_line(s->doc, pointer);
	}
	return line;
}

/* "file.yaml:12: monitors[3].interval_s: …" */
static void say(struct source *s, size_t i, const char *field, const char *text)
{
	if (s->errors++ >= ERRORS_MAX)
		return;
	(void)buf_printf(s->why, "%s%s:%u: %s[%zu]%s%s: %s", s->why->n > 0 ? "\n" : "", s->path,
			 line_of(s, i, field), s->list, i, *field != '\0' ? "." : "", field, text);
}

static void on_miss(void *ctx, const char *field, const char *why)
{
	struct source *s = ctx;
	say(s, s->at, field, why);
}

/* The validator of the API looks at the form; who is behind a name is looked up later. */
static void check_monitor(struct source *s, size_t i, const json_t *item)
{
	struct monj m;
	struct problem_list problems = { 0 };
	json_t *copy = json_deep_copy(item);
	refs_blank(REF_IN_MONITOR, copy);
	/* Policies make definitions before the validator sees them. */
	const json_t *policy = json_object_get(copy, "policy");
	if (policy != NULL && !json_is_null(policy) && !json_is_string(policy))
		say(s, i, "policy", "want a name or an id");
	(void)json_object_del(copy, "policy");
	np_err e = monj_read(copy, NULL, &m, &problems);
	for (size_t k = 0; k < problems.n; k++)
		say(s, i, problems.item[k].path, problems.item[k].text);
	if (e < 0 && problems.n == 0)
		say(s, i, "", np_err_text(e));
	json_decref(copy);
}

static bool is_twice(const json_t *wanted, const char *key, const json_t *m)
{
	size_t i;
	json_t *one;
	json_array_foreach((json_t *)(uintptr_t)wanted, i,
			   one) if (strcmp(api_text(one, key), api_text(m, key)) == 0) return true;
	return false;
}

static void read_item(struct source *s, enum apply_kind k, size_t i, const json_t *item)
{
	NP_CLEANUP(buf_done) struct buf field, why;
	json_t *plain = NULL;
	struct part *p = &s->part[k];
	buf_init(&field, 256);
	buf_init(&why, 1024);
	if (applykind_wanted(k, item, &plain, &field, &why) < 0) {
		say(s, i, buf_c(&field), buf_c(&why));
		return;
	}
	if (k == APPLY_MONITOR)
		check_monitor(s, i, plain);
	if (is_twice(p->wanted, apply_rows[k].key, plain))
		say(s, i, apply_rows[k].key, "another one of this file has the same name");
	(void)json_array_append_new(p->wanted, plain);
}

static bool kind_of(const char *list, enum apply_kind *ret)
{
	for (int k = 0; k < APPLY_N; k++)
		if (strcmp(list, apply_rows[k].list) == 0 ||
		    (k == APPLY_MONITOR && strcmp(list, "endpoints") == 0)) {
			*ret = (enum apply_kind)k;
			return true;
		}
	return false;
}

static void say_top(struct source *s, const char *key, const char *text)
{
	char pointer[160];
	(void)snprintf(pointer, sizeof pointer, "/%s", key);
	if (s->errors++ < ERRORS_MAX)
		(void)buf_printf(s->why, "%s%s:%u: %s: %s", s->why->n > 0 ? "\n" : "", s->path,
				 yaml_line(s->doc, pointer), key, text);
}

static void read_list(struct source *s, const char *name, const json_t *list)
{
	enum apply_kind k = APPLY_N;
	json_t *item;
	size_t i;
	if (!kind_of(name, &k)) {
		say_top(s, name,
			"is not known; a file has `monitors` (or `endpoints`), `rotas`, "
			"`policies`, `maintenance`");
	} else if (!json_is_array(list)) {
		say_top(s, name, "want a list");
	} else if (s->part[k].list != NULL) {
		say_top(s, name, "stands beside `monitors`: want one of them");
	} else {
		s->list = s->part[k].list = name;
		s->part[k].wanted = json_array();
		json_array_foreach((json_t *)(uintptr_t)list, i, item) read_item(s, k, i, item);
	}
}

static np_err end_of_errors(struct source *s)
{
	if (s->errors > ERRORS_MAX)
		(void)buf_printf(s->why, "\n… and %zu more", s->errors - ERRORS_MAX);
	return s->errors > 0 ? NP_E_INVAL : NP_OK;
}

static np_err read_lists(struct source *s)
{
	const json_t *root = yaml_root(s->doc);
	const char *key;
	json_t *value;
	if (json_object_size(root) == 0) {
		(void)buf_printf(s->why,
				 "%s:1: want a list `monitors:` (or `endpoints:`), `rotas:`, "
				 "`policies:` or `maintenance:` at the top",
				 s->path);
		return NP_E_INVAL;
	}
	json_object_foreach((json_t *)(uintptr_t)root, key, value) read_list(s, key, value);
	return end_of_errors(s);
}

static np_err read_file(struct command *c, struct source *s)
{
	NP_CLEANUP(buf_done) struct buf text;
	buf_init(&text, YAML_TEXT_MAX);
	if (s->path == NULL) {
		(void)buf_add_c(&c->why, "-f FILE is needed");
		return NP_E_INVAL;
	}
	np_err e = file_read(s->path, &text);
	if (e < 0) {
		(void)buf_printf(&c->why, "cannot read %s: %s", s->path, np_err_text(e));
		return e;
	}
	e = yaml_parse(buf_str(&text), &s->doc, &c->why);
	return e < 0 ? e : read_lists(s);
}

/* ---- what is there -------------------------------------------------------------- */

static enum ref_what names_of(enum apply_kind k)
{
	return k == APPLY_ROTA ? REF_CHANNEL : k == APPLY_POLICY ? REF_POLICY : REF_MONITOR;
}

static np_err read_present(struct command *c, struct source *s, enum apply_kind k)
{
	char path[API_PATH_MAX];
	const struct apply_row *row = &apply_rows[k];
	struct part *p = &s->part[k];
	json_t *items = NULL, *one;
	size_t i;
	if (k == APPLY_MAINTENANCE && p->list == NULL)
		return NP_OK;
	(void)snprintf(path, sizeof path, "%s%s", row->path,
		       k == APPLY_MONITOR ? "?limit=200" : "");
	np_err e = api_list(c->api, path, &items, &c->why);
	if (e < 0)
		return e;
	p->present = json_array();
	json_array_foreach(items, i, one)
	{
		(void)json_array_append_new(p->present, applykind_present(k, one));
		if (k != APPLY_MAINTENANCE)
			refs_know(&s->refs, names_of(k), api_text(one, row->key),
				  api_text(one, "id"));
	}
	json_array_foreach(p->wanted, i, one)
	{
		if (k != APPLY_MAINTENANCE)
			refs_expect(&s->refs, names_of(k), api_text(one, row->key));
	}
	json_decref(items);
	return NP_OK;
}

static np_err read_channels(struct command *c, struct source *s)
{
	json_t *items = NULL, *one;
	size_t i;
	np_err e = api_list(c->api, "/api/v1/channels", &items, &c->why);
	json_array_foreach(items, i, one)
		refs_know(&s->refs, REF_CHANNEL, api_text(one, "name"), api_text(one, "id"));
	json_decref(items);
	return e;
}

/* The API says what this window would be: that is checked, and compares with what it shows. */
static np_err preview(struct command *c, struct source *s, size_t i, json_t *wanted)
{
	NP_CLEANUP(buf_done) struct buf why;
	json_t *shown = NULL;
	const struct api_request r = { "POST", "/api/v1/maintenance/preview", wanted };
	buf_init(&why, 4096);
	np_err e = api_call(c->api, &r, &shown, &why);
	if (e == NP_E_INVAL)
		say(s, i, "", buf_c(&why));
	else if (e < 0)
		(void)buf_add(&c->why, buf_str(&why));
	json_t *full = e == NP_OK ? applykind_present(APPLY_MAINTENANCE, shown) : NULL;
	json_t *given = json_object_get(full, "given");
	if (json_object_get(wanted, "start") == NULL)
		(void)json_object_del(given, "start"); /* it began when it was made */
	if (given != NULL) {
		(void)json_object_clear(wanted);
		(void)json_object_update(wanted, given);
	}
	json_decref(full);
	json_decref(shown);
	return e == NP_E_INVAL ? NP_OK : e;
}

/* Names become ids, as far as they are there already. */
static np_err resolve(struct command *c, struct source *s)
{
	np_err e = NP_OK;
	s->refs.miss = on_miss;
	s->refs.ctx = s;
	for (int k = 0; e == NP_OK && k < APPLY_N; k++) {
		json_t *one;
		s->list = s->part[k].list;
		json_array_foreach(s->part[k].wanted, s->at, one)
		{
			size_t left = refs_resolve(&s->refs, apply_rows[k].in, one);
			if (e == NP_OK && k == APPLY_MAINTENANCE && left == 0)
				e = preview(c, s, s->at, one);
		}
	}
	s->refs.miss = NULL;
	return e < 0 ? e : end_of_errors(s);
}

/* The API has no such change, and half a plan is worse than none. */
static np_err refuse_scopes(struct source *s)
{
	const struct part *p = &s->part[APPLY_POLICY];
	s->list = p->list;
	for (size_t i = 0; i < p->plan.n; i++) {
		const struct plan_step *t = &p->plan.step[i];
		/* The steps of what is wanted come first, in the order of the file. */
		if (t->kind == PLAN_CHANGE && json_object_get(t->body, "scope") != NULL)
			say(s, i, "scope",
			    "the scope of a policy cannot be changed: give it another name");
	}
	return end_of_errors(s);
}

static np_err compare(struct command *c, struct source *s)
{
	np_err e = read_channels(c, s);
	for (int k = 0; e == NP_OK && k < APPLY_N; k++)
		e = read_present(c, s, (enum apply_kind)k);
	bool skip = args_flag(c->args, "if-empty") &&
		    json_array_size(s->part[APPLY_MONITOR].present) > 0;
	if (e < 0 || skip)
		return e;
	e = resolve(c, s);
	for (int k = 0; e == NP_OK && k < APPLY_N; k++) {
		struct part *p = &s->part[k];
		const struct plan_how how = { apply_rows[k].key, args_flag(c->args, "prune") };
		if (p->list != NULL)
			e = plan_make(p->wanted, p->present, &how, &p->plan);
	}
	return e < 0 ? e : refuse_scopes(s);
}

static void print_plan(const struct plan *p, const char *list, bool with_list)
{
	static const char marks[] = {
		[PLAN_SAME] = '=', [PLAN_ADD] = '+', [PLAN_CHANGE] = '~', [PLAN_REMOVE] = '-'
	};
	for (size_t i = 0; i < p->n; i++) {
		const struct plan_step *s = &p->step[i];
		const char *key;
		json_t *value;
		char mark[2] = { marks[s->kind], '\0' };
		if (s->kind == PLAN_SAME)
			continue;
		char title[300];
		(void)snprintf(title, sizeof title, "%s%s%s", with_list ? list : "",
			       with_list ? ": " : "", s->name);
		command_print_pair(mark, title);
		if (s->kind != PLAN_CHANGE)
			continue;
		json_object_foreach(s->body, key, value)
		{
			char *old = json_dumps(json_object_get(s->present, key), JSON_ENCODE_ANY);
			char *new = json_dumps(value, JSON_ENCODE_ANY);
			char line[400];
			(void)snprintf(line, sizeof line, "  %s: %s -> %s", key,
				       old != NULL ? old : "-", new != NULL ? new : "-");
			command_print_pair("", line);
			free(old);
			free(new);
		}
	}
}

static void print_plans(const struct source *s)
{
	size_t n[PLAN_REMOVE + 1] = { 0 }, left = 0;
	for (int k = 0; k < APPLY_N; k++) {
		const struct plan *p = &s->part[k].plan;
		print_plan(p, apply_rows[k].list, k != APPLY_MONITOR);
		for (int i = 0; i <= PLAN_REMOVE; i++)
			n[i] += plan_count(p, (enum plan_kind)i);
		left += p->left_alone;
	}
	(void)printf("%zu to add, %zu to change, %zu to remove, %zu as they should be", n[PLAN_ADD],
		     n[PLAN_CHANGE], n[PLAN_REMOVE], n[PLAN_SAME]);
	if (left > 0)
		(void)printf("; %zu others are left alone (--prune removes them)", left);
	(void)putchar('\n');
}

/* ---- carrying it out ------------------------------------------------------------- */

static np_err do_step(struct command *c, struct source *s, enum apply_kind k, struct plan_step *t)
{
	static const char *const methods[] = {
		[PLAN_ADD] = "POST", [PLAN_CHANGE] = "PATCH", [PLAN_REMOVE] = "DELETE"
	};
	const struct apply_row *row = &apply_rows[k];
	char path[API_PATH_MAX];
	json_t *answer = NULL;
	(void)snprintf(path, sizeof path, "%s", row->path);
	if (t->kind != PLAN_ADD)
		(void)snprintf(path, sizeof path, "%s/%s", row->path, t->id);
	np_err e = api_call(c->api, &(struct api_request){ methods[t->kind], path, t->body },
			    &answer, &c->why);
	if (e < 0)
		(void)buf_printf(&c->why, "\n  at %s; what stands before it in the plan is done",
				 t->name);
	/* 202: its owner has not decided yet, but it has its id. */
	const char *id = api_text(answer, "monitor_id");
	if (e == NP_OK && t->kind == PLAN_ADD && k != APPLY_MAINTENANCE)
		refs_know(&s->refs, names_of(k), t->name,
			  *id != '\0' ? id : api_text(answer, "id"));
	json_decref(answer);
	t->kind = PLAN_SAME;
	return e;
}

/* Once more and once more: whoever names a parent that is still to come waits for it. */
static np_err make_and_change(struct command *c, struct source *s, enum apply_kind k)
{
	struct plan *p = &s->part[k].plan;
	bool moved = true, waits = true;
	const char *last = "";
	np_err e = NP_OK;
	while (e == NP_OK && moved && waits) {
		moved = waits = false;
		for (size_t i = 0; e == NP_OK && i < p->n; i++) {
			struct plan_step *t = &p->step[i];
			if (t->kind != PLAN_ADD && t->kind != PLAN_CHANGE)
				continue;
			bool ready = refs_resolve(&s->refs, apply_rows[k].in, t->body) == 0;
			moved |= ready;
			waits |= !ready;
			last = ready ? last : t->name;
			e = ready ? do_step(c, s, k, t) : NP_OK;
		}
	}
	if (e == NP_OK && waits) {
		(void)buf_printf(&c->why, "%s is its own parent, by way of others", last);
		return NP_E_INVAL;
	}
	return e;
}

static np_err carry_out(struct command *c, struct source *s)
{
	np_err e = NP_OK;
	for (int k = 0; e == NP_OK && k < APPLY_N; k++)
		e = make_and_change(c, s, (enum apply_kind)k);
	/* What is used goes after what uses it. */
	for (int k = APPLY_N; e == NP_OK && k-- > 0;) {
		struct plan *p = &s->part[k].plan;
		for (size_t i = 0; e == NP_OK && i < p->n; i++)
			if (p->step[i].kind == PLAN_REMOVE)
				e = do_step(c, s, (enum apply_kind)k, &p->step[i]);
	}
	return e;
}

static np_err work(struct command *c)
{
	struct source s = { .path = args_str(c->args, "file"), .why = &c->why };
	np_err e = refs_init(&s.refs);
	if (e == NP_OK)
		e = read_file(c, &s);
	if (e == NP_OK)
		e = compare(c, &s);
	bool skip = args_flag(c->args, "if-empty") &&
		    json_array_size(s.part[APPLY_MONITOR].present) > 0;
	if (e == NP_OK && !skip)
		print_plans(&s);
	if (e == NP_OK && !skip && !args_flag(c->args, "dry-run"))
		e = carry_out(c, &s);
	for (int k = 0; k < APPLY_N; k++) {
		plan_done(&s.part[k].plan);
		json_decref(s.part[k].wanted);
		json_decref(s.part[k].present);
	}
	refs_done(&s.refs);
	yaml_free(s.doc);
	return e;
}

int cli_apply_main(int argc, char **argv)
{
	/* -f as everybody types it */
	char file[] = "--file";
	char *copy[64];
	if (argc > (int)NP_LEN(copy) - 1)
		return 2;
	for (int i = 0; i < argc; i++)
		copy[i] = strcmp(argv[i], "-f") == 0 ? file : argv[i];
	copy[argc] = NULL;
	return command_run(&spec, true, argc, copy, work);
}
