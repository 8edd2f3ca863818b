/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/batch.h"

#include "base/str.h"
#include "core/monitor.h"
#include "results.pb-c.h"
#include "wire/pballoc.h"

struct batch {
	struct batch_head head;
	struct batch_item *items;
	np_str *bytes; /* of each item */
};

enum { F_EPOCH = 1, F_SHARD = 2, F_FIRST_SEQ = 3, F_ITEMS = 4, F_END = 5, F_OLDEST_MS = 6 };

/* ---- items ---------------------------------------------------------------------- */

static int64_t phase_us(uint32_t us1)
{
	return us1 == 0 ? -1 : (int64_t)us1 - 1;
}

static struct res_record record_of(const Np__V1__Result *m)
{
	return (struct res_record){
		.monitor = m->monitor,
		.revision = m->revision,
		.attempt = m->attempt,
		.slot_us = m->slot_us,
		.start_us = m->start_us,
		.duration_us = m->duration_us,
		.phase_us = {
			[RES_P_DNS] = phase_us(m->dns_us1),
			[RES_P_CONNECT] = phase_us(m->connect_us1),
			[RES_P_TLS] = phase_us(m->tls_us1),
			[RES_P_FIRST_BYTE] = phase_us(m->first_byte_us1),
			[RES_P_TRANSFER] = phase_us(m->transfer_us1),
		},
		.status = m->status < RES_STATUS_N ? (enum res_status)m->status : RES_NONE,
		.cls = m->error_class < RES_CLASS_N ? (enum res_class)m->error_class : RES_C_NONE,
		.code = m->code <= INT32_MAX ? (int32_t)m->code : 0,
		.skipped = m->skipped,
		.text = pballoc_str(m->error_text),
		.address = pballoc_str(m->address),
		.cert_expires_s = m->cert_expires_s,
	};
}

/* What res_record cannot express, or is not the domain's business. */
static const char *wire_invalid(const Np__V1__Result *m, const struct res_record *r)
{
	if (m->status >= RES_STATUS_N)
		return res_field_name(RES_F_STATUS);
	if (m->error_class >= RES_CLASS_N)
		return res_field_name(RES_F_CLASS);
	if (m->code > INT32_MAX)
		return res_field_name(RES_F_CODE);
	if (r->monitor > INT64_MAX)
		return res_field_name(RES_F_MONITOR);
	if (r->text.n > BATCH_TEXT_MAX)
		return res_field_name(RES_F_TEXT);
	return NULL;
}

static void take_result(const Np__V1__Result *m, struct batch_item *it)
{
	it->kind = BATCH_RESULT;
	it->result = record_of(m);
	it->invalid = wire_invalid(m, &it->result);
	if (it->invalid)
		return;
	enum res_field f = res_validate(&it->result);
	if (f != RES_F_OK)
		it->invalid = res_field_name(f);
}

static void take_lost(const Np__V1__Lost *m, struct batch_item *it)
{
	it->kind = BATCH_LOST;
	it->count = m->count;
	it->lost = (struct batch_lost){
		.count = m->count,
		.from_us = m->from_us,
		.to_us = m->to_us,
		.why = m->why < BATCH_WHY_N ? (enum batch_why)m->why : 0,
	};
	if (it->lost.why == 0)
		it->invalid = "why";
	else if (m->from_us < 0 || m->to_us < m->from_us)
		it->invalid = "from_us";
}

np_err batch_item_decode(struct arena *a, np_str item, struct batch_item *ret)
{
	ProtobufCMessage *msg = NULL;
	np_err e = pballoc_unpack(a, &np__v1__item__descriptor, item, &msg);
	if (e < 0)
		return e;
	const Np__V1__Item *m = (const Np__V1__Item *)msg;
	struct batch_item it = { .count = 1 };
	if (m->kind_case == NP__V1__ITEM__KIND_RESULT)
		take_result(m->result, &it);
	else if (m->kind_case == NP__V1__ITEM__KIND_LOST)
		take_lost(m->lost, &it);
	else
		it.invalid = "neither result nor loss";
	if (item.n > BATCH_ITEM_MAX)
		it.invalid = "too long";
	if (it.count == 0)
		return NP_E_PROTO; /* what comes behind it would have no number */
	*ret = it;
	return NP_OK;
}

/* ---- the envelope ----------------------------------------------------------------- */

static np_err set_number(struct batch_head *h, const struct pballoc_field *f)
{
	if (f->type != 0)
		return NP_E_PROTO;
	switch (f->number) {
	case F_EPOCH:
		h->epoch = f->value;
		return f->value <= BATCH_EPOCH_MAX ? NP_OK : NP_E_PROTO;
	case F_SHARD:
		h->shard = (uint32_t)f->value;
		return f->value < NP_SHARDS ? NP_OK : NP_E_PROTO;
	case F_FIRST_SEQ:
		h->first_seq = f->value;
		return f->value <= BATCH_SEQ_MAX ? NP_OK : NP_E_PROTO;
	case F_END:
		h->end = f->value != 0;
		return NP_OK;
	default: /* F_OLDEST_MS */
		h->oldest_ms = f->value > UINT32_MAX ? UINT32_MAX : (uint32_t)f->value;
		return NP_OK;
	}
}

/* The envelope's own fields, and how many items it has; allocates nothing. */
static np_err read_head(np_str bytes, struct batch_head *h)
{
	while (bytes.n > 0) {
		struct pballoc_field f;
		np_err e = pballoc_next(&bytes, &f);
		if (e < 0)
			return e;
		if (f.number == F_ITEMS) {
			if (f.type != 2)
				return NP_E_PROTO;
			if (++h->items > BATCH_ITEMS_MAX)
				return NP_E_LIMIT;
		} else if (f.number <= F_OLDEST_MS) {
			e = set_number(h, &f);
			if (e < 0)
				return e;
		} /* else: a later version's field */
	}
	return h->epoch == 0 || h->first_seq == 0 ? NP_E_PROTO : NP_OK;
}

static np_err number_item(struct batch *b, struct batch_item *it, size_t i)
{
	it->index = i;
	it->seq = b->head.first_seq + b->head.numbers;
	if (it->count > BATCH_SEQ_MAX - it->seq + 1)
		return NP_E_PROTO;
	b->head.numbers += it->count;
	if (!it->invalid && it->kind == BATCH_RESULT &&
	    it->result.monitor % NP_SHARDS != b->head.shard)
		it->invalid = "monitor is of another shard";
	if (it->invalid)
		b->head.invalid++;
	return NP_OK;
}

static np_err read_items(struct arena *a, np_str bytes, struct batch *b)
{
	for (size_t i = 0; i < b->head.items;) {
		struct pballoc_field f;
		np_err e = pballoc_next(&bytes, &f);
		if (e < 0)
			return e;
		if (f.number != F_ITEMS)
			continue;
		b->bytes[i] = f.bytes;
		e = batch_item_decode(a, f.bytes, &b->items[i]);
		if (e == NP_OK)
			e = number_item(b, &b->items[i], i);
		if (e < 0)
			return e;
		i++;
	}
	return NP_OK;
}

np_err batch_decode(struct arena *a, np_str bytes, struct batch **ret)
{
	if (bytes.n > BATCH_BYTES_MAX)
		return NP_E_LIMIT;
	struct batch_head head = { 0 };
	np_err e = read_head(bytes, &head);
	if (e < 0)
		return e;
	struct batch *b = arena_alloc(a, sizeof *b);
	if (!b)
		return NP_E_LIMIT;
	b->head = head;
	if (head.items > 0) {
		b->items = arena_calloc(a, head.items, sizeof *b->items);
		b->bytes = arena_calloc(a, head.items, sizeof *b->bytes);
		if (!b->items || !b->bytes)
			return NP_E_LIMIT;
	}
	e = read_items(a, bytes, b);
	if (e == NP_OK)
		*ret = b;
	return e;
}

const struct batch_head *batch_head(const struct batch *b)
{
	return &b->head;
}

const struct batch_item *batch_item(const struct batch *b, size_t i)
{
	assert(i < b->head.items);
	return &b->items[i];
}

np_str batch_item_bytes(const struct batch *b, size_t i)
{
	assert(i < b->head.items);
	return b->bytes[i];
}

/* ---- making ------------------------------------------------------------------------ */

np_err batch_put_head(struct buf *out, const struct batch_head *h)
{
	Np__V1__Batch m = NP__V1__BATCH__INIT;
	m.epoch = h->epoch;
	m.shard = h->shard;
	m.first_seq = h->first_seq;
	m.end = h->end;
	m.oldest_ms = h->oldest_ms;
	return pballoc_pack(&m.base, out);
}

np_err batch_put_item(struct buf *out, np_str item)
{
	return pballoc_put_bytes(out, F_ITEMS, item);
}

static uint32_t us1(int64_t us)
{
	if (us < 0)
		return 0;
	return us >= UINT32_MAX ? UINT32_MAX : (uint32_t)us + 1;
}

static char *clip(np_str s, size_t max, char *ret)
{
	np_str c = str_clip_utf8(s, max);
	if (c.n > 0)
		memcpy(ret, c.p, c.n);
	ret[c.n] = '\0';
	return ret;
}

np_err batch_item_result(struct buf *out, const struct res_record *r)
{
	char text[BATCH_TEXT_MAX + 1], address[RES_ADDRESS_MAX + 1];
	Np__V1__Result m = NP__V1__RESULT__INIT;
	m.monitor = r->monitor;
	m.revision = r->revision;
	m.slot_us = r->slot_us;
	m.attempt = r->attempt;
	m.start_us = r->start_us;
	m.duration_us = r->duration_us > UINT32_MAX ? UINT32_MAX : (uint32_t)r->duration_us;
	m.status = (uint32_t)r->status;
	m.error_class = (uint32_t)r->cls;
	m.error_text = clip(r->text, BATCH_TEXT_MAX, text);
	m.code = r->code < 0 ? 0 : (uint32_t)r->code;
	m.dns_us1 = us1(r->phase_us[RES_P_DNS]);
	m.connect_us1 = us1(r->phase_us[RES_P_CONNECT]);
	m.tls_us1 = us1(r->phase_us[RES_P_TLS]);
	m.first_byte_us1 = us1(r->phase_us[RES_P_FIRST_BYTE]);
	m.transfer_us1 = us1(r->phase_us[RES_P_TRANSFER]);
	m.skipped = r->skipped;
	m.address = clip(r->address, RES_ADDRESS_MAX, address);
	m.cert_expires_s = r->cert_expires_s;
	Np__V1__Item item = NP__V1__ITEM__INIT;
	item.kind_case = NP__V1__ITEM__KIND_RESULT;
	item.result = &m;
	return pballoc_pack(&item.base, out);
}

np_err batch_item_lost(struct buf *out, const struct batch_lost *l)
{
	Np__V1__Lost m = NP__V1__LOST__INIT;
	m.count = l->count;
	m.from_us = l->from_us;
	m.to_us = l->to_us;
	m.why = (uint32_t)l->why;
	Np__V1__Item item = NP__V1__ITEM__INIT;
	item.kind_case = NP__V1__ITEM__KIND_LOST;
	item.lost = &m;
	return pballoc_pack(&item.base, out);
}
