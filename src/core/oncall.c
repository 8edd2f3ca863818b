/* SPDX-License-Identifier: Apache-2.0 */
#include "core/oncall.h"

#include "base/clock.h"
#include "base/str.h"
#include "base/zonefile.h"
#include "core/civil.h"
#include "core/jread.h"

#define WEEK_S (7 * CIVIL_DAY_S)
#define MERGED_MAX 60 /* pieces that one turn may consist of */

/* ---- reading ---- */

static void read_members(const struct jread *r, struct oncall *o)
{
	const json_t *v = jread_get(r, "members");
	size_t n = json_array_size(v);
	if (!json_is_array(v) || n == 0 || n > ONCALL_MEMBERS_MAX) {
		problem_add(r->p, r->prefix, "members",
			    "must list 1 to %d channels, in their order", ONCALL_MEMBERS_MAX);
		return;
	}
	for (size_t i = 0; i < n; i++) {
		char path[32];
		(void)snprintf(path, sizeof path, "members[%zu]", i);
		if (str_to_uuid(jread_text(json_array_get(v, i)), o->member[i]) < 0)
			problem_add(r->p, r->prefix, path, "must be the id of a channel");
	}
	o->members_n = (uint32_t)n;
}

static void read_override(const struct jread *r, struct oncall_override *x)
{
	static const char *const allowed[] = { "from", "to", "channel", "note", NULL };
	np_str note = { 0 };
	if (!json_is_object(r->object)) {
		problem_add(r->p, r->prefix, "", "must be an object with from, to and channel");
		return;
	}
	jread_only(r, allowed);
	jread_str(r, "note", ONCALL_NOTE_MAX, &note);
	(void)snprintf(x->note, sizeof x->note, "%.*s", NP_FMT(note));
	bool from = clock_from_rfc3339(jread_text(jread_get(r, "from")), &x->from_us) == NP_OK;
	bool to = clock_from_rfc3339(jread_text(jread_get(r, "to")), &x->to_us) == NP_OK;
	if (!from)
		problem_add(r->p, r->prefix, "from", "must be a time such as 2026-03-01T12:00:00Z");
	if (!to)
		problem_add(r->p, r->prefix, "to", "must be a time such as 2026-03-01T12:00:00Z");
	if (from && to && x->to_us <= x->from_us)
		problem_add(r->p, r->prefix, "to", "must be after `from`");
	if (str_to_uuid(jread_text(jread_get(r, "channel")), x->channel) < 0)
		problem_add(r->p, r->prefix, "channel", "must be the id of a channel");
}

static void read_overrides(const struct jread *r, struct oncall *o)
{
	const json_t *v = jread_get(r, "overrides");
	size_t n = json_array_size(v);
	if (v == NULL)
		return;
	if (!json_is_array(v) || n > ONCALL_OVERRIDES_MAX) {
		problem_add(r->p, r->prefix, "overrides", "must be a list of at most %d overrides",
			    ONCALL_OVERRIDES_MAX);
		return;
	}
	for (size_t i = 0; i < n; i++) {
		char prefix[64];
		(void)snprintf(prefix, sizeof prefix, "%soverrides[%zu].", r->prefix, i);
		struct jread one = { json_array_get(v, i), prefix, r->p };
		read_override(&one, &o->override[i]);
	}
	o->overrides_n = (uint32_t)n;
}

np_err oncall_read(const json_t *config, const char *prefix, struct oncall *ret,
		   struct problem_list *p)
{
	static const char *const allowed[] = { "zone",    "start",     "handover",
					       "members", "overrides", NULL };
	struct jread r = { config, prefix, p };
	size_t before = p->n;
	int64_t start_s = 0;
	bool is_date = false;
	*ret = (struct oncall){ 0 };
	if (!json_is_object(config)) {
		problem_add(p, prefix, "", "must be an object");
		return NP_E_INVAL;
	}
	jread_only(&r, allowed);
	np_str zone = jread_text(jread_get(&r, "zone"));
	if (zonefile_name_ok(zone))
		(void)snprintf(ret->zone, sizeof ret->zone, "%.*s", NP_FMT(zone));
	else
		problem_add(p, prefix, "zone",
			    "must be the name of a time zone such as Europe/Berlin or UTC");
	if (civil_parse(jread_text(jread_get(&r, "start")), &start_s, &is_date) < 0 || !is_date)
		problem_add(p, prefix, "start",
			    "must be the date of the first handover, such as 2026-03-02");
	ret->start_day = start_s / CIVIL_DAY_S;
	if (civil_parse_hm(jread_text(jread_get(&r, "handover")), &ret->handover_min) < 0)
		problem_add(p, prefix, "handover", "must be a time of day such as 09:00");
	read_members(&r, ret);
	read_overrides(&r, ret);
	return p->n > before ? NP_E_INVAL : NP_OK;
}

/* ---- writing ---- */

static void write_overrides(struct jsonw *w, const struct oncall *o)
{
	jsonw_key(w, "overrides");
	jsonw_arr(w);
	for (uint32_t i = 0; i < o->overrides_n; i++) {
		const struct oncall_override *x = &o->override[i];
		jsonw_obj(w);
		jsonw_ktime(w, "from", x->from_us);
		jsonw_ktime(w, "to", x->to_us);
		jsonw_key(w, "channel");
		jsonw_uuid(w, x->channel);
		jsonw_kc(w, "note", x->note);
		jsonw_obj_end(w);
	}
	jsonw_arr_end(w);
}

void oncall_write(struct jsonw *w, const struct oncall *o)
{
	char date[CIVIL_TEXT_MAX], time[8];
	civil_text(o->start_day * CIVIL_DAY_S, date);
	(void)snprintf(time, sizeof time, "%02u:%02u", (unsigned)o->handover_min / 60 % 24,
		       (unsigned)o->handover_min % 60);
	jsonw_obj(w);
	jsonw_kc(w, "zone", o->zone);
	jsonw_kstr(w, "start", str_sub(str_from_c(date), 0, 10));
	jsonw_kc(w, "handover", time);
	jsonw_key(w, "members");
	jsonw_arr(w);
	for (uint32_t i = 0; i < o->members_n; i++)
		jsonw_uuid(w, o->member[i]);
	jsonw_arr_end(w);
	write_overrides(w, o);
	jsonw_obj_end(w);
}

/* ---- who ---- */

/* The k-th handover; the first one is number 0, earlier ones count down. */
static int64_t handover_us(const struct oncall *o, const struct zone *z, int64_t k)
{
	int64_t local = o->start_day * CIVIL_DAY_S + o->handover_min * 60 + k * WEEK_S;
	return zone_instant(z, local).at_s * NP_SEC_US;
}

static int64_t week_of(const struct oncall *o, const struct zone *z, int64_t now_us)
{
	int64_t local = zone_local(z, civil_floor(now_us, NP_SEC_US));
	int64_t first = o->start_day * CIVIL_DAY_S + o->handover_min * 60;
	int64_t k = civil_floor(local - first, WEEK_S);
	/* Where clocks change at the handover itself the estimate may be one off. */
	while (handover_us(o, z, k) > now_us)
		k--;
	while (handover_us(o, z, k + 1) <= now_us)
		k++;
	return k;
}

static int32_t position(const struct oncall *o, const uint8_t channel[16])
{
	for (uint32_t i = 0; i < o->members_n; i++)
		if (memcmp(o->member[i], channel, 16) == 0)
			return (int32_t)i;
	return -1;
}

/* What holds at now, and for how long nothing at all changes around it. */
static struct oncall_turn piece(const struct oncall *o, const struct zone *z, int64_t now_us)
{
	int64_t k = week_of(o, z, now_us);
	struct oncall_turn t = {
		.from_us = handover_us(o, z, k),
		.until_us = handover_us(o, z, k + 1),
		.member = (int32_t)civil_mod(k, o->members_n > 0 ? o->members_n : 1),
		.override_i = -1,
	};
	memcpy(t.channel, o->member[t.member], 16);
	for (uint32_t i = 0; i < o->overrides_n; i++) {
		const struct oncall_override *x = &o->override[i];
		int64_t border[] = { x->from_us, x->to_us };
		for (size_t b = 0; b < NP_LEN(border); b++) {
			if (border[b] <= now_us && border[b] > t.from_us)
				t.from_us = border[b];
			if (border[b] > now_us && border[b] < t.until_us)
				t.until_us = border[b];
		}
		if (x->from_us <= now_us && now_us < x->to_us) {
			memcpy(t.channel, x->channel, 16);
			t.member = position(o, x->channel);
			t.override_i = (int32_t)i;
		}
	}
	return t;
}

static bool goes_on(const struct oncall_turn *a, const struct oncall_turn *b)
{
	return a->override_i == b->override_i && memcmp(a->channel, b->channel, 16) == 0;
}

struct oncall_turn oncall_now(const struct oncall *o, const struct zone *z, int64_t now_us)
{
	struct oncall_turn t = piece(o, z, now_us);
	for (int i = 0; i < MERGED_MAX; i++) {
		struct oncall_turn next = piece(o, z, t.until_us);
		if (!goes_on(&t, &next))
			break;
		t.until_us = next.until_us;
	}
	for (int i = 0; i < MERGED_MAX; i++) {
		struct oncall_turn before = piece(o, z, t.from_us - 1);
		if (!goes_on(&t, &before) || t.from_us == handover_us(o, z, 0))
			break;
		t.from_us = before.from_us;
	}
	return t;
}

bool oncall_lasts(const struct oncall *o, const struct zone *z, const struct oncall_turn *t)
{
	struct oncall_turn next = piece(o, z, t->until_us);
	return t->override_i < 0 && goes_on(t, &next);
}

size_t oncall_list(const struct oncall *o, const struct zone *z, const int64_t from_to_us[2],
		   struct oncall_turn *ret, size_t max)
{
	size_t n = 0;
	for (int64_t at = from_to_us[0]; n < max && at < from_to_us[1]; at = ret[n - 1].until_us)
		ret[n++] = oncall_now(o, z, at);
	return n;
}
