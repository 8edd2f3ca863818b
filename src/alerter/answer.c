/* SPDX-License-Identifier: Apache-2.0 */
#include "alerter/answer.h"

#include <jansson.h>

#include "base/str.h"

#define WORDS_MAX 120
#define ASKED_MAX_S (24 * 3600)

bool answer_has(np_str answer, const char *said)
{
	np_str want = str_from_c(said);
	size_t k = 0;
	if (want.n == 0)
		return true;
	/* Our texts have no repeated beginning: starting over at a mismatch is exact. */
	for (size_t i = 0; i < answer.n; i++) {
		char c = answer.p[i];
		if (c == ' ' || c == '\n' || c == '\r' || c == '\t')
			continue;
		k = c == want.p[k] ? k + 1 : c == want.p[0] ? 1 : 0;
		if (k == want.n)
			return true;
	}
	return false;
}

static int64_t seconds_of(const json_t *o)
{
	const json_t *s = json_object_get(o, "retry_after");
	const json_t *ms = json_object_get(o, "retry_after_ms");
	double v = json_is_number(s) ? json_number_value(s) : json_number_value(ms) / 1000.0;
	if (!(v > 0))
		return 0;
	return v > ASKED_MAX_S ? ASKED_MAX_S : (int64_t)(v + 0.999);
}

int64_t answer_retry_after_s(np_str answer)
{
	json_t *o = json_loadb(answer.p, answer.n, JSON_REJECT_DUPLICATES, NULL);
	const char *key;
	json_t *value;
	int64_t s = seconds_of(o);
	if (s == 0 && json_is_object(o))
		json_object_foreach(o, key, value) if (s == 0) s = seconds_of(value);
	json_decref(o);
	return s;
}

/* The member that tells people what is wrong, or the text as it is. */
static np_str sentence(const json_t *o, np_str raw)
{
	static const char *const names[] = { "description", "message", "error", "errorDescription",
					     "errcode" };
	for (size_t i = 0; i < NP_LEN(names); i++) {
		const json_t *v = json_object_get(o, names[i]);
		if (json_is_string(v))
			return (np_str){ json_string_value(v), json_string_length(v) };
	}
	return json_is_object(o) || str_starts(raw, NP_STR("<")) ? (np_str){ 0 } : raw;
}

void answer_words(np_str answer, const np_str *secret, size_t n, char *ret, size_t size)
{
	json_t *o = json_loadb(answer.p, answer.n, 0, NULL);
	np_str s = str_clip_utf8(sentence(o, str_trim(answer)), WORDS_MAX);
	bool fine = size > s.n && str_is_utf8(s);
	for (size_t i = 0; i < n; i++)
		if (secret[i].n > 0 && str_find(answer, secret[i]) != SIZE_MAX)
			fine = false;
	ret[0] = '\0';
	for (size_t i = 0; fine && i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];
		ret[i] = c < 0x20 || c == 0x7f ? ' ' : s.p[i];
		ret[i + 1] = '\0';
	}
	json_decref(o);
}
