/* SPDX-License-Identifier: Apache-2.0 */
#include "core/monitor_json.h"

#include "base/str.h"
#include "core/jread.h"

static const char *const quorum_names[] = {
	[MON_Q_MAJORITY] = "majority",
	[MON_Q_ALL] = "all",
	[MON_Q_ANY] = "any",
	[MON_Q_NUMBER] = "",
};
static_assert(NP_LEN(quorum_names) == MON_QUORUM_N, "name every quorum");

const char *const monj_fields[] = { "name",       "kind",          "target",     "options",
				    "interval_s", "timeout_s",     "retries",    "retry_interval_s",
				    "fail_after", "recover_after", "confirm_s",  "recover_s",
				    "quorum",     "regions",       "assertions", "channels",
				    "tags",       "paused",        "severity",   "reminder_s",
				    "escalation", "quiet",         "parent",     NULL };

/* ---- reading ---- */

static void read_name(const struct jread *r, struct monj *m)
{
	size_t before = r->p->n;
	jread_str(r, "name", MONJ_NAME_MAX, &m->name);
	if (r->p->n != before)
		return;
	bool clean = m->name.n > 0 && str_trim(m->name).n == m->name.n;
	for (size_t i = 0; clean && i < m->name.n; i++)
		clean = (unsigned char)m->name.p[i] >= ' ' && m->name.p[i] != 0x7f;
	if (!clean)
		problem_add(r->p, r->prefix, "name",
			    "is needed: one line of 1 to %d bytes without spaces at its ends",
			    MONJ_NAME_MAX);
}

static void read_kind(const struct jread *r, struct monj *m)
{
	np_str s = jread_text(jread_get(r, "kind"));
	if (mon_kind_from_name(s, &m->def.kind) < 0)
		problem_add(r->p, r->prefix, "kind", "is needed: http, tcp, icmp, dns or tls");
}

static void read_target(const struct jread *r, struct monj *m)
{
	const char *why = "";
	m->target = jread_text(jread_get(r, "target"));
	if (m->target.n == 0)
		problem_add(r->p, r->prefix, "target", "is needed: a text");
	else if (m->def.kind != 0 && tgt_parse(m->def.kind, m->target, &m->tgt, &why) < 0)
		problem_add(r->p, r->prefix, "target", "%s", why);
	m->def.target_hash = mon_target_hash(m->def.kind, m->target);
}

static void read_times(const struct jread *r, struct mon_def *d)
{
	jread_seconds(r, "interval_s", MON_INTERVAL_MIN_MS, MON_INTERVAL_MAX_MS, &d->interval_ms);
	/* The timeout's own default follows the interval that was just read. */
	d->timeout_ms = mon_default_timeout_ms(d->interval_ms);
	jread_seconds(r, "timeout_s", MON_TIMEOUT_MIN_MS, mon_max_timeout_ms(d->interval_ms),
		      &d->timeout_ms);
	jread_seconds(r, "retry_interval_s", MON_RETRY_INTERVAL_MIN_MS, MON_RETRY_INTERVAL_MAX_MS,
		      &d->retry_interval_ms);
	jread_seconds(r, "confirm_s", 0, MON_WAIT_MAX_MS, &d->confirm_ms);
	jread_seconds(r, "recover_s", 0, MON_WAIT_MAX_MS, &d->recover_ms);
}

static void read_counts(const struct jread *r, struct mon_def *d)
{
	jread_u32(r, "retries", 0, MON_RETRIES_MAX, &d->retries);
	jread_u32(r, "fail_after", 1, MON_AFTER_MAX, &d->fail_after);
	jread_u32(r, "recover_after", 1, MON_AFTER_MAX, &d->recover_after);
	jread_bool(r, "paused", &d->paused);
}

bool monj_is_region_name(np_str s)
{
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];
		bool alnum = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z');
		bool inner = i > 0 && i + 1 < s.n;
		if (!alnum && !(c == '-' && inner))
			return false;
	}
	return s.n >= 1 && s.n <= 32;
}

static uint32_t region_number(np_str name, size_t position, const struct monj_regions *known)
{
	if (known == NULL)
		return monj_is_region_name(name) ? (uint32_t)position + 1 : 0;
	for (size_t i = 0; i < known->n; i++)
		if (str_eq(known->name[i], name))
			return known->number[i];
	return 0;
}

static void all_regions(const struct monj_regions *known, struct mon_def *d)
{
	for (size_t i = 0; known != NULL && i < known->n && i < MON_REGIONS_MAX; i++)
		d->region[d->region_n++] = known->number[i];
}

static bool repeated(const json_t *list, size_t i)
{
	for (size_t j = 0; j < i; j++)
		if (json_equal(json_array_get(list, i), json_array_get(list, j)))
			return true;
	return false;
}

static void read_regions(const struct jread *r, const struct monj_regions *known, struct monj *m)
{
	const json_t *v = jread_get(r, "regions");
	if (v == NULL) {
		all_regions(known, &m->def);
		return;
	}
	m->regions_given = true;
	size_t n = json_array_size(v);
	if (!json_is_array(v) || n == 0 || n > MON_REGIONS_MAX) {
		problem_add(r->p, r->prefix, "regions", "must be a list of 1 to %d region names",
			    MON_REGIONS_MAX);
		return;
	}
	for (size_t i = 0; i < n; i++) {
		char path[32];
		np_str name = jread_text(json_array_get(v, i));
		uint32_t number = region_number(name, i, known);
		(void)snprintf(path, sizeof path, "regions[%zu]", i);
		if (number == 0)
			problem_add(r->p, r->prefix, path, "is not the name of a region");
		else if (repeated(v, i))
			problem_add(r->p, r->prefix, path, "is listed twice");
		else
			m->def.region[m->def.region_n++] = number;
	}
}

static void read_quorum(const struct jread *r, bool regions_known, struct mon_def *d)
{
	const json_t *v = jread_get(r, "quorum");
	json_int_t most = regions_known ? (json_int_t)d->region_n : MON_REGIONS_MAX;
	if (v == NULL)
		return;
	if (json_is_integer(v) && json_integer_value(v) >= 1 && json_integer_value(v) <= most) {
		d->quorum = MON_Q_NUMBER;
		d->quorum_n = (uint32_t)json_integer_value(v);
		return;
	}
	for (size_t i = 0; i < MON_Q_NUMBER; i++) {
		if (json_is_string(v) && str_eq_c(jread_text(v), quorum_names[i])) {
			d->quorum = (enum mon_quorum)i;
			return;
		}
	}
	problem_add(r->p, r->prefix, "quorum",
		    "must be \"majority\", \"all\", \"any\" or a number from 1 to %d (the regions)",
		    (int)(most > 0 ? most : 1));
}

static void read_fields(const struct jread *r, const struct monj_regions *regions, struct monj *m)
{
	read_name(r, m);
	read_kind(r, m);
	read_target(r, m);
	m->options_json = jread_get(r, "options");
	opt_read(m->def.kind, m->options_json, &m->options, r->p);
	read_times(r, &m->def);
	read_counts(r, &m->def);
	read_regions(r, regions, m);
	read_quorum(r, regions != NULL || m->regions_given, &m->def);
	m->assertions_json = jread_get(r, "assertions");
	/* Without a kind every source would look wrong: one problem is enough. */
	if (m->def.kind != 0)
		asrt_read(m->def.kind, m->assertions_json, &m->assertions, r->p);
	jread_strings(r, "channels", MONJ_CHANNELS_MAX, 64, &m->channels);
	jread_strings(r, "tags", MONJ_TAGS_MAX, MONJ_TAG_MAX, &m->tags);
	alertj_read(r, &m->def, &m->alert);
}

np_err monj_read(const json_t *object, const struct monj_regions *regions, struct monj *ret,
		 struct problem_list *p)
{
	struct jread r = { .object = object, .prefix = "", .p = p };
	*ret = (struct monj){ .def = mon_defaults(0) };
	if (!json_is_object(object)) {
		problem_add(p, "", "", "a monitor must be an object");
		return NP_E_INVAL;
	}
	jread_only(&r, monj_fields);
	read_fields(&r, regions, ret);
	return problem_any(p) ? NP_E_INVAL : NP_OK;
}

/* ---- writing ---- */

static void write_seconds(struct jsonw *w, const char *key, int64_t ms)
{
	jsonw_key(w, key);
	if (ms % 1000 == 0)
		jsonw_i64(w, ms / 1000);
	else
		jsonw_dbl(w, (double)ms / 1000.0, 3);
}

/* JSON as it was given; `none` when it was not. */
static void write_given(struct jsonw *w, const char *key, const json_t *v, const char *none)
{
	jsonw_key(w, key);
	char *text = v != NULL ? json_dumps(v, JSON_COMPACT | JSON_ENCODE_ANY) : NULL;
	jsonw_raw(w, str_from_c(text != NULL ? text : none));
	free(text);
}

static void write_quorum(struct jsonw *w, const struct mon_def *d)
{
	if (d->quorum == MON_Q_NUMBER)
		jsonw_ki64(w, "quorum", d->quorum_n);
	else
		jsonw_kc(w, "quorum", quorum_names[d->quorum]);
}

void monj_write(struct jsonw *w, const struct monj *m, const np_str *region_name)
{
	const struct mon_def *d = &m->def;
	jsonw_kstr(w, "name", m->name);
	jsonw_kc(w, "kind", mon_kind_name(d->kind));
	jsonw_kstr(w, "target", m->target);
	write_given(w, "options", m->options_json, "{}");
	write_seconds(w, "interval_s", d->interval_ms);
	write_seconds(w, "timeout_s", d->timeout_ms);
	jsonw_ki64(w, "retries", d->retries);
	write_seconds(w, "retry_interval_s", d->retry_interval_ms);
	jsonw_ki64(w, "fail_after", d->fail_after);
	jsonw_ki64(w, "recover_after", d->recover_after);
	write_seconds(w, "confirm_s", d->confirm_ms);
	write_seconds(w, "recover_s", d->recover_ms);
	write_quorum(w, d);
	jsonw_key(w, "regions");
	jsonw_arr(w);
	for (uint32_t i = 0; i < d->region_n; i++)
		jsonw_str(w, region_name[i]);
	jsonw_arr_end(w);
	write_given(w, "assertions", m->assertions_json, "[]");
	if (m->channels != NULL) /* absent: all channels */
		write_given(w, "channels", m->channels, "[]");
	write_given(w, "tags", m->tags, "[]");
	jsonw_kbool(w, "paused", d->paused);
	alertj_write(w, d, &m->alert);
}
