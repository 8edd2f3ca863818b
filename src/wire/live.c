/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/live.h"

#include "core/result.h"
#include "wire/sealed.h"

#define ID_LEN 16
#define ENGINE_MAX 64
#define WHY_MAX 4096
#define WORD_MAX 64
#define REASON_MAX 1024

np_err live_put(const struct seal *s, const Np__I1__LiveMsg *m, struct buf *out)
{
	return sealed_put(s, NP_STR(LIVE_CHANNEL), &m->base, out);
}

static bool result_ok(const Np__I1__LiveResult *r)
{
	return r->monitor > 0 && r->monitor_id.len == ID_LEN && r->shard < NP_SHARDS &&
	       pballoc_str_ok(r->error_text, RES_TEXT_MAX);
}

static bool state_ok(const Np__I1__LiveState *s)
{
	return s->monitor_id.len == ID_LEN && s->shard < NP_SHARDS &&
	       pballoc_str_ok(s->why, WHY_MAX);
}

static bool incident_ok(const Np__I1__LiveIncident *i)
{
	return i->incident_id.len == ID_LEN && i->monitor_id.len == ID_LEN &&
	       pballoc_str_ok(i->kind, WORD_MAX) && pballoc_str_ok(i->state, WORD_MAX);
}

static bool note_ok(const Np__I1__LiveNote *n)
{
	return n->inbox_id.len == ID_LEN && pballoc_str_ok(n->reason, REASON_MAX);
}

static bool group_ok(const Np__I1__LiveGroup *g)
{
	for (size_t i = 0; i < g->n_results; i++)
		if (!result_ok(g->results[i]))
			return false;
	for (size_t i = 0; i < g->n_states; i++)
		if (!state_ok(g->states[i]))
			return false;
	for (size_t i = 0; i < g->n_incidents; i++)
		if (!incident_ok(g->incidents[i]))
			return false;
	for (size_t i = 0; i < g->n_notes; i++)
		if (!note_ok(g->notes[i]))
			return false;
	return true;
}

static bool stamps_ok(const Np__I1__LiveMsg *m)
{
	for (size_t i = 0; i < m->n_stamps; i++)
		if (m->stamps[i]->shard >= NP_SHARDS)
			return false;
	for (size_t i = 0; i < m->n_committed; i++)
		if (m->committed[i]->shard >= NP_SHARDS)
			return false;
	return pballoc_str_ok(m->engine, ENGINE_MAX);
}

np_err live_open(const struct seal *s, np_str bytes, struct arena *a, Np__I1__LiveMsg **ret)
{
	ProtobufCMessage *msg = NULL;
	const struct sealed_in in = { s, NP_STR(LIVE_CHANNEL), bytes };
	np_err e = sealed_open(&in, a, &np__i1__live_msg__descriptor, &msg);
	if (e < 0)
		return e;
	Np__I1__LiveMsg *m = (Np__I1__LiveMsg *)msg;
	if (!stamps_ok(m))
		return NP_E_PROTO;
	for (size_t i = 0; i < m->n_groups; i++)
		if (!group_ok(m->groups[i]))
			return NP_E_PROTO;
	*ret = m;
	return NP_OK;
}

static np_str key(const char *prefix, uint64_t number, char ret[LIVE_KEY_MAX])
{
	int n = snprintf(ret, LIVE_KEY_MAX, "%s%llu", prefix, (unsigned long long)number);
	return (np_str){ ret, (size_t)n };
}

np_str live_last_key(uint64_t monitor, char ret[LIVE_KEY_MAX])
{
	return key("np:last:", monitor, ret);
}

np_str live_strip_key(uint64_t org, char ret[LIVE_KEY_MAX])
{
	return key("np:strip:", org, ret);
}

np_err live_put_last(const struct seal *s, const Np__I1__LiveResult *r, struct buf *out)
{
	char k[LIVE_KEY_MAX];
	return sealed_put(s, live_last_key(r->monitor, k), &r->base, out);
}

np_err live_open_last(const struct seal *s, uint64_t monitor, np_str bytes, struct arena *a,
		      Np__I1__LiveResult **ret)
{
	char k[LIVE_KEY_MAX];
	ProtobufCMessage *msg = NULL;
	const struct sealed_in in = { s, live_last_key(monitor, k), bytes };
	np_err e = sealed_open(&in, a, &np__i1__live_result__descriptor, &msg);
	if (e < 0)
		return e;
	Np__I1__LiveResult *r = (Np__I1__LiveResult *)msg;
	if (!result_ok(r) || r->monitor != monitor)
		return NP_E_PROTO;
	*ret = r;
	return NP_OK;
}
