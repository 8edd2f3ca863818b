/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/queue.h"

#include "wire/batch.h"
#include "wire/sealed.h"

#define REASON_MAX 128
#define VERSION_MAX 64

np_str queue_key(uint32_t shard, char ret[QUEUE_KEY_MAX])
{
	int n = snprintf(ret, QUEUE_KEY_MAX, "np:results:%u", shard);
	return (np_str){ ret, (size_t)n };
}

np_err queue_put(const struct seal *s, uint32_t shard, const Np__I1__QueueRecord *r,
		 struct buf *out)
{
	char key[QUEUE_KEY_MAX];
	return sealed_put(s, queue_key(shard, key), &r->base, out);
}

static bool heard_ok(const Np__I1__QueueRecord *r)
{
	for (size_t i = 0; i < r->n_heard; i++)
		if (r->heard[i]->checker == 0 || !pballoc_str_ok(r->heard[i]->version, VERSION_MAX))
			return false;
	return r->n_heard <= QUEUE_HEARD_MAX;
}

static bool marks_ok(const Np__I1__QueueRecord *r)
{
	for (size_t i = 0; i < r->n_marks; i++)
		if (!pballoc_str_ok(r->marks[i]->reason, REASON_MAX))
			return false;
	return r->n_marks <= BATCH_ITEMS_MAX;
}

static bool sender_ok(const Np__I1__QueueRecord *r)
{
	bool about_one = r->batch.len > 0 || r->slow;
	return pballoc_str_ok(r->gateway, QUEUE_GATEWAY_MAX) &&
	       (!about_one || (r->checker > 0 && r->region > 0));
}

np_err queue_open(const struct seal *s, uint32_t shard, np_str bytes, struct arena *a,
		  Np__I1__QueueRecord **ret)
{
	char key[QUEUE_KEY_MAX];
	ProtobufCMessage *m = NULL;
	const struct sealed_in in = { s, queue_key(shard, key), bytes };
	np_err e = sealed_open(&in, a, &np__i1__queue_record__descriptor, &m);
	if (e < 0)
		return e;
	Np__I1__QueueRecord *r = (Np__I1__QueueRecord *)m;
	if (!sender_ok(r) || !heard_ok(r) || !marks_ok(r))
		return NP_E_PROTO;
	*ret = r;
	return NP_OK;
}
