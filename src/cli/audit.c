/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/audit.h"

#include "base/clock.h"

static const char *const kind_names[] = {
	[AUDIT_EDITED] = "edited",       [AUDIT_MISSING] = "missing",
	[AUDIT_UNLINKED] = "unlinked",   [AUDIT_CUT] = "cut",
	[AUDIT_REWRITTEN] = "rewritten", [AUDIT_HEAD] = "head",
	[AUDIT_HEADS_CUT] = "heads_cut",
};
static_assert(NP_LEN(kind_names) == AUDIT_KIND_N, "name every kind");

const char *audit_kind_name(enum audit_kind k)
{
	assert((size_t)k < AUDIT_KIND_N);
	return kind_names[k];
}

np_err audit_init(struct audit *a, struct pg_conn *db)
{
	*a = (struct audit){ .db = db, .orgs = map_new(AUDIT_ORGS_MAX) };
	buf_init(&a->scratch, CHAIN_ROW_MAX);
	return a->orgs ? NP_OK : NP_E_NOMEM;
}

void audit_done(struct audit *a)
{
	map_free(a->orgs, free);
	buf_done(&a->scratch);
}

struct audit_org *audit_org(struct audit *a, int64_t org)
{
	struct audit_org *o = map_get(a->orgs, (uint64_t)org);
	if (o)
		return o;
	o = np_zalloc(sizeof *o);
	if (o && map_put(a->orgs, (uint64_t)org, o, NULL) < 0) {
		free(o);
		o = NULL;
	}
	return o;
}

void audit_find(struct audit *a, const struct audit_finding *f)
{
	a->wrong_n++;
	if (a->found_n < AUDIT_FINDINGS_MAX)
		a->found[a->found_n++] = *f;
}

static np_err read_tips(struct audit *a)
{
	NP_CLEANUP(pg_res_free_p) struct pg_res *r = NULL;
	np_err e = pg_exec(a->db, "SELECT org_id, seq, hash FROM np.audit_head", NULL, &r);
	for (size_t i = 0; e == NP_OK && i < pg_res_rows(r); i++) {
		struct audit_org *o = audit_org(a, pg_res_i64(r, i, 0));
		np_str hash = pg_res_str(r, i, 2);
		if (!o)
			return NP_E_NOMEM;
		o->tip_seq = (uint64_t)pg_res_i64(r, i, 1);
		if (hash.n == CHAIN_HASH_LEN) /* else it matches nothing */
			memcpy(o->tip_hash, hash.p, CHAIN_HASH_LEN);
	}
	return e;
}

np_err audit_read_tips(struct audit *a)
{
	NP_CLEANUP(pg_res_free_p) struct pg_res *r = NULL;
	np_err e = read_tips(a);
	if (e == NP_OK)
		e = pg_exec(a->db,
			    "SELECT org_id, max(seq), count(*) FROM np.audit_signed"
			    " GROUP BY org_id",
			    NULL, &r);
	for (size_t i = 0; e == NP_OK && i < pg_res_rows(r); i++) {
		struct audit_org *o = audit_org(a, pg_res_i64(r, i, 0));
		if (!o)
			return NP_E_NOMEM;
		o->copied_seq = (uint64_t)pg_res_i64(r, i, 1);
		a->copies += (uint64_t)pg_res_i64(r, i, 2);
	}
	return e;
}
