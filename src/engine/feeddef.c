/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/feeddef.h"

#include "engine/sql.h"

/* ---- reading into the message's memory ---- */

char *feeddef_text(struct msg *m, np_str s)
{
	char *p = arena_alloc(m->arena, s.n + 1);
	if (p && s.n > 0)
		memcpy(p, s.p, s.n);
	return p;
}

ProtobufCBinaryData feeddef_uuid(struct msg *m, const struct pg_res *res, size_t row, size_t col)
{
	uint8_t *id = arena_alloc(m->arena, 16);
	if (!id)
		return (ProtobufCBinaryData){ 0 };
	pg_res_uuid(res, row, col, id);
	return (ProtobufCBinaryData){ 16, id };
}

/* ---- definitions ---- */

static np_err read_regions(const struct pg_res *res, size_t row, struct msg *rows,
			   Np__I1__DefinitionInput *d)
{
	int64_t no[MON_REGIONS_MAX];
	np_str name[MON_REGIONS_MAX];
	size_t n = pg_res_ints(res, row, 6, no, MON_REGIONS_MAX);
	size_t names = pg_res_strs(res, row, 8, name, MON_REGIONS_MAX);
	if (n > MON_REGIONS_MAX || names != n)
		n = 0; /* refused when it is folded */
	d->regions = arena_calloc(rows->arena, n + 1, sizeof *d->regions);
	d->region_names = arena_calloc(rows->arena, n + 1, sizeof *d->region_names);
	if (!d->regions || !d->region_names)
		return NP_E_NOMEM;
	for (size_t i = 0; i < n; i++) {
		d->regions[i] = (uint32_t)no[i];
		d->region_names[i] = feeddef_text(rows, name[i]);
		if (!d->region_names[i])
			return NP_E_NOMEM;
	}
	d->n_regions = d->n_region_names = n;
	return NP_OK;
}

/* Columns of SQL_MONITORS and SQL_REVISIONS. */
static np_err add_definition(const struct pg_res *res, size_t row, struct msg *rows,
			     Np__I1__DefinitionInput **ret)
{
	uint64_t no = (uint64_t)pg_res_i64(res, row, 0);
	Np__I1__DefinitionInput *d = arena_alloc(rows->arena, sizeof *d);
	Np__I1__Input *in;
	np_err e = msg_add_row(rows, mon_shard(no), &in);
	if (e < 0 || !d)
		return NP_E_NOMEM;
	*d = (Np__I1__DefinitionInput)NP__I1__DEFINITION_INPUT__INIT;
	d->monitor = no;
	d->monitor_id = feeddef_uuid(rows, res, row, 1);
	d->org = (uint64_t)pg_res_i64(res, row, 2);
	d->revision = (uint32_t)pg_res_i64(res, row, 3);
	d->definition_json = feeddef_text(rows, pg_res_str(res, row, 4));
	d->provenance = feeddef_text(rows, pg_res_str(res, row, 5));
	d->pinned = (uint64_t)pg_res_i64(res, row, 7);
	d->actor = feeddef_text(rows, pg_res_str(res, row, 9));
	e = read_regions(res, row, rows, d);
	if (e < 0 || !d->monitor_id.data || !d->definition_json || !d->provenance || !d->actor)
		return NP_E_NOMEM;
	in->kind_case = NP__I1__INPUT__KIND_DEFINITION;
	in->definition = d;
	*ret = d;
	return NP_OK;
}

#define MONITORS_AT_ONCE 1000

np_err feeddef_monitors(struct pg_conn *c, const struct shard *s, struct msg *rows)
{
	uint64_t after = 0;
	for (;;) {
		NP_CLEANUP(pg_params_done) struct pg_params p;
		NP_CLEANUP(pg_res_free_p) struct pg_res *res = NULL;
		pg_params_init(&p);
		pg_params_i16(&p, (int16_t)s->no);
		pg_params_i64(&p, (int64_t)after);
		pg_params_i32(&p, MONITORS_AT_ONCE);
		np_err e = pg_exec(c, sql_text(SQL_MONITORS), &p, &res);
		for (size_t i = 0; e == NP_OK && i < pg_res_rows(res); i++) {
			after = (uint64_t)pg_res_i64(res, i, 0);
			const struct mon *m = shard_monitor(s, after);
			Np__I1__DefinitionInput *d;
			if (!m || m->def.revision < (uint64_t)pg_res_i64(res, i, 3))
				e = add_definition(res, i, rows, &d);
		}
		if (e < 0 || pg_res_rows(res) < MONITORS_AT_ONCE)
			return e;
	}
}

static np_err query_revision(struct pg_conn *c, const struct msg_want *want, struct pg_res **ret)
{
	NP_CLEANUP(pg_params_done) struct pg_params p;
	pg_params_init(&p);
	pg_params_i64(&p, (int64_t)want->monitor);
	pg_params_i64(&p, want->revision);
	return pg_exec(c, sql_text(SQL_REVISION), &p, ret);
}

np_err feeddef_one(struct pg_conn *c, const struct msg_want *want, struct msg *rows,
		   Np__I1__DefinitionInput **ret)
{
	NP_CLEANUP(pg_res_free_p) struct pg_res *res = NULL;
	np_err e = query_revision(c, want, &res);
	if (e < 0)
		return e;
	return pg_res_rows(res) > 0 ? add_definition(res, 0, rows, ret) : NP_E_NOTFOUND;
}

np_err feeddef_wanted(struct pg_conn *c, const struct msg *want, struct msg *rows)
{
	np_err e = NP_OK;
	for (size_t i = 0; e == NP_OK && i < want->n; i++) {
		struct msg_want newest = { .monitor = want->want[i].monitor };
		Np__I1__DefinitionInput *d;
		if (mon_shard(newest.monitor) == want->shard_no)
			e = feeddef_one(c, &newest, rows, &d);
		if (e == NP_E_NOTFOUND)
			e = NP_OK; /* the fold will refuse what names it */
	}
	return e;
}
