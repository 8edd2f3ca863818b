/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/ack.h"

#include "base/str.h"
#include "wire/queue.h"
#include "wire/sealed.h"

np_str ack_channel(np_str gateway, char ret[ACK_CHANNEL_MAX])
{
	np_str id = str_sub(gateway, 0, QUEUE_GATEWAY_MAX);
	int n = snprintf(ret, ACK_CHANNEL_MAX, "np:ack:%.*s", NP_FMT(id));
	return (np_str){ ret, (size_t)n };
}

np_err ack_put(const struct seal *s, np_str gateway, const Np__I1__AckBatch *b, struct buf *out)
{
	char channel[ACK_CHANNEL_MAX];
	return sealed_put(s, ack_channel(gateway, channel), &b->base, out);
}

static bool record_ok(const Np__I1__AckRecord *r)
{
	return r->shard < NP_SHARDS && (unsigned)r->kind <= NP__I1__ACK_RECORD__KIND__BANNED &&
	       pballoc_str_ok(r->reason, ACK_REASON_MAX);
}

np_err ack_open(const struct seal *s, np_str gateway, np_str bytes, struct arena *a,
		Np__I1__AckBatch **ret)
{
	char channel[ACK_CHANNEL_MAX];
	ProtobufCMessage *m = NULL;
	const struct sealed_in in = { s, ack_channel(gateway, channel), bytes };
	np_err e = sealed_open(&in, a, &np__i1__ack_batch__descriptor, &m);
	if (e < 0)
		return e;
	Np__I1__AckBatch *b = (Np__I1__AckBatch *)m;
	for (size_t i = 0; i < b->n_acks; i++)
		if (!record_ok(b->acks[i]))
			return NP_E_PROTO;
	*ret = b;
	return NP_OK;
}
