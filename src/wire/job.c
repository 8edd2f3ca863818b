/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/job.h"

#include "wire/sealed.h"

np_str job_channel(uint32_t region, char ret[JOB_CHANNEL_MAX])
{
	int n = snprintf(ret, JOB_CHANNEL_MAX, "np:jobs:%u", region);
	return (np_str){ ret, (size_t)n };
}

np_err job_put(const struct seal *s, const Np__I1__JobRecord *j, struct buf *out)
{
	char channel[JOB_CHANNEL_MAX];
	return sealed_put(s, job_channel(j->region, channel), &j->base, out);
}

np_err job_open(const struct seal *s, uint32_t region, np_str bytes, struct arena *a,
		Np__I1__JobRecord **ret)
{
	char channel[JOB_CHANNEL_MAX];
	ProtobufCMessage *m = NULL;
	const struct sealed_in in = { s, job_channel(region, channel), bytes };
	np_err e = sealed_open(&in, a, &np__i1__job_record__descriptor, &m);
	if (e < 0)
		return e;
	Np__I1__JobRecord *j = (Np__I1__JobRecord *)m;
	if (j->monitor == 0 || j->region != region)
		return NP_E_PROTO;
	*ret = j;
	return NP_OK;
}

np_err job_put_nudge(const struct seal *s, enum job_nudge what, struct buf *out)
{
	Np__I1__RegistryNudge m = NP__I1__REGISTRY_NUDGE__INIT;
	m.what = (uint32_t)what;
	return sealed_put(s, NP_STR(JOB_REGISTRY_CHANNEL), &m.base, out);
}

/* The one field, without an arena: a nudge is not worth one. */
np_err job_open_nudge(const struct seal *s, np_str bytes, enum job_nudge *ret_what)
{
	np_str msg;
	np_err e = seal_open(s, NP_STR(JOB_REGISTRY_CHANNEL), bytes, &msg);
	if (e < 0)
		return e;
	struct pballoc_field f;
	e = pballoc_next(&msg, &f);
	if (e < 0)
		return e;
	if (f.number != 1 || f.type != 0 || f.value == 0 || f.value >= JOB_NUDGE_N)
		return NP_E_PROTO;
	*ret_what = (enum job_nudge)f.value;
	return NP_OK;
}
