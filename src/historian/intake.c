/* SPDX-License-Identifier: Apache-2.0 */
#include "historian/intake.h"

#include "base/arena.h"
#include "core/vote.h"
#include "internal.pb-c.h"
#include "wire/batch.h"
#include "wire/pballoc.h"

struct intake {
	uint32_t shard;
	struct store_cursor from, to;
	struct arena *texts;
	struct intake_item *item;
	size_t item_n, item_cap;
	struct intake_batch *batch;
	size_t batch_n, batch_cap;
};

struct intake *intake_new(uint32_t shard)
{
	struct intake *in = np_zalloc(sizeof *in);
	if (in == NULL)
		return NULL;
	in->shard = shard;
	in->texts = arena_new(INTAKE_TEXT_MAX);
	if (in->texts == NULL) {
		free(in);
		return NULL;
	}
	return in;
}

void intake_free(struct intake *in)
{
	if (in == NULL)
		return;
	arena_free(in->texts);
	free(in->item);
	free(in->batch);
	free(in);
}

void intake_start(struct intake *in, const struct store_cursor *from)
{
	in->from = in->to = *from;
	in->item_n = in->batch_n = 0;
	arena_reset(in->texts);
}

bool intake_fits(const struct intake *in, int64_t at_us)
{
	if (in->item_n >= INTAKE_ITEMS)
		return false;
	return in->from.at_us == INT64_MIN || at_us <= in->from.at_us + INTAKE_STEP_US;
}

void intake_pass_time(struct intake *in, int64_t at_us)
{
	int64_t most = in->from.at_us + INTAKE_STEP_US;
	if (in->from.at_us == INT64_MIN)
		return;
	at_us = at_us < most ? at_us : most;
	in->to.at_us = at_us > in->to.at_us ? at_us : in->to.at_us;
}

uint32_t intake_shard(const struct intake *in)
{
	return in->shard;
}

struct store_cursor intake_from(const struct intake *in)
{
	return in->from;
}

struct store_cursor intake_to(const struct intake *in)
{
	return in->to;
}

size_t intake_len(const struct intake *in)
{
	return in->item_n;
}

struct intake_item *intake_items(struct intake *in)
{
	return in->item;
}

size_t intake_batches(const struct intake *in, const struct intake_batch **ret)
{
	*ret = in->batch;
	return in->batch_n;
}

/* Room for one more element of `size` bytes; doubles. */
static np_err intake_grow(void **list, size_t n, size_t *cap, size_t size)
{
	size_t more = *cap == 0 ? 256 : *cap * 2;
	void *p;
	if (n < *cap)
		return NP_OK;
	p = np_reallocarray(*list, more, size);
	if (p == NULL)
		return NP_E_NOMEM;
	*list = p;
	*cap = more;
	return NP_OK;
}

/* A slot too far ahead of the gateway's clock is stored as "could not tell". */
static void intake_clock(struct res_record *r, int64_t received_us)
{
	if (r->slot_us <= received_us + VOTE_AHEAD_US)
		return;
	r->status = RES_UNKNOWN;
	r->cls = RES_C_CLOCK;
}

static np_err intake_add(struct intake *in, const Np__I1__BatchInput *b,
			 const struct batch_item *item)
{
	void *list = in->item;
	np_err e = intake_grow(&list, in->item_n, &in->item_cap, sizeof *in->item);
	struct intake_item *x;
	if (e < 0)
		return e;
	in->item = list;
	x = &in->item[in->item_n];
	*x = (struct intake_item){ .monitor = item->result.monitor,
				   .region = b->region,
				   .batch = (uint32_t)in->batch_n - 1,
				   .seq = item->seq,
				   .order = in->item_n };
	x->row = (struct chunk_row){ .r = item->result, .received_us = b->received_us };
	x->row.r.text = arena_str(in->texts, item->result.text);
	x->row.r.address = arena_str(in->texts, item->result.address);
	if (x->row.r.text.n != item->result.text.n || x->row.r.address.n != item->result.address.n)
		return NP_E_NOMEM;
	intake_clock(&x->row.r, b->received_us);
	in->item_n++;
	return NP_OK;
}

static bool intake_is_marked(const Np__I1__BatchInput *b, size_t index)
{
	for (size_t i = 0; i < b->n_marks; i++)
		if (b->marks[i]->index == index)
			return true;
	return false;
}

/* Everything that the owner folded, by its rules: numbers beyond `skip`, valid, not marked. */
static np_err intake_batch_items(struct intake *in, const Np__I1__BatchInput *b,
				 const struct batch *batch)
{
	const struct batch_head *h = batch_head(batch);
	uint64_t fresh = h->first_seq + b->skip;
	void *list = in->batch;
	np_err e = intake_grow(&list, in->batch_n, &in->batch_cap, sizeof *in->batch);
	if (e < 0)
		return e;
	in->batch = list;
	in->batch[in->batch_n++] = (struct intake_batch){
		.checker = b->checker,
		.epoch = h->epoch,
		.first = fresh,
		.last = h->first_seq + h->numbers - 1,
	};
	for (size_t i = 0; i < h->items && e == NP_OK; i++) {
		const struct batch_item *item = batch_item(batch, i);
		if (item->kind == BATCH_RESULT && item->invalid == NULL && item->seq >= fresh &&
		    !intake_is_marked(b, i))
			e = intake_add(in, b, item);
	}
	return e;
}

static np_err intake_batch(struct intake *in, const Np__I1__BatchInput *b)
{
	struct arena *a;
	struct batch *batch = NULL;
	np_err e;
	if (b->batch.len == 0)
		return NP_OK;
	a = arena_new(BATCH_ARENA_MAX);
	if (a == NULL)
		return NP_E_NOMEM;
	e = batch_decode(a, pballoc_bytes(b->batch), &batch);
	if (e == NP_OK && batch_head(batch)->items > 0)
		e = intake_batch_items(in, b, batch);
	arena_free(a);
	return e;
}

np_err intake_row(struct intake *in, const struct store_cursor *at, np_str inputs)
{
	struct arena *a = arena_new(INTAKE_ROW_MAX);
	ProtobufCMessage *msg = NULL;
	size_t items = in->item_n, batches = in->batch_n;
	np_err e;
	if (a == NULL)
		return NP_E_NOMEM;
	e = pballoc_unpack(a, &np__i1__log_row__descriptor, inputs, &msg);
	if (e == NP_OK) {
		const Np__I1__LogRow *row = (const void *)msg;
		for (size_t i = 0; i < row->n_inputs && e == NP_OK; i++)
			if (row->inputs[i]->kind_case == NP__I1__INPUT__KIND_BATCH)
				e = intake_batch(in, row->inputs[i]->batch);
	}
	arena_free(a);
	if (e < 0) {
		in->item_n = items;
		in->batch_n = batches;
	}
	if (e == NP_E_NOMEM || e == NP_E_LIMIT)
		return e;
	if (in->from.at_us == INT64_MIN) /* the very first row: seconds count from here */
		in->from.at_us = at->at_us;
	in->to = *at;
	return e;
}
