/* SPDX-License-Identifier: Apache-2.0 */
/* `netpulse apply`: a file of monitors, a plan, and the API calls that carry it out. Nothing is
 * changed unless the whole file is valid. */
#include "base/file.h"
#include "base/str.h"
#include "cli/cli.h"
#include "cli/command.h"
#include "cli/plan.h"
#include "cli/spec.h"
#include "core/monitor_json.h"

#define ERRORS_MAX 40

static const struct arg_opt opts[] = {
	API_OPTS,
	{ "file", "FILE", "YAML with a list `monitors` (or `endpoints`)", NULL },
	{ "dry-run", NULL, "show the plan, change nothing", NULL },
	{ "prune", NULL, "also remove monitors that the file does not name", NULL },
	{ "if-empty", NULL, "do nothing when there are monitors already", NULL },
};
static const struct arg_spec spec = {
	.usage = "netpulse apply -f FILE [options]",
	.about =
		"Bring monitors in line with a file. Monitors are told apart by name. Items have the\n"
		"fields of the API, or the shorter ones of this example; Gatus' `endpoints` do, too:\n"
		"\n"
		"  monitors:\n"
		"    - name: shop\n"
		"      url: https://shop.example/      # or kind: and target:\n"
		"      interval: 30s                   # or interval_s: 30\n"
		"      tags: [web]\n"
		"      conditions: [\"[STATUS] == 200\", \"[RESPONSE_TIME] < 500\"]",
	.opts = opts,
	.n = NP_LEN(opts),
};

struct source {
	struct yaml_doc *doc;
	const char *path, *list; /* "monitors" or "endpoints" */
	struct buf *why;
	size_t errors;
};

/* "file.yaml:12: monitors[3].interval_s: …"; the line of the nearest thing that has one. */
static void say(struct source *s, size_t i, const char *field, const char *text)
{
	char pointer[160];
	uint32_t line = 0;
	np_str name = str_from_c(field);
	size_t cut = str_find_byte(name, '_'); /* interval_s may stand there as `interval` */
	if (s->errors++ >= ERRORS_MAX)
		return;
	(void)snprintf(pointer, sizeof pointer, "/%s/%zu/%s", s->list, i, field);
	line = yaml_line(s->doc, pointer);
	if (line == 0 && cut != SIZE_MAX && str_ends(name, NP_STR("_s"))) {
		(void)snprintf(pointer, sizeof pointer, "/%s/%zu/%.*s", s->list, i,
			       NP_FMT(str_sub(name, 0, name.n - 2)));
		line = yaml_line(s->doc, pointer);
	}
	if (line == 0) {
		(void)snprintf(pointer, sizeof pointer, "/%s/%zu", s->list, i);
		line = yaml_line(s->doc, pointer);
	}
	(void)buf_printf(s->why, "%s%s:%u: %s[%zu]%s%s: %s", s->why->n > 0 ? "\n" : "", s->path,
			 line, s->list, i, *field != '\0' ? "." : "", field, text);
}

static json_t *read_item(struct source *s, size_t i, const json_t *item)
{
	NP_CLEANUP(buf_done) struct buf field, why;
	json_t *plain = NULL;
	struct monj m;
	struct problem_list problems = { 0 };
	buf_init(&field, 256);
	buf_init(&why, 1024);
	if (spec_item(item, &plain, &field, &why) < 0) {
		say(s, i, buf_c(&field), buf_c(&why));
		return NULL;
	}
	np_err e = monj_read(plain, NULL, &m, &problems);
	for (size_t k = 0; k < problems.n; k++)
		say(s, i, problems.item[k].path, problems.item[k].text);
	if (e < 0)
		json_decref(np_take(plain));
	return plain;
}

static bool is_twice(const json_t *wanted, const json_t *m)
{
	size_t i;
	json_t *one;
	json_array_foreach((json_t *)(uintptr_t)wanted, i,
			   one) if (strcmp(api_text(one, "name"), api_text(m, "name")) ==
				    0) return true;
	return false;
}

static np_err read_list(struct source *s, json_t *wanted)
{
	const json_t *root = yaml_root(s->doc);
	s->list = json_object_get(root, "endpoints") != NULL ? "endpoints" : "monitors";
	const json_t *list = json_object_get(root, s->list);
	const char *key;
	json_t *value, *item;
	size_t i;
	if (!json_is_object(root) || !json_is_array(list)) {
		(void)buf_printf(s->why,
				 "%s:1: want a list `monitors:` (or `endpoints:`) at the top",
				 s->path);
		return NP_E_INVAL;
	}
	json_object_foreach((json_t *)(uintptr_t)root, key, value)
	{
		char pointer[160];
		(void)snprintf(pointer, sizeof pointer, "/%s", key);
		if (strcmp(key, s->list) != 0 && s->errors++ < ERRORS_MAX)
			(void)buf_printf(s->why, "%s%s:%u: %s: only `%s` is known here",
					 s->why->n > 0 ? "\n" : "", s->path,
					 yaml_line(s->doc, pointer), key, s->list);
	}
	json_array_foreach((json_t *)(uintptr_t)list, i, item)
	{
		json_t *m = read_item(s, i, item);
		if (m != NULL && is_twice(wanted, m))
			say(s, i, "name", "another monitor of this file has the same name");
		if (m != NULL)
			(void)json_array_append_new(wanted, m);
	}
	if (s->errors > ERRORS_MAX)
		(void)buf_printf(s->why, "\n… and %zu more", s->errors - ERRORS_MAX);
	return s->errors > 0 ? NP_E_INVAL : NP_OK;
}

static np_err read_file(struct command *c, json_t *wanted)
{
	NP_CLEANUP(buf_done) struct buf text;
	struct source s = { .path = args_str(c->args, "file"), .why = &c->why };
	buf_init(&text, YAML_TEXT_MAX);
	if (s.path == NULL) {
		(void)buf_add_c(&c->why, "-f FILE is needed");
		return NP_E_INVAL;
	}
	np_err e = file_read(s.path, &text);
	if (e < 0) {
		(void)buf_printf(&c->why, "cannot read %s: %s", s.path, np_err_text(e));
		return e;
	}
	if ((e = yaml_parse(buf_str(&text), &s.doc, &c->why)) == NP_OK)
		e = read_list(&s, wanted);
	yaml_free(s.doc);
	return e;
}

static void print_plan(const struct plan *p)
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
		command_print_pair(mark, s->name);
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
	(void)printf("%zu to add, %zu to change, %zu to remove, %zu as they should be",
		     plan_count(p, PLAN_ADD), plan_count(p, PLAN_CHANGE),
		     plan_count(p, PLAN_REMOVE), plan_count(p, PLAN_SAME));
	if (p->left_alone > 0)
		(void)printf("; %zu others are left alone (--prune removes them)", p->left_alone);
	(void)putchar('\n');
}

static np_err carry_out(struct command *c, const struct plan *p)
{
	static const char *const methods[] = {
		[PLAN_ADD] = "POST", [PLAN_CHANGE] = "PATCH", [PLAN_REMOVE] = "DELETE"
	};
	for (size_t i = 0; i < p->n; i++) {
		const struct plan_step *s = &p->step[i];
		char path[API_PATH_MAX] = "/api/v1/monitors";
		if (s->kind == PLAN_SAME)
			continue;
		if (s->kind != PLAN_ADD)
			(void)snprintf(path, sizeof path, "/api/v1/monitors/%s", s->id);
		np_err e =
			api_call(c->api, &(struct api_request){ methods[s->kind], path, s->body },
				 NULL, &c->why);
		if (e < 0) {
			(void)buf_printf(&c->why,
					 "\n  at %s; what stands before it in the plan is done",
					 s->name);
			return e;
		}
	}
	return NP_OK;
}

static np_err work(struct command *c)
{
	json_t *wanted = json_array(), *present = NULL;
	struct plan p = { 0 };
	np_err e = read_file(c, wanted);
	if (e == NP_OK)
		e = api_list(c->api, "/api/v1/monitors?limit=200", &present, &c->why);
	bool skip = args_flag(c->args, "if-empty") && json_array_size(present) > 0;
	if (e == NP_OK && !skip)
		e = plan_make(wanted, present, args_flag(c->args, "prune"), &p);
	if (e == NP_OK && !skip)
		print_plan(&p);
	if (e == NP_OK && !skip && !args_flag(c->args, "dry-run"))
		e = carry_out(c, &p);
	plan_done(&p);
	json_decref(wanted);
	json_decref(present);
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
