/* SPDX-License-Identifier: Apache-2.0 */
#include "web/derive.h"

#include "base/str.h"
#include "web/store_policy.h"

#define DEFINITION_MAX ((size_t)512 * 1024)

static np_err load(struct wreq *q, struct pg_conn *c, struct derive *d)
{
	np_err e = stm_regions(c, q->arena, &d->regions);
	if (e == NP_OK)
		e = stp_policies(q, c, d);
	if (e == NP_OK)
		e = stp_channel_names(c, &d->names);
	return e;
}

NP_NODISCARD np_err derive_open(struct wreq *q, struct pg_conn *c, enum derive_lock lock,
				struct derive **ret)
{
	struct derive *d = arena_alloc(q->arena, sizeof *d);
	if (!d)
		return NP_E_NOMEM;
	np_err e = lock == DERIVE_READ ? NP_OK : stp_lock(q, c, lock == DERIVE_WRITE_ALL);
	if (e == NP_OK)
		e = load(q, c, d);
	if (e < 0) {
		derive_done(d);
		return e;
	}
	*ret = d;
	return NP_OK;
}

void derive_done(struct derive *d)
{
	if (!d)
		return;
	json_decref(d->rules);
	json_decref(d->names);
	d->rules = d->names = NULL;
}

void derive_done_p(struct derive **d)
{
	derive_done(*d);
	*d = NULL;
}

void derived_done(struct derived *r)
{
	json_decref(r->whole);
	r->whole = NULL;
	buf_done(&r->text);
}

static void derived_reset(struct derived *r)
{
	json_decref(r->whole);
	r->whole = NULL;
	buf_reset(&r->text);
}

static void write_definition(const struct derive *d, struct derived *r)
{
	np_str names[MON_REGIONS_MAX];
	for (uint32_t i = 0; i < r->m.def.region_n; i++) {
		names[i] = (np_str){ 0 };
		for (size_t k = 0; k < d->regions.n; k++)
			if (d->regions.number[k] == r->m.def.region[i])
				names[i] = d->regions.name[k];
	}
	struct jsonw w;
	jsonw_init(&w, &r->text);
	jsonw_obj(&w);
	monj_write(&w, &r->m, names);
	jsonw_obj_end(&w);
}

NP_NODISCARD np_err derive_one(const struct derive *d, const json_t *given, struct derived *ret,
			       struct problem_list *p)
{
	struct monj_regions known = { d->regions.name, d->regions.number, d->regions.n };
	if (ret->text.max == 0)
		buf_init(&ret->text, DEFINITION_MAX);
	derived_reset(ret);
	ret->applying_n = pol_applying(d->pol, d->pol_n, given, ret->applying);
	ret->whole = pol_merge(given, ret->applying, ret->applying_n);
	if (!ret->whole)
		return NP_E_NOMEM;
	np_err e = monj_read(ret->whole, &known, &ret->m, p);
	if (e < 0)
		return e;
	write_definition(d, ret);
	return buf_failed(&ret->text);
}
