/* SPDX-License-Identifier: Apache-2.0 */
/* Rotas: channels of kind `rota`, whose members are other channels in turn. */
#include "base/clock.h"
#include "base/str.h"
#include "core/civil.h"
#include "core/oncall.h"
#include "web/act.h"
#include "web/api.h"
#include "web/channel_drop.h"
#include "web/input.h"
#include "web/store_channel.h"
#include "web/store_policy.h"
#include "wire/zoneload.h"

#define TURNS_MAX 500
#define CALENDAR_US (400 * NP_DAY_US)
#define CALENDAR_DEFAULT_US (28 * NP_DAY_US)
#define FIELDS "name zone start handover members overrides"

struct rota {
	struct stc_row row;
	struct stc_list channels; /* all of the organisation */
	struct oncall o;
	struct zone *z;
	json_t *config;
};

static void rota_done(struct rota *r)
{
	if (!r)
		return;
	zone_free(r->z);
	json_decref(r->config);
	r->z = NULL;
	r->config = NULL;
}

static bool is_rota(const struct stc_row *row)
{
	return str_eq_c(row->kind, "rota");
}

static const struct stc_row *channel_of(const struct rota *r, const uint8_t id[16])
{
	for (size_t i = 0; i < r->channels.n; i++)
		if (memcmp(r->channels.row[i].id, id, 16) == 0)
			return &r->channels.row[i];
	return NULL;
}

/* The stored form of r->row. */
static np_err understand(struct rota *r)
{
	struct problem_list p = { 0 };
	json_decref(r->config);
	zone_free(r->z);
	r->z = NULL;
	r->config = json_loadb(r->row.config.p, r->row.config.n, 0, NULL);
	np_err e = r->config ? oncall_read(r->config, "", &r->o, &p) : NP_E_CORRUPT;
	return e == NP_OK ? zoneload_read(str_from_c(r->o.zone), &r->z) : NP_E_CORRUPT;
}

static np_err load(struct wreq *q, struct pg_conn *c, struct rota **ret)
{
	struct rota *r = arena_alloc(q->arena, sizeof *r);
	np_err e = r ? in_id(q, 0, q->subject) : NP_E_NOMEM;
	if (e == NP_OK)
		e = stc_read(q, c, q->subject, &r->row);
	if (e == NP_OK && !is_rota(&r->row))
		e = NP_E_NOTFOUND;
	if (e == NP_OK)
		e = stc_list(q, c, &r->channels);
	if (e == NP_OK)
		e = understand(r);
	*ret = r;
	return e;
}

/* ---- showing ---- */

static void write_name(struct jsonw *w, const struct rota *r, const uint8_t id[16])
{
	const struct stc_row *channel = channel_of(r, id);
	jsonw_key(w, "name");
	if (channel)
		jsonw_str(w, channel->name);
	else
		jsonw_null(w);
}

static void write_turn(struct jsonw *w, const struct rota *r, const struct oncall_turn *t)
{
	jsonw_obj(w);
	jsonw_key(w, "channel_id");
	jsonw_uuid(w, t->channel);
	write_name(w, r, t->channel);
	jsonw_ktime(w, "from", t->from_us);
	jsonw_ktime(w, "until", t->until_us);
	jsonw_kbool(w, "lasting", oncall_lasts(&r->o, r->z, t));
	jsonw_kbool(w, "override", t->override_i >= 0);
	if (t->override_i >= 0)
		jsonw_kc(w, "note", r->o.override[t->override_i].note);
	jsonw_obj_end(w);
}

static void write_raw(struct wreq *q, const struct rota *r, const char *key)
{
	np_str text = in_dump(q, json_object_get(r->config, key));
	jsonw_key(&q->json, key);
	jsonw_raw(&q->json, text.n ? text : NP_STR("null"));
}

static void show(struct wreq *q, const struct rota *r)
{
	struct jsonw *w = &q->json;
	struct oncall_turn now = oncall_now(&r->o, r->z, clock_wall_us());
	jsonw_obj(w);
	jsonw_key(w, "id");
	jsonw_uuid(w, r->row.id);
	jsonw_kstr(w, "name", r->row.name);
	write_raw(q, r, "zone");
	write_raw(q, r, "start");
	write_raw(q, r, "handover");
	jsonw_key(w, "members");
	jsonw_arr(w);
	for (uint32_t i = 0; i < r->o.members_n; i++) {
		jsonw_obj(w);
		jsonw_key(w, "id");
		jsonw_uuid(w, r->o.member[i]);
		write_name(w, r, r->o.member[i]);
		jsonw_obj_end(w);
	}
	jsonw_arr_end(w);
	write_raw(q, r, "overrides");
	jsonw_key(w, "now");
	write_turn(w, r, &now);
	jsonw_key(w, "created_at");
	jsonw_raw(w, r->row.created_at);
	jsonw_obj_end(w);
}

np_err api_rotas_list(struct wreq *q, struct pg_conn *c)
{
	struct rota *r = arena_alloc(q->arena, sizeof *r);
	np_err e = r ? stc_list(q, c, &r->channels) : NP_E_NOMEM;
	if (e < 0)
		return e;
	jsonw_obj(&q->json);
	jsonw_key(&q->json, "items");
	jsonw_arr(&q->json);
	for (size_t i = 0; e == NP_OK && i < r->channels.n; i++) {
		r->row = r->channels.row[i];
		if (!is_rota(&r->row))
			continue;
		e = understand(r);
		if (e == NP_OK)
			show(q, r);
	}
	rota_done(r);
	jsonw_arr_end(&q->json);
	jsonw_key(&q->json, "next");
	jsonw_null(&q->json);
	jsonw_obj_end(&q->json);
	return e;
}

np_err api_rotas_read(struct wreq *q, struct pg_conn *c)
{
	struct rota *r = NULL;
	np_err e = load(q, c, &r);
	if (e == NP_OK)
		show(q, r);
	rota_done(r);
	return e;
}

/* ---- who, and when ---- */

static np_str name_of(const struct rota *r, const struct oncall_turn *t)
{
	const struct stc_row *channel = channel_of(r, t->channel);
	return channel ? channel->name : NP_STR("nobody (the channel is gone)");
}

static void write_now(struct wreq *q, const struct rota *r, int64_t at_us)
{
	struct jsonw *w = &q->json;
	struct oncall_turn now = oncall_now(&r->o, r->z, at_us);
	struct oncall_turn next = oncall_now(&r->o, r->z, now.until_us);
	char until[CLOCK_RFC3339_MAX];
	clock_rfc3339(now.until_us, until);
	jsonw_obj(w);
	jsonw_key(w, "now");
	write_turn(w, r, &now);
	jsonw_key(w, "next");
	write_turn(w, r, &next);
	np_str says = arena_printf(q->arena, "%.*s is on call until %s, then %.*s.",
				   NP_FMT(name_of(r, &now)), until, NP_FMT(name_of(r, &next)));
	if (oncall_lasts(&r->o, r->z, &now))
		says = arena_printf(q->arena, "%.*s is on call: nobody else is in the rota.",
				    NP_FMT(name_of(r, &now)));
	jsonw_kstr(w, "sentence", says);
	jsonw_obj_end(w);
}

np_err api_rotas_now(struct wreq *q, struct pg_conn *c)
{
	struct rota *r = NULL;
	int64_t at = clock_wall_us();
	np_err e = in_time(q, "at", &at) ? NP_OK : wq_check(q);
	if (e == NP_OK)
		e = load(q, c, &r);
	if (e == NP_OK)
		write_now(q, r, at);
	rota_done(r);
	return e;
}

static np_err write_calendar(struct wreq *q, const struct rota *r, const int64_t from_to[2])
{
	struct oncall_turn *turn = arena_calloc(q->arena, TURNS_MAX, sizeof *turn);
	if (!turn)
		return NP_E_NOMEM;
	size_t n = oncall_list(&r->o, r->z, from_to, turn, TURNS_MAX);
	jsonw_obj(&q->json);
	jsonw_key(&q->json, "items");
	jsonw_arr(&q->json);
	for (size_t i = 0; i < n; i++)
		write_turn(&q->json, r, &turn[i]);
	jsonw_arr_end(&q->json);
	jsonw_obj_end(&q->json);
	return NP_OK;
}

np_err api_rotas_calendar(struct wreq *q, struct pg_conn *c)
{
	struct rota *r = NULL;
	int64_t span[2] = { clock_wall_us(), 0 };
	bool fine = in_time(q, "from", &span[0]);
	span[1] = span[0] + CALENDAR_DEFAULT_US;
	fine = in_time(q, "to", &span[1]) && fine;
	if (fine && (span[1] <= span[0] || span[1] - span[0] > CALENDAR_US))
		problem_add(&q->problems, "", "to", "must be after `from`, at most 400 days");
	np_err e = wq_check(q);
	if (e == NP_OK)
		e = load(q, c, &r);
	if (e == NP_OK)
		e = write_calendar(q, r, span);
	rota_done(r);
	return e;
}

/* ---- writing ---- */

static void check_channel(struct wreq *q, const struct rota *r, const uint8_t id[16],
			  const char *field)
{
	const struct stc_row *channel = channel_of(r, id);
	if (!channel)
		problem_add(&q->problems, "", field, "names a channel that is not there");
	else if (is_rota(channel))
		problem_add(&q->problems, "", field, "names a rota: they do not stand in a rota");
}

/* r->config as it will be stored, out of what is there and what was sent. */
static np_err check_config(struct wreq *q, struct rota *r)
{
	char field[32];
	if (oncall_read(r->config, "", &r->o, &q->problems) < 0)
		return wq_check(q);
	for (uint32_t i = 0; i < r->o.members_n; i++) {
		(void)snprintf(field, sizeof field, "members[%u]", i);
		check_channel(q, r, r->o.member[i], field);
	}
	for (uint32_t i = 0; i < r->o.overrides_n; i++) {
		(void)snprintf(field, sizeof field, "overrides[%u].channel", i);
		if (r->o.override[i].to_us > clock_wall_us()) /* else it is history */
			check_channel(q, r, r->o.override[i].channel, field);
	}
	if (!zoneload_has(str_from_c(r->o.zone)))
		problem_add(&q->problems, "", "zone", "is no time zone that is known here");
	NP_CLEANUP(buf_done) struct buf text;
	struct jsonw w;
	buf_init(&text, (size_t)128 * 1024);
	jsonw_init(&w, &text);
	oncall_write(&w, &r->o);
	r->row.config = arena_str(q->arena, buf_str(&text));
	return r->row.config.p ? wq_check(q) : NP_E_NOMEM;
}

static void take(const struct wreq *q, json_t *config, const char *key)
{
	json_t *v = json_object_get(q->body, key);
	if (v)
		(void)json_object_set(config, key, v);
}

static void take_all(const struct wreq *q, json_t *config)
{
	static const char *const keys[] = { "zone", "start", "handover", "members", "overrides" };
	for (size_t i = 0; i < NP_LEN(keys); i++)
		take(q, config, keys[i]);
}

static np_str audit_json(struct wreq *q, np_str name, np_str config)
{
	NP_CLEANUP(buf_done) struct buf b;
	struct jsonw w;
	buf_init(&b, (size_t)128 * 1024);
	jsonw_init(&w, &b);
	jsonw_obj(&w);
	jsonw_kstr(&w, "name", name);
	jsonw_key(&w, "config");
	jsonw_raw(&w, config);
	jsonw_obj_end(&w);
	return arena_str(q->arena, buf_str(&b));
}

static np_err audit(struct wreq *q, struct pg_conn *c, const char *act, const np_str change[2])
{
	char id[36];
	str_uuid(q->subject, id);
	q->nudge_channels = true;
	return act_audit(q, c, &(struct act_audit){ act, { id, sizeof id }, change[0], change[1] });
}

static np_err answer(struct wreq *q, struct pg_conn *c, struct rota *r)
{
	np_err e = stc_read(q, c, q->subject, &r->row);
	if (e == NP_OK)
		e = understand(r);
	if (e == NP_OK)
		show(q, r);
	return e;
}

/* Without a start the turns count from the Monday of this week. */
static void fill_defaults(json_t *config)
{
	int64_t day = civil_floor(clock_wall_us(), NP_DAY_US);
	char monday[CIVIL_TEXT_MAX];
	civil_text((day - civil_weekday_of(day)) * CIVIL_DAY_S, monday);
	monday[10] = '\0';
	if (!json_object_get(config, "zone"))
		(void)json_object_set_new(config, "zone", json_string("UTC"));
	if (!json_object_get(config, "start"))
		(void)json_object_set_new(config, "start", json_string(monday));
	if (!json_object_get(config, "handover"))
		(void)json_object_set_new(config, "handover", json_string("09:00"));
}

static np_err create(struct wreq *q, struct pg_conn *c, struct rota *r)
{
	in_only(q, FIELDS);
	r->row.name = in_text(q, (struct in_text){ "name", 1, 100 });
	r->config = json_object();
	np_err e = r->config ? stp_lock(q, c, false) : NP_E_NOMEM;
	if (e == NP_OK)
		e = stc_list(q, c, &r->channels);
	if (e < 0)
		return e;
	take_all(q, r->config);
	fill_defaults(r->config);
	e = check_config(q, r);
	if (e < 0)
		return e;
	rnd_uuid(q->subject);
	e = stc_insert(q, c,
		       &(struct stc_write){
			       .kind = "rota", .name = r->row.name, .config = r->row.config });
	if (e == NP_E_LIMIT)
		return wq_problem(q, 409, "There are 200 channels already.");
	if (e == NP_OK)
		e = audit(q, c, "rota.create",
			  (np_str[2]){ { 0 }, audit_json(q, r->row.name, r->row.config) });
	if (e < 0)
		return e;
	char id[36];
	str_uuid(q->subject, id);
	q->status = 201;
	q->location = arena_printf(q->arena, "/api/v1/rotas/%.36s", id);
	return answer(q, c, r);
}

np_err api_rotas_create(struct wreq *q, struct pg_conn *c)
{
	struct rota *r = arena_alloc(q->arena, sizeof *r);
	np_err e = r ? create(q, c, r) : NP_E_NOMEM;
	rota_done(r);
	return e;
}

static np_err store(struct wreq *q, struct pg_conn *c, struct rota *r, const np_str before)
{
	np_err e = check_config(q, r);
	if (e == NP_OK)
		e = stc_update(q, c,
			       &(struct stc_write){ .kind = "rota",
						    .name = r->row.name,
						    .config = r->row.config });
	if (e == NP_OK)
		e = audit(q, c, "rota.update",
			  (np_str[2]){ before, audit_json(q, r->row.name, r->row.config) });
	return e == NP_OK ? answer(q, c, r) : e;
}

np_err api_rotas_update(struct wreq *q, struct pg_conn *c)
{
	struct rota *r = NULL;
	/* Whole configurations are stored: two edits at once come one after the other. */
	np_err e = stp_lock(q, c, true);
	if (e == NP_OK)
		e = load(q, c, &r);
	if (e == NP_OK) {
		np_str before = audit_json(q, r->row.name, r->row.config);
		in_only(q, FIELDS);
		if (json_object_get(q->body, "name"))
			r->row.name = in_text(q, (struct in_text){ "name", 1, 100 });
		if (json_object_size(q->body) == 0)
			problem_add(&q->problems, "", "", "at least one field is needed");
		take_all(q, r->config);
		e = store(q, c, r, before);
	}
	rota_done(r);
	return e;
}

np_err api_rotas_override(struct wreq *q, struct pg_conn *c)
{
	struct rota *r = NULL;
	/* Whole configurations are stored: two edits at once come one after the other. */
	np_err e = stp_lock(q, c, true);
	if (e == NP_OK)
		e = load(q, c, &r);
	if (e == NP_OK) {
		np_str before = audit_json(q, r->row.name, r->row.config);
		json_t *list = json_object_get(r->config, "overrides");
		e = json_array_append(list, q->body) == 0 ? store(q, c, r, before) : NP_E_NOMEM;
	}
	rota_done(r);
	return e;
}

np_err api_rotas_delete(struct wreq *q, struct pg_conn *c)
{
	struct rota *r = NULL;
	np_err e = chd_lock(q, c);
	if (e == NP_OK)
		e = load(q, c, &r);
	if (e == NP_OK)
		e = chd_drop(q, c, "rota");
	if (e == NP_OK)
		e = audit(q, c, "rota.delete",
			  (np_str[2]){ audit_json(q, r->row.name, r->row.config), { 0 } });
	rota_done(r);
	if (e == NP_OK)
		q->status = 204;
	return e;
}
