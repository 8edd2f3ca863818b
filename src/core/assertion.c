/* SPDX-License-Identifier: Apache-2.0 */
#include "core/assertion.h"

#include <math.h>

#include "base/str.h"
#include "core/jread.h"

/* ---- tables ---- */

enum shape { NUMERIC, TEXTUAL, ANY };

static const struct source_row {
	const char *name;  /* in JSON; a trailing ':' takes an argument */
	const char *words; /* in sentences */
	enum shape shape;
	uint32_t kinds; /* bit per enum mon_kind */
} sources[] = {
#define KIND(k) (UINT32_C(1) << (k))
	[ASRT_STATUS] = { "status", "status", NUMERIC, KIND(MON_HTTP) },
	[ASRT_BODY] = { "body", "body", TEXTUAL, KIND(MON_HTTP) },
	[ASRT_HEADER] = { "header:", "header ", ANY, KIND(MON_HTTP) },
	[ASRT_JSON] = { "json:", "JSON value ", ANY, KIND(MON_HTTP) },
	[ASRT_LATENCY_MS] = { "latency_ms", "latency in ms", NUMERIC, UINT32_MAX },
	[ASRT_CERT_DAYS] = { "cert_days", "days left of the certificate", NUMERIC,
			     KIND(MON_HTTP) | KIND(MON_TLS) },
	[ASRT_ANSWERS] = { "answers", "DNS answer", TEXTUAL, KIND(MON_DNS) },
	[ASRT_ANSWER_COUNT] = { "answer_count", "number of DNS answers", NUMERIC, KIND(MON_DNS) },
	[ASRT_REPLY] = { "reply", "reply", TEXTUAL, KIND(MON_TCP) },
#undef KIND
};
static_assert(NP_LEN(sources) == ASRT_SOURCE_N, "a row for every source");

static const struct op_row {
	const char *name;
	const char *wanted;    /* "status is 503, wanted <wanted>200" */
	enum shape shape;      /* of the sources and values it takes */
	enum asrt_op positive; /* of a negative one: holds when this holds for no candidate */
	bool no_value;
} ops[] = {
	[ASRT_EQ] = { "eq", "", ANY, ASRT_EQ, false },
	[ASRT_NE] = { "ne", "anything but ", ANY, ASRT_EQ, false },
	[ASRT_LT] = { "lt", "less than ", NUMERIC, ASRT_LT, false },
	[ASRT_LE] = { "le", "at most ", NUMERIC, ASRT_LE, false },
	[ASRT_GT] = { "gt", "more than ", NUMERIC, ASRT_GT, false },
	[ASRT_GE] = { "ge", "at least ", NUMERIC, ASRT_GE, false },
	[ASRT_CONTAINS] = { "contains", "it to contain ", TEXTUAL, ASRT_CONTAINS, false },
	[ASRT_NOT_CONTAINS] = { "not_contains", "it not to contain ", TEXTUAL, ASRT_CONTAINS,
				false },
	[ASRT_MATCHES] = { "matches", "a match of ", TEXTUAL, ASRT_MATCHES, false },
	[ASRT_NOT_MATCHES] = { "not_matches", "no match of ", TEXTUAL, ASRT_MATCHES, false },
	[ASRT_EXISTS] = { "exists", "it to be there", ANY, ASRT_EXISTS, true },
	[ASRT_ABSENT] = { "absent", "it to be absent", ANY, ASRT_EXISTS, true },
};
static_assert(NP_LEN(ops) == ASRT_OP_N, "a row for every op");

/* ---- reading ---- */

static bool read_source(np_str s, struct asrt *a)
{
	for (size_t i = 0; i < ASRT_SOURCE_N; i++) {
		np_str name = str_from_c(sources[i].name);
		bool takes_arg = name.p[name.n - 1] == ':';
		if (takes_arg ? !str_starts(s, name) : !str_eq(s, name))
			continue;
		a->source = (enum asrt_source)i;
		a->arg = str_sub(s, name.n, s.n);
		return a->arg.n <= ASRT_ARG_MAX && (a->source != ASRT_HEADER || a->arg.n > 0);
	}
	return false;
}

static bool read_op(np_str s, struct asrt *a)
{
	for (size_t i = 0; i < ASRT_OP_N; i++) {
		if (str_eq_c(s, ops[i].name)) {
			a->op = (enum asrt_op)i;
			return true;
		}
	}
	return false;
}

/* Text, number or boolean; a boolean is compared as "true" and "false". */
static bool read_value(const json_t *v, struct asrt *a)
{
	a->is_number = json_is_number(v);
	a->number = json_number_value(v);
	if (json_is_boolean(v))
		a->text = json_is_true(v) ? NP_STR("true") : NP_STR("false");
	else
		a->text = jread_text(v);
	return a->is_number || json_is_boolean(v) ||
	       (json_is_string(v) && a->text.n <= ASRT_VALUE_MAX && str_is_utf8(a->text));
}

/* The value must suit the op and the source; yields what is wrong, or NULL. */
static const char *value_problem(struct asrt *a)
{
	bool wants_number = ops[a->op].shape == NUMERIC ||
			    (sources[a->source].shape == NUMERIC && ops[a->op].shape != TEXTUAL);
	if (ops[a->op].shape == TEXTUAL && a->is_number)
		return "must be a text for this op";
	if (ops[a->op].positive == ASRT_MATCHES && a->text.n > ASRT_PATTERN_MAX)
		return "must be a pattern of at most 128 bytes";
	if (!wants_number || a->is_number)
		return NULL;
	a->is_number = str_to_double(a->text, &a->number) == NP_OK && isfinite(a->number);
	return a->is_number ? NULL : "must be a number here";
}

static const char *op_problem(enum mon_kind kind, const struct asrt *a)
{
	const struct source_row *s = &sources[a->source];
	if ((s->kinds & UINT32_C(1) << kind) == 0)
		return "does not exist for this kind of monitor";
	if (s->shape == TEXTUAL && ops[a->op].shape == NUMERIC)
		return "is a text: it has no order";
	if (s->shape == NUMERIC && ops[a->op].positive == ASRT_CONTAINS)
		return "is a number: it contains nothing";
	return NULL;
}

static void read_one(enum mon_kind kind, const struct jread *r, struct asrt_list *ret)
{
	static const char *const allowed[] = { "source", "op", "value", "soft", NULL };
	struct asrt a = { 0 };
	size_t before = r->p->n + r->p->more;
	const json_t *value = jread_get(r, "value");
	jread_only(r, allowed);
	bool source_ok = read_source(jread_text(jread_get(r, "source")), &a);
	bool op_ok = read_op(jread_text(jread_get(r, "op")), &a);
	if (!source_ok)
		problem_add(r->p, r->prefix, "source",
			    "must be status, body, header:<name>, json:<path>, latency_ms, "
			    "cert_days, answers, answer_count or reply");
	if (!op_ok)
		problem_add(r->p, r->prefix, "op",
			    "must be eq, ne, lt, le, gt, ge, contains, not_contains, matches, "
			    "not_matches, exists or absent");
	jread_bool(r, "soft", &a.soft);
	if (!source_ok || !op_ok)
		return;
	const char *wrong = op_problem(kind, &a);
	if (wrong != NULL)
		problem_add(r->p, r->prefix, "source", "%s", wrong);
	if (!ops[a.op].no_value && !read_value(value, &a))
		wrong = "must be a text of at most 1024 bytes, a number or a boolean";
	else
		wrong = ops[a.op].no_value ? NULL : value_problem(&a);
	if (wrong != NULL)
		problem_add(r->p, r->prefix, "value", "%s", wrong);
	if (r->p->n + r->p->more == before)
		ret->item[ret->n++] = a;
}

void asrt_read(enum mon_kind kind, const json_t *array, struct asrt_list *ret,
	       struct problem_list *p)
{
	ret->n = 0;
	if (array == NULL || json_is_null(array))
		return;
	if (!json_is_array(array) || json_array_size(array) > ASRT_MAX) {
		problem_add(p, "", "assertions", "must be a list of at most %d", ASRT_MAX);
		return;
	}
	for (size_t i = 0; i < json_array_size(array); i++) {
		char prefix[48];
		const json_t *item = json_array_get(array, i);
		(void)snprintf(prefix, sizeof prefix, "assertions[%zu].", i);
		struct jread r = { .object = item, .prefix = prefix, .p = p };
		if (json_is_object(item))
			read_one(kind, &r, ret);
		else
			problem_add(p, prefix, "", "must be an object");
	}
}

bool asrt_has_source(const struct asrt_list *l, enum asrt_source source)
{
	for (size_t i = 0; i < l->n; i++)
		if (l->item[i].source == source)
			return true;
	return false;
}

bool asrt_needs_json(const struct asrt_list *l)
{
	return asrt_has_source(l, ASRT_JSON);
}

bool asrt_needs_body(const struct asrt_list *l)
{
	return asrt_has_source(l, ASRT_BODY) || asrt_needs_json(l);
}

/* ---- looking ---- */

/* Backtracks to the latest star only: at most pattern x text steps. */
bool asrt_glob(np_str pattern, np_str text)
{
	size_t p = 0, t = 0, star = SIZE_MAX, mark = 0;
	while (t < text.n) {
		bool escaped = p + 1 < pattern.n && pattern.p[p] == '\\';
		if (p < pattern.n && pattern.p[p] == '*') {
			star = p++;
			mark = t;
		} else if (escaped ? pattern.p[p + 1] == text.p[t]
				   : p < pattern.n &&
					     (pattern.p[p] == '?' || pattern.p[p] == text.p[t])) {
			p += escaped ? 2 : 1;
			t++;
		} else if (star != SIZE_MAX) {
			p = star + 1;
			t = ++mark;
		} else {
			return false;
		}
	}
	while (p < pattern.n && pattern.p[p] == '*')
		p++;
	return p == pattern.n;
}

/* "[n]" at the head of *path. */
static const json_t *json_index(const json_t *at, np_str *path)
{
	size_t end = str_find_byte(*path, ']');
	uint64_t n = 0;
	if (end == SIZE_MAX || str_to_u64(str_sub(*path, 1, end), &n) < 0)
		return NULL;
	*path = str_sub(*path, end + 1, path->n);
	return json_is_array(at) ? json_array_get(at, (size_t)n) : NULL;
}

static const json_t *json_member(const json_t *at, np_str *path)
{
	size_t end = 0;
	while (end < path->n && path->p[end] != '.' && path->p[end] != '[')
		end++;
	np_str name = str_sub(*path, 0, end);
	*path = str_sub(*path, end, path->n);
	return json_is_object(at) ? json_object_getn(at, name.p, name.n) : NULL;
}

/* Value at "a.b[2].c"; NULL when absent. */
static const json_t *asrt_json_at(const json_t *root, np_str path)
{
	const json_t *at = root;
	if (str_starts(path, NP_STR("$")))
		path = str_sub(path, 1, path.n);
	while (at != NULL && path.n > 0) {
		if (path.p[0] == '[') {
			at = json_index(at, &path);
			continue;
		}
		if (path.p[0] == '.')
			path = str_sub(path, 1, path.n);
		at = json_member(at, &path);
	}
	return at;
}

/* One value that a source offers. Not copied: text may point into `digits`. */
struct found {
	bool is_number;
	double number;
	np_str text;
	char digits[40];
};

static void found_number(struct found *f, double v)
{
	f->is_number = true;
	f->number = v;
	int n = snprintf(f->digits, sizeof f->digits, "%.15g", v);
	f->text = (np_str){ f->digits, n > 0 ? (size_t)n : 0 };
}

static bool found_json(struct found *f, const json_t *v)
{
	if (v == NULL)
		return false;
	if (json_is_number(v))
		found_number(f, json_number_value(v));
	else if (json_is_string(v))
		f->text = jread_text(v);
	else if (json_is_boolean(v))
		f->text = json_is_true(v) ? NP_STR("true") : NP_STR("false");
	else
		f->text = json_is_null(v) ? NP_STR("null") : NP_STR("");
	return true;
}

static bool found_text(struct found *f, np_str s)
{
	f->text = s;
	return true;
}

static bool found_i64(struct found *f, int64_t v)
{
	found_number(f, (double)v);
	return true;
}

static const json_t *json_value(const struct asrt *a, const struct asrt_facts *f)
{
	return f->json != NULL ? asrt_json_at(f->json, a->arg) : NULL;
}

/* How many candidates may there be? A header may come twice, a list has elements. */
static size_t candidates(const struct asrt *a, const struct asrt_facts *f)
{
	if (a->source == ASRT_HEADER)
		return f->header_n;
	if (a->source == ASRT_ANSWERS)
		return f->answer_n;
	const json_t *v = a->source == ASRT_JSON ? json_value(a, f) : NULL;
	return json_is_array(v) && ops[a->op].positive != ASRT_EXISTS ? json_array_size(v) : 1;
}

static bool candidate(const struct asrt *a, const struct asrt_facts *f, size_t i, struct found *ret)
{
	const json_t *v = NULL;
	switch (a->source) {
	case ASRT_STATUS:
		return f->status > 0 && found_i64(ret, f->status);
	case ASRT_BODY:
		return found_text(ret, f->body);
	case ASRT_HEADER:
		return str_eq_nocase(f->header[i].name, a->arg) &&
		       found_text(ret, f->header[i].value);
	case ASRT_JSON:
		v = json_value(a, f);
		if (json_is_array(v) && ops[a->op].positive != ASRT_EXISTS)
			v = json_array_get(v, i);
		return found_json(ret, v);
	case ASRT_LATENCY_MS:
		found_number(ret, (double)f->latency_us / 1000.0);
		return true;
	case ASRT_CERT_DAYS:
		return f->has_cert && found_i64(ret, f->cert_days);
	case ASRT_ANSWERS:
		return found_text(ret, f->answer[i]);
	case ASRT_ANSWER_COUNT:
		return found_i64(ret, (int64_t)f->answer_n);
	case ASRT_REPLY:
		return found_text(ret, f->reply);
	case ASRT_SOURCE_N:
		break;
	}
	return false;
}

/* ---- deciding ---- */

static bool same(const struct asrt *a, const struct found *f, double n)
{
	if (a->is_number)
		return fabs(n - a->number) <= 1e-9 * fmax(1.0, fabs(a->number));
	return str_eq(f->text, a->text);
}

static bool holds_for(const struct asrt *a, const struct found *f)
{
	double n = f->number;
	if (a->is_number && !f->is_number && str_to_double(str_trim(f->text), &n) < 0)
		return false;
	switch (ops[a->op].positive) {
	case ASRT_EQ:
		return same(a, f, n);
	case ASRT_LT:
		return n < a->number;
	case ASRT_LE:
		return n <= a->number;
	case ASRT_GT:
		return n > a->number;
	case ASRT_GE:
		return n >= a->number;
	case ASRT_CONTAINS:
		return str_find(f->text, a->text) != SIZE_MAX;
	case ASRT_MATCHES:
		return asrt_glob(a->text, f->text);
	case ASRT_EXISTS:
		return true;
	case ASRT_NE:
	case ASRT_NOT_CONTAINS:
	case ASRT_NOT_MATCHES:
	case ASRT_ABSENT:
	case ASRT_OP_N:
		break; /* never "positive" */
	}
	return false;
}

static bool holds(const struct asrt *a, const struct asrt_facts *f)
{
	bool any = false;
	for (size_t i = 0, n = candidates(a, f); i < n && !any; i++) {
		struct found found = { 0 };
		any = candidate(a, f, i, &found) && holds_for(a, &found);
	}
	return any == (ops[a->op].positive == a->op);
}

/* What was found, shortened; texts in quotes, and never more than a glance of a body. */
static void say_found(const struct asrt *a, const struct asrt_facts *f, struct buf *out)
{
	struct found found = { 0 };
	size_t i = 0, n = candidates(a, f);
	while (i < n && !candidate(a, f, i, &found))
		i++;
	if (i == n) {
		buf_add_c(out, " is missing");
		return;
	}
	if (a->source == ASRT_BODY) {
		buf_add_c(out, f->body_cut ? " (its beginning)" : "");
		buf_printf(out, " has %zu bytes", found.text.n);
		return;
	}
	np_str shown = str_clip_utf8(found.text, ASRT_SHOWN_MAX);
	buf_printf(out, found.is_number ? " is %.*s%s" : " is \"%.*s%s\"", NP_FMT(shown),
		   shown.n < found.text.n ? "…" : "");
}

static void say(const struct asrt *a, const struct asrt_facts *f, struct buf *out)
{
	np_str shown = str_clip_utf8(a->text, ASRT_SHOWN_MAX);
	buf_add_c(out, sources[a->source].words);
	buf_add(out, a->arg);
	say_found(a, f, out);
	buf_printf(out, ", wanted %s", ops[a->op].wanted);
	if (ops[a->op].no_value)
		return;
	if (a->is_number)
		buf_printf(out, "%.15g", a->number);
	else
		buf_printf(out, "\"%.*s%s\"", NP_FMT(shown), shown.n < a->text.n ? "…" : "");
}

enum asrt_outcome asrt_eval(const struct asrt_list *l, const struct asrt_facts *f, struct buf *text)
{
	const struct asrt *worst = NULL;
	for (size_t i = 0; i < l->n; i++) {
		const struct asrt *a = &l->item[i];
		bool worse = worst == NULL || (worst->soft && !a->soft);
		if (worse && !holds(a, f))
			worst = a;
	}
	if (worst == NULL)
		return ASRT_PASS;
	if (text != NULL)
		say(worst, f, text);
	return worst->soft ? ASRT_SOFT_FAIL : ASRT_HARD_FAIL;
}
