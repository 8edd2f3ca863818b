/* SPDX-License-Identifier: Apache-2.0 */
#include "base/str.h"
#include "web/act.h"
#include "web/api.h"
#include "web/guard.h"
#include "web/input.h"
#include "web/store_monitor.h"

np_err api_monitors_list(struct wreq *q, struct pg_conn *c)
{
	struct page page;
	page_read(q, &page);
	struct stm_filter f = {
		.text = in_query(q, "q", 200),
		.state = in_choice(q, "state", "pending up suspect down recovering nodata paused"),
		.tag = in_query(q, "tag", MONJ_TAG_MAX),
		.kind = in_choice(q, "kind", "http tcp icmp dns tls"),
	};
	np_err e = wq_check(q);
	if (e < 0)
		return e;
	NP_CLEANUP(pg_res_free_p) struct pg_res *rows = NULL;
	e = stm_list(c, &f, &page, &rows);
	if (e == NP_OK)
		page_write(q, &page, rows);
	return e;
}

np_err api_monitors_read(struct wreq *q, struct pg_conn *c)
{
	uint8_t id[16];
	np_err e = in_id(q, 0, id);
	return e < 0 ? e : stm_show(q, c, id);
}

np_err api_monitors_revisions(struct wreq *q, struct pg_conn *c)
{
	uint8_t id[16];
	struct stm_row row = { 0 };
	struct page page;
	page_read(q, &page);
	np_err e = wq_check(q);
	if (e == NP_OK)
		e = in_id(q, 0, id);
	if (e == NP_OK)
		e = stm_find(c, q->arena, id, &row);
	if (e < 0)
		return e;
	NP_CLEANUP(pg_res_free_p) struct pg_res *rows = NULL;
	e = stm_revisions(c, row.no, &page, &rows);
	if (e == NP_OK)
		page_write(q, &page, rows);
	return e;
}

/* ---- writing ---- */

struct draft {
	struct stm_regions regions;
	struct monj m;
	struct buf definition; /* JSON as it is stored */
};

static void guard(struct wreq *q, const struct monj *m)
{
	if (m->tgt.host.n)
		guard_host(m->tgt.host, q->who.private_ok, "target", &q->problems);
	np_str resolver = m->options.resolver;
	if (resolver.n == 0)
		return;
	np_str host;
	uint16_t port;
	if (addr_split(resolver, &host, &port) < 0)
		host = resolver;
	guard_host(host, q->who.private_ok, "options.resolver", &q->problems);
}

static np_err check_channels(struct wreq *q, struct pg_conn *c, const json_t *channels)
{
	if (!channels || json_array_size(channels) == 0)
		return NP_OK;
	char *text = json_dumps(channels, JSON_COMPACT);
	if (!text)
		return NP_E_NOMEM;
	int64_t found = 0;
	np_err e = stm_channels(c, str_from_c(text), &found);
	free(text);
	if (e == NP_OK && (size_t)found != json_array_size(channels))
		problem_add(&q->problems, "", "channels", "names a channel that is not there");
	return e;
}

static void write_definition(struct draft *d)
{
	np_str names[MON_REGIONS_MAX];
	for (uint32_t i = 0; i < d->m.def.region_n; i++) {
		names[i] = (np_str){ 0 };
		for (size_t k = 0; k < d->regions.n; k++)
			if (d->regions.number[k] == d->m.def.region[i])
				names[i] = d->regions.name[k];
	}
	struct jsonw w;
	jsonw_init(&w, &d->definition);
	jsonw_obj(&w);
	monj_write(&w, &d->m, names);
	jsonw_obj_end(&w);
}

/* Validate a whole monitor; d->definition is what will be stored. */
static np_err draft_read(struct wreq *q, struct pg_conn *c, const json_t *object, struct draft *d)
{
	np_err e = stm_regions(c, q->arena, &d->regions);
	if (e < 0)
		return e;
	if (d->regions.n == 0)
		return wq_problem(q, 409, "There is no region yet: create one first.");
	struct monj_regions known = { d->regions.name, d->regions.number, d->regions.n };
	e = monj_read(object, &known, &d->m, &q->problems);
	if (e < 0)
		return e == NP_E_INVAL ? wq_check(q) : e;
	guard(q, &d->m);
	e = check_channels(q, c, d->m.channels);
	if (e == NP_OK)
		e = wq_check(q);
	if (e < 0)
		return e;
	write_definition(d);
	return buf_failed(&d->definition);
}

static struct draft *draft_new(struct wreq *q)
{
	struct draft *d = arena_alloc(q->arena, sizeof *d);
	if (d)
		buf_init(&d->definition, (size_t)512 * 1024);
	return d;
}

static np_err show(struct wreq *q, struct pg_conn *c)
{
	return stm_show(q, c, q->subject);
}

static np_err show_created(struct wreq *q, struct pg_conn *c)
{
	char id[36];
	str_uuid(q->subject, id);
	q->status = 201;
	q->location = arena_printf(q->arena, "/api/v1/monitors/%.36s", id);
	return stm_show(q, c, q->subject);
}

static np_err no_content(struct wreq *q, struct pg_conn *c)
{
	(void)c;
	q->status = 204;
	return NP_OK;
}

struct change {
	const char *act;
	np_str before, after;
	wq_fn applied;
};

/* The audit row and the command of a change that was just written. */
static np_err announce(struct wreq *q, struct pg_conn *c, const struct stm_row *row,
		       const struct change *ch)
{
	char id[36];
	str_uuid(q->subject, id);
	const struct act_audit audit = { ch->act, { id, sizeof id }, ch->before, ch->after };
	np_err e = act_audit(q, c, &audit);
	if (e < 0)
		return e;
	const struct act_command cmd = {
		.command = "define",
		.monitor = row->no,
		.shard = row->shard,
		.body = arena_printf(q->arena, "{\"revision\":%d}", row->revision),
		.applied = ch->applied,
	};
	q->nudge_monitors = true;
	return act_send(q, c, &cmd);
}

static np_err create(struct wreq *q, struct pg_conn *c, struct draft *d)
{
	np_err e = draft_read(q, c, q->body, d);
	if (e < 0)
		return e;
	struct stm_row row = { 0 };
	rnd_uuid(q->subject);
	np_str definition = buf_str(&d->definition);
	e = stm_insert(q, c, &(struct stm_def){ &d->m, definition }, &row);
	if (e < 0)
		return e;
	return announce(q, c, &row,
			&(struct change){ "monitor.create", { 0 }, definition, show_created });
}

np_err api_monitors_create(struct wreq *q, struct pg_conn *c)
{
	struct draft *d = draft_new(q);
	if (!d)
		return NP_E_NOMEM;
	np_err e = create(q, c, d);
	buf_done(&d->definition);
	return e;
}

static bool same_number(const json_t *a, double b)
{
	double d = json_number_value(a) - b;
	return json_is_number(a) && d < 1e-9 && d > -1e-9;
}

/* A timeout that is the old interval's default follows the new interval. */
static void follow_interval(const struct wreq *q, json_t *whole)
{
	const json_t *old = json_object_get(whole, "interval_s");
	if (!json_object_get(q->body, "interval_s") || json_object_get(q->body, "timeout_s") ||
	    !json_is_number(old))
		return;
	double old_s = json_number_value(old);
	if (old_s < 0 || old_s > (double)MON_INTERVAL_MAX_MS)
		return;
	double def_s = (double)mon_default_timeout_ms((int64_t)(old_s * 1000)) / 1000;
	if (same_number(json_object_get(whole, "timeout_s"), def_s))
		json_object_del(whole, "timeout_s");
}

static np_err patch(struct wreq *q, json_t *whole)
{
	const char *key;
	json_t *value;
	follow_interval(q, whole);
	json_object_foreach(q->body, key, value)
	{
		if (strcmp(key, "kind") == 0 &&
		    !json_equal(value, json_object_get(whole, "kind"))) {
			problem_add(&q->problems, "", "kind",
				    "cannot change: create another monitor");
			continue;
		}
		int rc = json_is_null(value) ? 0 : json_object_set(whole, key, value);
		if (json_is_null(value))
			json_object_del(whole, key);
		if (rc != 0)
			return NP_E_NOMEM;
	}
	if (json_object_size(q->body) == 0)
		problem_add(&q->problems, "", "", "at least one field is needed");
	return NP_OK;
}

static np_err update(struct wreq *q, struct pg_conn *c, struct draft *d)
{
	struct stm_row row = { 0 };
	np_err e = in_id(q, 0, q->subject);
	if (e == NP_OK)
		e = stm_lock(c, q->arena, q->subject, &row);
	if (e < 0)
		return e;
	json_t *whole = json_loadb(row.definition.p, row.definition.n, 0, NULL);
	if (!whole)
		return NP_E_CORRUPT;
	e = patch(q, whole);
	if (e == NP_OK)
		e = draft_read(q, c, whole, d);
	if (e == NP_OK) {
		np_str definition = buf_str(&d->definition);
		e = stm_update(q, c, &(struct stm_def){ &d->m, definition }, &row);
		if (e == NP_OK)
			e = announce(q, c, &row,
				     &(struct change){ "monitor.update", row.definition, definition,
						       show });
	}
	json_decref(whole);
	return e;
}

np_err api_monitors_update(struct wreq *q, struct pg_conn *c)
{
	struct draft *d = draft_new(q);
	if (!d)
		return NP_E_NOMEM;
	np_err e = update(q, c, d);
	buf_done(&d->definition);
	return e;
}

np_err api_monitors_delete(struct wreq *q, struct pg_conn *c)
{
	struct stm_row row = { 0 };
	np_err e = in_id(q, 0, q->subject);
	if (e == NP_OK)
		e = stm_lock(c, q->arena, q->subject, &row);
	if (e == NP_OK)
		e = stm_delete(q, c, &row);
	if (e < 0)
		return e;
	return announce(q, c, &row,
			&(struct change){ "monitor.delete", row.definition, { 0 }, no_content });
}

static np_err show_command(struct wreq *q, struct pg_conn *c)
{
	return act_show(q, c);
}

np_err api_monitors_check(struct wreq *q, struct pg_conn *c)
{
	struct stm_row row = { 0 };
	np_err e = in_id(q, 0, q->subject);
	if (e == NP_OK)
		e = stm_find(c, q->arena, q->subject, &row);
	if (e < 0)
		return e;
	char id[36];
	str_uuid(q->subject, id);
	e = act_audit(q, c,
		      &(struct act_audit){ .act = "monitor.check", .subject = { id, sizeof id } });
	if (e < 0)
		return e;
	return act_send(q, c,
			&(struct act_command){ .command = "check",
					       .monitor = row.no,
					       .shard = row.shard,
					       .body = NP_STR("{}"),
					       .applied = show_command });
}
