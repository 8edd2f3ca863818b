/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/store.h"

#include "base/str.h"
#include "gateway/definition.h"

void store_rows_free(struct store_rows *r)
{
	if (!r)
		return;
	for (size_t i = 0; i < r->n_memberships; i++)
		free(r->memberships[i].members);
	for (size_t i = 0; i < r->n_monitors; i++)
		world_monitor_free(r->monitors[i]);
	free(r->regions);
	free(r->checkers);
	free(r->memberships);
	free(r->monitors);
	free(r->gone);
	free(r->private_orgs);
	*r = (struct store_rows){ 0 };
}

np_err store_xmin(struct pg_conn *c, char ret_xid[STORE_XID_MAX])
{
	NP_CLEANUP(pg_res_free_p) struct pg_res *r = NULL;
	np_err e = pg_exec(c, "SELECT pg_snapshot_xmin(pg_current_snapshot())::text", NULL, &r);
	if (e < 0)
		return e;
	np_str s = pg_res_str(r, 0, 0);
	if (s.n == 0 || s.n >= STORE_XID_MAX)
		return NP_E_DB;
	memcpy(ret_xid, s.p, s.n);
	ret_xid[s.n] = '\0';
	return NP_OK;
}

static np_err read_since(struct pg_conn *c, const char *sql, const char *since, struct pg_res **ret)
{
	NP_CLEANUP(pg_params_done) struct pg_params p;
	pg_params_init(&p);
	pg_params_c(&p, since);
	np_err e = pg_exec(c, sql, &p, ret);
	if (e == NP_OK && pg_res_rows(*ret) > STORE_ROWS_MAX)
		e = NP_E_LIMIT;
	return e;
}

/* Clipped and terminated; the schema keeps them shorter. */
static void text(const struct pg_res *r, size_t row, size_t col, char *ret, size_t size)
{
	np_str s = str_sub(pg_res_str(r, row, col), 0, size - 1);
	if (s.n > 0)
		memcpy(ret, s.p, s.n);
	ret[s.n] = '\0';
}

static np_err read_private(struct pg_conn *c, struct store_rows *ret)
{
	NP_CLEANUP(pg_res_free_p) struct pg_res *r = NULL;
	np_err e = pg_exec(c, "SELECT id FROM np.org WHERE private_ok ORDER BY id", NULL, &r);
	if (e < 0)
		return e;
	ret->private_orgs = np_calloc(pg_res_rows(r) + 1, sizeof *ret->private_orgs);
	if (!ret->private_orgs)
		return NP_E_NOMEM;
	ret->n_private = pg_res_rows(r);
	for (size_t i = 0; i < ret->n_private; i++)
		ret->private_orgs[i] = (uint64_t)pg_res_i64(r, i, 0);
	return NP_OK;
}

static np_err read_regions(struct pg_conn *c, const char *since, struct store_rows *ret)
{
	NP_CLEANUP(pg_res_free_p) struct pg_res *r = NULL;
	np_err e =
		read_since(c,
			   "SELECT id, org_id, name FROM np.region WHERE changed_xid >= $1::xid8",
			   since, &r);
	if (e < 0)
		return e;
	ret->regions = np_calloc(pg_res_rows(r) + 1, sizeof *ret->regions);
	if (!ret->regions)
		return NP_E_NOMEM;
	ret->n_regions = pg_res_rows(r);
	for (size_t i = 0; i < ret->n_regions; i++) {
		struct world_region_row *row = &ret->regions[i];
		row->id = (uint32_t)pg_res_i64(r, i, 0);
		row->org = (uint64_t)pg_res_i64(r, i, 1);
		text(r, i, 2, row->name, sizeof row->name);
	}
	return NP_OK;
}

static np_err take_membership(const struct pg_res *r, size_t i, struct world_membership_row *row)
{
	size_t n = pg_res_ints(r, i, 2, NULL, 0);
	if (n > WORLD_MEMBERS_MAX)
		return NP_E_LIMIT;
	NP_CLEANUP(np_free_ptr) int64_t *ids = np_calloc(n + 1, sizeof *ids);
	row->members = np_calloc(n + 1, sizeof *row->members);
	if (!ids || !row->members)
		return NP_E_NOMEM;
	(void)pg_res_ints(r, i, 2, ids, n);
	for (size_t k = 0; k < n; k++)
		row->members[k] = (uint64_t)ids[k];
	row->n = n;
	row->region_id = (uint32_t)pg_res_i64(r, i, 0);
	row->number = (uint64_t)pg_res_i64(r, i, 1);
	return NP_OK;
}

static np_err read_memberships(struct pg_conn *c, const char *since, struct store_rows *ret)
{
	NP_CLEANUP(pg_res_free_p) struct pg_res *r = NULL;
	np_err e = read_since(c,
			      "SELECT DISTINCT ON (region_id) region_id, number, members "
			      "FROM np.membership WHERE changed_xid >= $1::xid8 "
			      "ORDER BY region_id, number DESC",
			      since, &r);
	if (e < 0)
		return e;
	ret->memberships = np_calloc(pg_res_rows(r) + 1, sizeof *ret->memberships);
	if (!ret->memberships)
		return NP_E_NOMEM;
	ret->n_memberships = pg_res_rows(r);
	for (size_t i = 0; i < ret->n_memberships && e == NP_OK; i++)
		e = take_membership(r, i, &ret->memberships[i]);
	return e;
}

static void take_checker(const struct pg_res *r, size_t i, struct world_checker_row *row)
{
	np_str state = pg_res_str(r, i, 4);
	row->id = (uint64_t)pg_res_i64(r, i, 0);
	pg_res_uuid(r, i, 1, row->uuid);
	row->org = (uint64_t)pg_res_i64(r, i, 2);
	row->region_id = (uint32_t)pg_res_i64(r, i, 3);
	/* What we do not know may not speak. */
	row->state = str_eq_c(state, "active")     ? GW_ACTIVE
		     : str_eq_c(state, "draining") ? GW_DRAINING
						   : GW_BANNED;
	text(r, i, 5, row->serial, sizeof row->serial);
	row->not_after_us = pg_res_time(r, i, 6);
	text(r, i, 7, row->next_serial, sizeof row->next_serial);
	row->next_not_after_us = pg_res_null(r, i, 8) ? 0 : pg_res_time(r, i, 8);
}

static np_err read_checkers(struct pg_conn *c, const char *since, struct store_rows *ret)
{
	NP_CLEANUP(pg_res_free_p) struct pg_res *r = NULL;
	np_err e = read_since(c,
			      "SELECT id, uuid, org_id, region_id, state, serial, not_after, "
			      "next_serial, next_not_after "
			      "FROM np.checker WHERE changed_xid >= $1::xid8",
			      since, &r);
	if (e < 0)
		return e;
	ret->checkers = np_calloc(pg_res_rows(r) + 1, sizeof *ret->checkers);
	if (!ret->checkers)
		return NP_E_NOMEM;
	ret->n_checkers = pg_res_rows(r);
	for (size_t i = 0; i < ret->n_checkers; i++)
		take_checker(r, i, &ret->checkers[i]);
	return NP_OK;
}

static np_err take_monitor(const struct pg_res *r, size_t i, struct gw_monitor **ret)
{
	int64_t regions[MON_REGIONS_MAX];
	size_t n = pg_res_ints(r, i, 5, regions, MON_REGIONS_MAX);
	if (n > MON_REGIONS_MAX)
		return NP_E_INVAL;
	struct gw_monitor *m = world_monitor_new(n);
	if (!m)
		return NP_E_NOMEM;
	m->id = (uint64_t)pg_res_i64(r, i, 0);
	m->org = (uint64_t)pg_res_i64(r, i, 1);
	m->revision = (uint32_t)pg_res_i64(r, i, 2);
	m->load = str_eq_c(pg_res_str(r, i, 6), "load");
	m->pinned = (uint64_t)pg_res_i64(r, i, 7);
	for (size_t k = 0; k < n; k++)
		m->region_id[k] = (uint32_t)regions[k];
	np_err e = mon_kind_from_name(pg_res_str(r, i, 3), &m->kind);
	if (e == NP_OK)
		e = definition_read(pg_res_str(r, i, 4), m);
	if (e == NP_OK)
		*ret = m;
	else
		world_monitor_free(m);
	return e;
}

static np_err read_monitors(struct pg_conn *c, const char *since, struct store_rows *ret)
{
	NP_CLEANUP(pg_res_free_p) struct pg_res *r = NULL;
	np_err e =
		read_since(c,
			   "SELECT id, org_id, revision, kind, definition, region_ids, provenance, "
			   "coalesce(pinned, 0), deleted_at IS NOT NULL "
			   "FROM np.monitor WHERE changed_xid >= $1::xid8",
			   since, &r);
	if (e < 0)
		return e;
	size_t rows = pg_res_rows(r);
	ret->monitors = np_calloc(rows + 1, sizeof(struct gw_monitor *));
	ret->gone = np_calloc(rows + 1, sizeof *ret->gone);
	if (!ret->monitors || !ret->gone)
		return NP_E_NOMEM;
	for (size_t i = 0; i < rows; i++) {
		struct gw_monitor *m = NULL;
		e = pg_res_bool(r, i, 8) ? NP_E_NOTFOUND : take_monitor(r, i, &m);
		if (e == NP_E_NOMEM)
			return e;
		if (m)
			ret->monitors[ret->n_monitors++] = m;
		else
			ret->gone[ret->n_gone++] = (uint64_t)pg_res_i64(r, i, 0);
		ret->unreadable += e < 0 && e != NP_E_NOTFOUND;
	}
	return NP_OK;
}

/* Each statement sees more than the one before: what a row names (members, regions) is read
 * after it. */
np_err store_read(struct pg_conn *c, const char *since, struct store_rows *ret)
{
	np_err e = read_private(c, ret);
	if (e == NP_OK)
		e = read_memberships(c, since, ret);
	if (e == NP_OK)
		e = read_monitors(c, since, ret);
	if (e == NP_OK)
		e = read_checkers(c, since, ret);
	if (e == NP_OK)
		e = read_regions(c, since, ret);
	return e;
}

np_err store_serial_used(struct pg_conn *c, uint64_t checker, const char *serial)
{
	NP_CLEANUP(pg_params_done) struct pg_params p;
	pg_params_init(&p);
	pg_params_i64(&p, (int64_t)checker);
	pg_params_c(&p, serial);
	return pg_exec(c, "SELECT np.serial_used($1, $2)", &p, NULL);
}
