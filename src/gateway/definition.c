/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/definition.h"

#include <jansson.h>

#include "base/str.h"

#define TARGET_MAX 4096
#define TEXT_MAX ((size_t)256 * 1024) /* options, assertions */

/* Seconds, fractions allowed -> ms; absent: the default. */
static np_err read_ms(const json_t *o, const char *key, int64_t fallback_ms, uint32_t *ret)
{
	const json_t *v = json_object_get(o, key);
	double ms = v ? json_number_value(v) * 1000.0 : (double)fallback_ms;
	if ((v && !json_is_number(v)) || !(ms >= 0 && ms <= (double)UINT32_MAX))
		return NP_E_INVAL;
	*ret = (uint32_t)ms;
	return NP_OK;
}

static np_err read_times(const json_t *o, struct gw_monitor *m)
{
	np_err e = read_ms(o, "interval_s", MON_INTERVAL_MS, &m->interval_ms);
	if (e == NP_OK)
		e = read_ms(o, "timeout_s", mon_default_timeout_ms(m->interval_ms), &m->timeout_ms);
	if (e == NP_OK)
		e = read_ms(o, "retry_interval_s", MON_RETRY_INTERVAL_MS, &m->retry_interval_ms);
	const json_t *r = json_object_get(o, "retries");
	json_int_t n = r ? json_integer_value(r) : MON_RETRIES;
	if (e < 0 || n < 0 || n > MON_RETRIES_MAX || m->interval_ms == 0 || m->timeout_ms == 0)
		return NP_E_INVAL;
	m->retries = (uint32_t)n;
	return NP_OK;
}

/* The value as compact JSON text, "" when absent. */
static np_err read_json(const json_t *o, const char *key, char **ret)
{
	const json_t *v = json_object_get(o, key);
	char *text = v && !json_is_null(v) ? json_dumps(v, JSON_COMPACT) : np_strdup(NP_STR(""));
	if (!text)
		return NP_E_NOMEM;
	if (strlen(text) > TEXT_MAX) {
		free(text);
		return NP_E_INVAL;
	}
	*ret = text;
	return NP_OK;
}

static np_err read_texts(const json_t *o, struct gw_monitor *m)
{
	const json_t *t = json_object_get(o, "target");
	if (!json_is_string(t) || json_string_length(t) == 0 || json_string_length(t) > TARGET_MAX)
		return NP_E_INVAL;
	m->target = np_strdup(str_from_c(json_string_value(t)));
	if (!m->target)
		return NP_E_NOMEM;
	np_err e = read_json(o, "options", &m->options);
	if (e == NP_OK)
		e = read_json(o, "assertions", &m->assertions);
	if (e == NP_OK)
		m->bytes = strlen(m->target) + strlen(m->options) + strlen(m->assertions);
	return e;
}

np_err definition_read(np_str json, struct gw_monitor *m)
{
	json_t *o = json_loadb(json.p ? json.p : "", json.n, JSON_REJECT_DUPLICATES, NULL);
	np_err e = json_is_object(o) ? NP_OK : NP_E_INVAL;
	if (e == NP_OK && json_is_true(json_object_get(o, "paused")))
		e = NP_E_NOTFOUND;
	if (e == NP_OK)
		e = read_times(o, m);
	if (e == NP_OK)
		e = read_texts(o, m);
	json_decref(o);
	return e;
}
