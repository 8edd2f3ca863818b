/* SPDX-License-Identifier: Apache-2.0 */
/* Conditions as Gatus writes them: "[STATUS] == 200", "[BODY].status == UP",
 * "[RESPONSE_TIME] < 300", "[CERTIFICATE_EXPIRATION] > 48h". */
#include "base/str.h"
#include "cli/spec.h"

struct operator
{
	const char *text, *op;
};
/* Longer ones first: "<=" before "<". */
static const struct operator operators[] = {
	{ "==", "eq" }, { "!=", "ne" }, { "<=", "le" },
	{ ">=", "ge" }, { "<", "lt" },  { ">", "gt" },
};

static const struct operator* cut_operator(np_str text, np_str *ret_left, np_str *ret_right)
{
	for (size_t i = 0; i < NP_LEN(operators); i++) {
		np_str op = str_from_c(operators[i].text);
		size_t at = str_find(text, op);
		if (at == SIZE_MAX)
			continue;
		*ret_left = str_trim(str_sub(text, 0, at));
		*ret_right = str_trim(str_sub(text, at + op.n, text.n));
		return &operators[i];
	}
	return NULL;
}

static json_t *make(const char *source, const char *op, json_t *value)
{
	return json_pack("{s:s, s:s, s:o}", "source", source, "op", op, "value", value);
}

static json_t *number_or_text(np_str s)
{
	double d = 0;
	if (str_to_double(s, &d) < 0)
		return json_stringn(s.p, s.n);
	return d >= -1e15 && d <= 1e15 && d == (double)(json_int_t)d ? json_integer((json_int_t)d)
								     : json_real(d);
}

/* pat(*x*) is a pattern, anything else itself. */
static json_t *with_pattern(const char *source, const char *op, np_str right, struct buf *why)
{
	if (!str_starts(right, NP_STR("pat(")) || !str_ends(right, NP_STR(")")))
		return make(source, op, number_or_text(right));
	np_str pattern = str_sub(right, 4, right.n - 1);
	const char *match = str_eq_c(str_from_c(op), "eq") ? "matches" : "not_matches";
	if (!str_eq_c(str_from_c(op), "eq") && !str_eq_c(str_from_c(op), "ne")) {
		(void)buf_add_c(why, "pat(…) goes with == or != only");
		return NULL;
	}
	return make(source, match, json_stringn(pattern.p, pattern.n));
}

static json_t *of_certificate(const char *op, np_str right, struct buf *why)
{
	int64_t ms = 0;
	if (str_to_ms(right, &ms) < 0) {
		(void)buf_add_c(why,
				"[CERTIFICATE_EXPIRATION] is compared with a time such as 48h");
		return NULL;
	}
	return make("cert_days", op, json_real((double)ms / (double)(24 * 60 * NP_MIN_MS)));
}

static json_t *of_latency(const char *op, np_str right, struct buf *why)
{
	int64_t ms = 0;
	uint64_t plain = 0;
	if (str_to_u64(right, &plain) == NP_OK)
		ms = (int64_t)plain;
	else if (str_to_ms(right, &ms) < 0) {
		(void)buf_add_c(
			why,
			"[RESPONSE_TIME] is compared with milliseconds or a time such as 300ms");
		return NULL;
	}
	return make("latency_ms", op, json_integer(ms));
}

static json_t *of_connected(const char *op, np_str right, struct buf *why)
{
	bool always = (strcmp(op, "eq") == 0 && str_eq_c(right, "true")) ||
		      (strcmp(op, "ne") == 0 && str_eq_c(right, "false"));
	if (always) /* a check that did not connect has failed anyway */
		return json_true();
	(void)buf_add_c(why, "[CONNECTED] can only be == true");
	return NULL;
}

static json_t *of_body(np_str left, const char *op, np_str right, struct buf *why)
{
	char source[256];
	np_str path = str_sub(left, 6, left.n); /* behind "[BODY]" */
	if (path.n == 0)
		return with_pattern("body", op, right, why);
	if (path.p[0] == '.')
		path = str_sub(path, 1, path.n);
	int n = snprintf(source, sizeof source, "json:%.*s", NP_FMT(path));
	if (n < 0 || (size_t)n >= sizeof source) {
		(void)buf_add_c(why, "the path behind [BODY] is too long");
		return NULL;
	}
	return with_pattern(source, op, right, why);
}

json_t *spec_condition(np_str text, struct buf *ret_why)
{
	np_str left, right;
	const struct operator* o = cut_operator(text, &left, &right);
	if (o == NULL || left.n == 0 || right.n == 0) {
		(void)buf_add_c(ret_why, "want LEFT OPERATOR RIGHT with ==, !=, <, <=, > or >=");
		return NULL;
	}
	if (str_eq_c(left, "[STATUS]") && !str_starts(right, NP_STR("any(")))
		return with_pattern("status", o->op, right, ret_why);
	if (str_eq_c(left, "[RESPONSE_TIME]"))
		return of_latency(o->op, right, ret_why);
	if (str_eq_c(left, "[CERTIFICATE_EXPIRATION]"))
		return of_certificate(o->op, right, ret_why);
	if (str_eq_c(left, "[CONNECTED]"))
		return of_connected(o->op, right, ret_why);
	if (str_starts(left, NP_STR("[BODY]")) && !str_starts(right, NP_STR("any(")))
		return of_body(left, o->op, right, ret_why);
	(void)buf_printf(ret_why,
			 "%.*s is not known here; there are [STATUS], [BODY], [BODY].path, "
			 "[RESPONSE_TIME], [CERTIFICATE_EXPIRATION], [CONNECTED], and `assertions` "
			 "for the rest",
			 NP_FMT(text));
	return NULL;
}
