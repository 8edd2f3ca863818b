/* SPDX-License-Identifier: Apache-2.0 */
#include "core/alert_json.h"

#include "base/str.h"

static const char *const day_names[] = { "mon", "tue", "wed", "thu", "fri", "sat", "sun" };

static void read_severity(const struct jread *r, struct mon_def *d)
{
	const json_t *v = jread_get(r, "severity");
	if (v != NULL && mon_severity_from_name(jread_text(v), &d->severity) < 0)
		problem_add(r->p, r->prefix, "severity", "must be critical, major or minor");
}

static void read_reminder(const struct jread *r, struct mon_def *d)
{
	const json_t *v = jread_get(r, "reminder_s");
	if (json_is_integer(v) && json_integer_value(v) == 0)
		d->reminder_ms = 0;
	else
		jread_seconds(r, "reminder_s", MON_REMINDER_MIN_MS, MON_REMINDER_MAX_MS,
			      &d->reminder_ms);
}

/* ---- escalation ---- */

static void read_level(const struct jread *r, const json_t *level, size_t i, struct mon_def *d)
{
	static const char *const allowed[] = { "after_s", "channels", NULL };
	char prefix[48];
	(void)snprintf(prefix, sizeof prefix, "%sescalation[%zu].", r->prefix, i);
	struct jread one = { .object = level, .prefix = prefix, .p = r->p };
	const json_t *channels = NULL;
	int64_t after_ms = 0, least_ms = i > 0 ? d->level_ms[i - 1] + NP_SEC_MS : MON_LEVEL_MIN_MS;
	jread_only(&one, allowed);
	jread_seconds(&one, "after_s", least_ms, MON_LEVEL_MAX_MS, &after_ms);
	jread_strings(&one, "channels", ALERTJ_CHANNELS_MAX, 64, &channels);
	if (jread_get(&one, "after_s") == NULL)
		problem_add(r->p, prefix, "after_s", "is needed: seconds after the opening");
	if (json_array_size(channels) == 0)
		problem_add(r->p, prefix, "channels", "is needed: who is told then");
	d->level_ms[i] = after_ms / NP_SEC_MS * NP_SEC_MS; /* whole seconds are enough */
}

static void read_escalation(const struct jread *r, struct mon_def *d, struct alertj *ret)
{
	const json_t *v = jread_get(r, "escalation");
	if (v == NULL)
		return;
	if (!json_is_array(v) || json_array_size(v) > MON_LEVELS_MAX) {
		problem_add(r->p, r->prefix, "escalation", "must be a list of at most %d levels",
			    MON_LEVELS_MAX);
		return;
	}
	for (size_t i = 0; i < json_array_size(v); i++) {
		if (json_is_object(json_array_get(v, i)))
			read_level(r, json_array_get(v, i), i, d);
		else
			problem_add(r->p, r->prefix, "escalation",
				    "level %zu must be an object with after_s and channels", i + 1);
	}
	d->level_n = (uint32_t)json_array_size(v);
	ret->escalation = v;
}

const json_t *alertj_level_channels(const struct alertj *a, uint32_t level)
{
	return json_object_get(json_array_get(a->escalation, level), "channels");
}

/* ---- quiet hours ---- */

/* Area/Place: letters, digits, "_+-/", no empty part and none that starts with a dot. */
static bool alertj_is_zone_name(np_str s)
{
	bool start = true;
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];
		bool alpha = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
		bool inner = (c >= '0' && c <= '9') || c == '_' || c == '+' || c == '-';
		if (!alpha && (start || (!inner && c != '/')))
			return false;
		start = c == '/';
	}
	return !start && s.n <= ALERTJ_ZONE_MAX;
}

/* "22:00" -> minutes of the day. */
static bool minutes_of(np_str s, uint32_t *ret)
{
	if (s.n != 5 || s.p[2] != ':')
		return false;
	for (size_t i = 0; i < s.n; i++)
		if (i != 2 && (s.p[i] < '0' || s.p[i] > '9'))
			return false;
	uint32_t h = (uint32_t)(s.p[0] - '0') * 10 + (uint32_t)(s.p[1] - '0');
	uint32_t m = (uint32_t)(s.p[3] - '0') * 10 + (uint32_t)(s.p[4] - '0');
	if (h > 23 || m > 59)
		return false;
	*ret = h * 60 + m;
	return true;
}

static uint32_t day_bit(np_str s)
{
	for (size_t i = 0; i < NP_LEN(day_names); i++)
		if (str_eq_c(s, day_names[i]))
			return UINT32_C(1) << i;
	return 0;
}

static void read_days(const struct jread *r, struct alertj_quiet *q)
{
	const json_t *days = NULL;
	jread_strings(r, "days", NP_LEN(day_names), 3, &days);
	q->days = days == NULL ? ALERTJ_DAYS : 0;
	for (size_t i = 0; i < json_array_size(days); i++) {
		uint32_t bit = day_bit(jread_text(json_array_get(days, i)));
		if (bit == 0 || (q->days & bit) != 0)
			problem_add(r->p, r->prefix, "days", "must name weekdays once: mon … sun");
		q->days |= bit;
	}
	if (q->days == 0)
		problem_add(r->p, r->prefix, "days", "names no day: leave quiet out instead");
}

void alertj_read_quiet(const struct jread *r, struct alertj_quiet *ret)
{
	static const char *const allowed[] = { "zone", "from", "to", "days", NULL };
	const json_t *v = jread_get(r, "quiet");
	if (v == NULL)
		return;
	if (!json_is_object(v)) {
		problem_add(r->p, r->prefix, "quiet",
			    "must be an object with zone, from, to and perhaps days");
		return;
	}
	char prefix[32];
	(void)snprintf(prefix, sizeof prefix, "%squiet.", r->prefix);
	struct jread one = { .object = v, .prefix = prefix, .p = r->p };
	jread_only(&one, allowed);
	ret->on = true;
	ret->zone = jread_text(jread_get(&one, "zone"));
	if (!alertj_is_zone_name(ret->zone))
		problem_add(r->p, prefix, "zone", "is needed: a time zone such as Europe/Berlin");
	if (!minutes_of(jread_text(jread_get(&one, "from")), &ret->from_min))
		problem_add(r->p, prefix, "from", "is needed: a time of day such as 22:00");
	if (!minutes_of(jread_text(jread_get(&one, "to")), &ret->to_min))
		problem_add(r->p, prefix, "to", "is needed: a time of day such as 07:00");
	else if (ret->from_min == ret->to_min)
		problem_add(r->p, prefix, "to", "must differ from `from`");
	read_days(&one, ret);
}

/* ---- all of it ---- */

static void read_parent(const struct jread *r, struct mon_def *d, struct alertj *ret)
{
	const json_t *v = jread_get(r, "parent");
	uint8_t id[16];
	if (v == NULL)
		return;
	ret->parent = jread_text(v);
	d->has_parent = str_to_uuid(ret->parent, id) == NP_OK;
	if (!d->has_parent)
		problem_add(r->p, r->prefix, "parent", "must be the id of another monitor");
}

void alertj_read(const struct jread *r, struct mon_def *d, struct alertj *ret)
{
	read_severity(r, d);
	read_reminder(r, d);
	read_escalation(r, d, ret);
	alertj_read_quiet(r, &ret->quiet);
	read_parent(r, d, ret);
}

static void write_levels(struct jsonw *w, const struct mon_def *d, const struct alertj *a)
{
	jsonw_key(w, "escalation");
	jsonw_arr(w);
	for (uint32_t i = 0; i < d->level_n; i++) {
		const json_t *ids = alertj_level_channels(a, i);
		jsonw_obj(w);
		jsonw_ki64(w, "after_s", d->level_ms[i] / NP_SEC_MS);
		jsonw_key(w, "channels");
		jsonw_arr(w);
		for (size_t k = 0; k < json_array_size(ids); k++)
			jsonw_str(w, jread_text(json_array_get(ids, k)));
		jsonw_arr_end(w);
		jsonw_obj_end(w);
	}
	jsonw_arr_end(w);
}

static void write_time(struct jsonw *w, const char *key, uint32_t minutes)
{
	char text[8];
	(void)snprintf(text, sizeof text, "%02u:%02u", minutes / 60 % 24, minutes % 60);
	jsonw_kc(w, key, text);
}

static void write_quiet(struct jsonw *w, const struct alertj_quiet *q)
{
	jsonw_key(w, "quiet");
	jsonw_obj(w);
	jsonw_kstr(w, "zone", q->zone);
	write_time(w, "from", q->from_min);
	write_time(w, "to", q->to_min);
	jsonw_key(w, "days");
	jsonw_arr(w);
	for (size_t i = 0; i < NP_LEN(day_names); i++)
		if (q->days >> i & 1)
			jsonw_str(w, str_from_c(day_names[i]));
	jsonw_arr_end(w);
	jsonw_obj_end(w);
}

void alertj_write(struct jsonw *w, const struct mon_def *d, const struct alertj *a)
{
	jsonw_kc(w, "severity", mon_severity_name(d->severity));
	jsonw_ki64(w, "reminder_s", d->reminder_ms / NP_SEC_MS);
	write_levels(w, d, a);
	if (a->quiet.on)
		write_quiet(w, &a->quiet);
	if (a->parent.n > 0)
		jsonw_kstr(w, "parent", a->parent);
}
