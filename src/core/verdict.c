/* SPDX-License-Identifier: Apache-2.0 */
#include "core/verdict.h"

#include "core/pack.h"

#define VD_VERSION 1

static const char *const verdict_names[] = {
	[VD_NODATA] = "nodata",
	[VD_UP] = "up",
	[VD_DOWN] = "down",
	[VD_HELD] = "held",
};
static_assert(NP_LEN(verdict_names) == VD_VERDICT_N, "name every verdict");

static const char *const out_names[] = {
	[VD_COUNTS] = "counts", [VD_SILENT] = "silent",   [VD_STALE] = "stale",
	[VD_BANNED] = "banned", [VD_SUSPECT] = "suspect",
};
static_assert(NP_LEN(out_names) == VD_OUT_N, "name every reason");

uint32_t vd_need(const struct mon_def *d, uint32_t e)
{
	switch (d->quorum) {
	case MON_Q_MAJORITY:
		return vd_majority(e);
	case MON_Q_ALL:
		return e > 0 ? e : 1;
	case MON_Q_NUMBER:
		return d->quorum_n;
	case MON_Q_ANY:
	case MON_QUORUM_N:
		break;
	}
	return 1;
}

static enum vd_out out_of(const struct mon_def *d, const struct vote *v, int64_t fresh_us)
{
	if (v->banned)
		return VD_BANNED;
	if (v->say == VOTE_NONE)
		return v->ended ? VD_STALE : VD_SILENT;
	if (vote_is_stale(d, v, fresh_us))
		return VD_STALE;
	return v->suspect ? VD_SUSPECT : VD_COUNTS;
}

static struct vd_region region_of(const struct mon_def *d, const struct vote *v, uint32_t index,
				  int64_t fresh_us)
{
	return (struct vd_region){
		.region = d->region[index],
		.say = v->say,
		.out = (uint8_t)out_of(d, v, fresh_us),
		.said_fail = v->said_fail,
		.soft = v->soft,
		.status = v->status,
		.cls = v->cls,
		.code = v->code,
		.since_us = v->fails > 0 ? v->first_fail_us : v->first_pass_us,
		.last_us = v->start_us,
		.latency_us = v->duration_us,
	};
}

/* f, k, E and f', by what each region says and whether it counts; yields the soft passes. */
static uint32_t count(struct vd_evidence *e)
{
	uint32_t f = 0, k = 0, gone = 0, soft = 0;
	for (uint32_t i = 0; i < e->n; i++) {
		const struct vd_region *r = &e->region[i];
		bool counts = r->out == VD_COUNTS;
		f += counts && r->say == VOTE_FAIL;
		k += counts && r->say == VOTE_OK;
		soft += counts && r->say == VOTE_OK && r->soft;
		gone += !counts && r->said_fail;
	}
	e->f = (uint8_t)f;
	e->k = (uint8_t)k;
	e->e = (uint8_t)(f + k);
	e->f_held = (uint8_t)(f + gone);
#ifdef NP_MUTANT_SILENCE_RESOLVES
	e->f_held = e->f;
#endif
	return soft;
}

/* The region whose FAIL was the q-th: its attempts date the incident. */
static void find_completer(struct vd_evidence *e, const struct vote *vote)
{
	e->completer = -1;
	for (uint32_t i = 0; e->verdict == VD_DOWN && i < e->n; i++) {
		uint32_t rank = 0;
		if (e->region[i].out != VD_COUNTS || vote[i].say != VOTE_FAIL)
			continue;
		for (uint32_t j = 0; j < e->n; j++)
			rank += e->region[j].out == VD_COUNTS && vote[j].say == VOTE_FAIL &&
				(vote[j].failed_us < vote[i].failed_us ||
				 (vote[j].failed_us == vote[i].failed_us && j <= i));
		if (rank != e->q)
			continue;
		e->completer = (int8_t)i;
		e->completed_us = vote[i].failed_us;
		e->completer_first_us = vote[i].first_fail_us;
	}
#ifdef NP_MUTANT_FIRST_FAILURE
	for (uint32_t i = 0; e->completer >= 0 && i < e->n; i++)
		if (vote[i].fails > 0 && vote[i].first_fail_us < e->completed_us)
			e->completed_us = vote[i].first_fail_us;
#endif
}

static enum vd_verdict decide(const struct mon_def *d, const struct vd_evidence *e)
{
	uint32_t majority = vd_majority(e->n);
#ifdef NP_MUTANT_SHRINK_E
	majority = vd_majority(e->e);
#endif
	if (e->e < majority || (d->quorum == MON_Q_NUMBER && e->e < d->quorum_n))
		return VD_NODATA;
	if (e->f >= e->q)
		return VD_DOWN;
	return e->k >= majority && e->f_held < e->q ? VD_UP : VD_HELD;
}

void vd_decide(const struct mon_def *d, const struct vote *vote, int64_t fresh_us, int64_t at_us,
	       struct vd_evidence *ret)
{
	assert(d->region_n <= MON_REGIONS_MAX);
	*ret = (struct vd_evidence){ .at_us = at_us,
				     .revision = d->revision,
				     .n = (uint8_t)d->region_n };
	for (uint32_t i = 0; i < d->region_n; i++)
		ret->region[i] = region_of(d, &vote[i], i, fresh_us);
	uint32_t soft = count(ret);
	ret->q = (uint8_t)vd_need(d, ret->e);
	ret->verdict = (uint8_t)decide(d, ret);
	ret->partial = ret->f > 0 && ret->verdict != VD_DOWN;
	ret->degraded = ret->verdict == VD_UP && 2 * soft > ret->e;
	ret->unreachable =
		d->quorum == MON_Q_NUMBER && ret->e >= vd_majority(ret->n) && ret->e < d->quorum_n;
	find_completer(ret, vote);
}

const char *vd_verdict_name(enum vd_verdict v)
{
	return (size_t)v < VD_VERDICT_N ? verdict_names[v] : "none";
}

const char *vd_out_name(enum vd_out o)
{
	return (size_t)o < VD_OUT_N ? out_names[o] : "none";
}

static void pack_region(struct pack *p, struct vd_region *r)
{
	pack_u32(p, &r->region);
	pack_enum(p, &r->say, VOTE_SAY_N);
	pack_enum(p, &r->out, VD_OUT_N);
	pack_bool(p, &r->said_fail);
	pack_bool(p, &r->soft);
	pack_enum(p, &r->status, RES_STATUS_N);
	pack_enum(p, &r->cls, RES_CLASS_N);
	pack_i32(p, &r->code);
	pack_i64(p, &r->since_us);
	pack_i64(p, &r->last_us);
	pack_i64(p, &r->latency_us);
}

static void pack_evidence(struct pack *p, struct vd_evidence *e)
{
	uint8_t *const counts[] = { &e->f, &e->k, &e->e, &e->q, &e->f_held };
	uint8_t completer = (uint8_t)(e->completer + 1);
	pack_i64(p, &e->at_us);
	pack_u32(p, &e->revision);
	pack_enum(p, &e->verdict, VD_VERDICT_N);
	pack_bool(p, &e->partial);
	pack_bool(p, &e->degraded);
	pack_bool(p, &e->unreachable);
	pack_enum(p, &e->n, MON_REGIONS_MAX + 1);
	for (size_t i = 0; i < NP_LEN(counts); i++)
		pack_enum(p, counts[i], MON_REGIONS_MAX + 1);
	pack_enum(p, &completer, MON_REGIONS_MAX + 1);
	e->completer = (int8_t)(completer - 1);
	pack_i64(p, &e->completed_us);
	pack_i64(p, &e->completer_first_us);
	for (uint32_t i = 0; i < e->n; i++)
		pack_region(p, &e->region[i]);
}

void vd_encode(const struct vd_evidence *e, struct buf *out)
{
	struct vd_evidence copy = *e;
	struct pack p;
	size_t start = out->n;
	pack_begin(&p, out, VD_VERSION);
	pack_evidence(&p, &copy);
	pack_seal(&p, start);
}

np_err vd_decode(np_str bytes, struct vd_evidence *ret)
{
	struct vd_evidence found = { 0 };
	struct pack p;
	np_err e = pack_open(&p, bytes, VD_VERSION, VD_VERSION);
	if (e < 0)
		return e;
	pack_evidence(&p, &found);
	e = pack_end(&p);
	if (e < 0)
		return e;
	*ret = found;
	return NP_OK;
}
