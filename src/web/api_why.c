/* SPDX-License-Identifier: Apache-2.0 */
#include "base/clock.h"
#include "base/str.h"
#include "core/why.h"
#include "web/api.h"
#include "web/input.h"
#include "web/store_monitor.h"
#include "web/store_why.h"

struct reason {
	struct stw_row row;
	struct stm_regions regions;
	struct monj m;
	struct mst st;
	struct why why;
};

/* A definition of the past may name what is gone: then the stored sentence has to do. */
static np_err read_rules(struct wreq *q, struct pg_conn *c, struct reason *r)
{
	np_err e = stm_regions(c, q->arena, &r->regions);
	if (e < 0)
		return e;
	q->body = json_loadb(r->row.definition.p, r->row.definition.n, 0, NULL);
	const struct monj_regions known = { r->regions.name, r->regions.number, r->regions.n };
	struct problem_list ignored = { 0 };
	if (!q->body || monj_read(q->body, &known, &r->m, &ignored) < 0)
		return NP_E_CORRUPT;
	r->m.def.no = (uint64_t)r->row.no;
	r->m.def.revision = (uint32_t)r->row.revision;
	return mst_decode(r->row.core, &r->st);
}

static void write_stored(struct wreq *q, const struct stw_row *row)
{
	struct jsonw *w = &q->json;
	jsonw_obj(w);
	jsonw_kstr(w, "sentence", row->why.n ? row->why : NP_STR("Waiting for the first checks."));
	jsonw_kstr(w, "state", row->state);
	jsonw_ktime(w, "at", clock_wall_us());
	jsonw_obj_end(w);
}

static void name_regions(const struct reason *r, np_str name[MON_REGIONS_MAX])
{
	const struct vd_evidence *ev = &r->why.evidence;
	for (uint32_t i = 0; i < ev->n && i < MON_REGIONS_MAX; i++)
		for (size_t k = 0; k < r->regions.n; k++)
			if (r->regions.number[k] == ev->region[i].region)
				name[i] = r->regions.name[k];
}

static void write_now(struct wreq *q, struct reason *r)
{
	np_str name[MON_REGIONS_MAX] = { { 0 } };
	struct why_facts f = {
		.now_us = clock_wall_us(),
		.region_name = name,
		.channels_known = true,
		.channels = (uint32_t)r->row.channels,
		.channels_dead = (uint32_t)r->row.channels_dead,
		.channels_unsure = (uint32_t)r->row.channels_unsure,
		.channels_digest = (uint32_t)r->row.channels_digest,
		.acked_by = r->row.acked_by,
		.rules_changed = r->st.revision < (uint32_t)r->row.revision,
	};
	why_of(&r->m.def, &r->st, &f, &r->why);
	name_regions(r, name);
	why_json(&r->why, &f, &q->json);
}

static np_err past(struct wreq *q, struct pg_conn *c, int64_t at_us)
{
	np_str json;
	np_err e = stw_past(q, c, at_us, &json);
	if (e < 0)
		return e;
	if (json.n == 0)
		return wq_problem(q, 404, "Nothing is recorded of that moment.");
	jsonw_raw(&q->json, json);
	return NP_OK;
}

np_err api_why(struct wreq *q, struct pg_conn *c)
{
	int64_t at = 0;
	(void)in_time(q, "at", &at);
	np_err e = wq_check(q);
	if (e == NP_OK)
		e = in_id(q, 0, q->subject);
	if (e < 0)
		return e;
	struct reason *r = arena_alloc(q->arena, sizeof *r);
	if (!r)
		return NP_E_NOMEM;
	e = stw_now(q, c, q->subject, &r->row);
	if (e < 0)
		return e;
	if (at > 0 && at < clock_wall_us())
		return past(q, c, at);
	e = r->row.core.n ? read_rules(q, c, r) : NP_E_NOTFOUND;
	if (e == NP_OK)
		write_now(q, r);
	else if (e == NP_E_DB_GONE || e == NP_E_DB)
		return e;
	else
		write_stored(q, &r->row);
	return NP_OK;
}
