/* SPDX-License-Identifier: Apache-2.0 */
/* One record of a queue: judged, logged, folded, answered. */
#include "base/clock.h"
#include "base/log.h"
#include "base/str.h"
#include "engine/fold.h"
#include "engine/folderin.h"
#include "wire/queue.h"

struct taking { /* one record in work */
	struct folder *f;
	struct slot *slot;
	uint32_t no;
	const Np__I1__QueueRecord *q;
	const struct batch *b;
	np_str gateway;
};

/* ---- answers ---- */

static Np__I1__AckRecord *answer(struct taking *t, Np__I1__AckRecord__Kind kind)
{
	if (!folder_part(t->f, t->slot))
		return NULL;
	struct group_ack *a = group_ack(t->f->open, t->gateway);
	if (!a)
		return NULL;
	a->msg.incarnation = t->q->incarnation;
	a->msg.request = t->q->request;
	a->msg.checker = t->q->checker;
	a->msg.shard = t->no;
	a->msg.kind = kind;
	if (t->b)
		a->msg.epoch = batch_head(t->b)->epoch;
	return &a->msg;
}

static void acknowledge(struct taking *t, uint64_t n)
{
	Np__I1__AckRecord *a = answer(t, NP__I1__ACK_RECORD__KIND__ACK);
	if (!a)
		return;
	a->n = n;
	a->closed_below = cursors_closed_below(t->slot->s->cursors, t->q->checker);
}

static void refuse(struct taking *t, const char *why)
{
	Np__I1__AckRecord *a = answer(t, NP__I1__ACK_RECORD__KIND__REJECT);
	if (a)
		a->reason = fx_c(fx_copy(t->f->open->fx, str_from_c(why)));
}

static void rewind_to(struct taking *t, uint64_t n)
{
	Np__I1__AckRecord r = NP__I1__ACK_RECORD__INIT;
	r.incarnation = t->q->incarnation;
	r.request = t->q->request;
	r.checker = t->q->checker;
	r.shard = t->no;
	r.epoch = batch_head(t->b)->epoch;
	r.kind = NP__I1__ACK_RECORD__KIND__REWIND;
	r.n = n;
	say_rewind(t->f->say, t->gateway, &r);
}

/* One answer per run of items that were refused for the same reason. */
static void answer_rejects(struct taking *t, struct fx_row *first)
{
	while (first) {
		const struct fx_reject *head = NP_CONTAINER_OF(first, struct fx_reject, row);
		size_t n = 0;
		struct fx_row *end = first;
		for (; end && strcmp(NP_CONTAINER_OF(end, struct fx_reject, row)->reason,
				     head->reason) == 0;
		     end = end->next)
			n++;
		Np__I1__AckRecord *a = answer(t, NP__I1__ACK_RECORD__KIND__REJECT);
		if (!a)
			return;
		a->reason = fx_c(fx_copy(t->f->open->fx, str_from_c(head->reason)));
		a->seqs = fx_alloc(t->f->open->fx, n * sizeof *a->seqs);
		for (; a->seqs && first != end; first = first->next)
			a->seqs[a->n_seqs++] = NP_CONTAINER_OF(first, struct fx_reject, row)->seq;
		first = end;
	}
}

/* ---- what a record may know more than we do ---- */

static bool was_asked(const struct folder *f, uint64_t key, uint64_t revision)
{
	return (uintptr_t)map_get(f->asked, key) > revision;
}

static void note_asked(struct folder *f, uint64_t key, uint64_t revision)
{
	if (map_put(f->asked, key, (void *)(uintptr_t)(revision + 1), NULL) < 0)
		np_log_event(NP_WARN, "wish.not_noted");
}

static bool want_item(struct taking *t, const struct batch_item *item, struct msg *want)
{
	const struct res_record *r = &item->result;
	if (item->invalid || item->kind != BATCH_RESULT)
		return false;
	const struct mon *m = shard_monitor(t->slot->s, r->monitor);
	if ((m && (m->deleted || r->revision <= m->def.revision)) ||
	    was_asked(t->f, r->monitor, r->revision))
		return false;
	struct msg_want *w = msg_grow(want, sizeof *w);
	if (w)
		*w = (struct msg_want){ .monitor = r->monitor, .revision = r->revision };
	note_asked(t->f, r->monitor, r->revision);
	return true;
}

static bool knows_less(const struct taking *t)
{
	const struct membership *newest = members_newest(t->slot->s->members, t->q->region);
	uint64_t known = newest ? newest->number : 0;
	uint64_t key = UINT64_MAX - t->q->region; /* beside the monitors' numbers */
	if (t->q->membership <= known || was_asked(t->f, key, t->q->membership))
		return false;
	note_asked(t->f, key, t->q->membership);
	return true;
}

/* Ask for rows that this record depends on; true: it must wait for them. */
static bool park(struct taking *t)
{
	bool needs = knows_less(t), items = false;
	for (size_t i = 0; !items && i < batch_head(t->b)->items; i++) {
		const struct batch_item *item = batch_item(t->b, i);
		const struct mon *m = item->kind == BATCH_RESULT
					      ? shard_monitor(t->slot->s, item->result.monitor)
					      : NULL;
		items = item->kind == BATCH_RESULT &&
			(!m || (!m->deleted && item->result.revision > m->def.revision));
	}
	if (!needs && !items)
		return false;
	struct msg *want = msg_new(MSG_WANT);
	if (!want)
		return false;
	want->shard_no = t->no;
	for (size_t i = 0; items && i < batch_head(t->b)->items; i++)
		needs |= want_item(t, batch_item(t->b, i), want);
	if (!needs) {
		msg_free(want);
		return false;
	}
	t->slot->parked = true;
	(void)msg_send(t->f->cfg.keeper, want);
	return true;
}

/* ---- batches ---- */

static void batch_key(const struct taking *t, char ret[GROUP_KEY_MAX])
{
	const struct batch_head *h = batch_head(t->b);
	(void)snprintf(ret, GROUP_KEY_MAX, "b:%llx:%llx:%x:%llx", (unsigned long long)t->q->checker,
		       (unsigned long long)h->epoch, h->shard, (unsigned long long)h->first_seq);
}

/* A batch that the database refused: every item of it is, and its numbers stay. */
static np_err mark_all(struct taking *t, Np__I1__BatchInput *in)
{
	size_t n = batch_head(t->b)->items;
	in->marks = arena_calloc(t->f->arena, n + 1, sizeof *in->marks);
	Np__I1__Mark *mark = arena_calloc(t->f->arena, n + 1, sizeof *mark);
	if (!in->marks || !mark)
		return NP_E_NOMEM;
	for (size_t i = 0; i < n; i++) {
		mark[i] = (Np__I1__Mark)NP__I1__MARK__INIT;
		mark[i].index = (uint32_t)i;
		mark[i].reason = fx_c(NP_STR("could not be stored"));
		in->marks[i] = &mark[i];
	}
	in->n_marks = n;
	return NP_OK;
}

static struct fx_row *after(const struct fx_list *l, struct fx_row *last)
{
	return last ? last->next : l->first;
}

static bool fold_it(struct taking *t, const struct cursor_says *says)
{
	struct folder *f = t->f;
	char key[GROUP_KEY_MAX];
	Np__I1__BatchInput batch = NP__I1__BATCH_INPUT__INIT;
	Np__I1__Input in = NP__I1__INPUT__INIT;
	if (!folder_part(f, t->slot))
		return false;
	struct fx *fx = f->open->fx;
	struct fx_row *results = fx->results.last, *rejects = fx->rejects.last;
	batch_key(t, key);
	batch.checker = t->q->checker;
	batch.region = t->q->region;
	batch.received_us = t->q->received_us;
	batch.batch = t->q->batch;
	batch.skip = says->skip;
	batch.n_marks = t->q->n_marks;
	batch.marks = t->q->marks;
	if (folder_is_poison(f, key) && mark_all(t, &batch) < 0)
		return false;
	in.kind_case = NP__I1__INPUT__KIND_BATCH;
	in.batch = &batch;
	if (group_note_checker(f->open, t->q->checker) < 0 ||
	    !folder_fold(f, &(struct fold_what){ .slot = t->slot,
						 .input = &in,
						 .batch = t->b,
						 .key = key,
						 .items = batch_head(t->b)->items }))
		return false;
	/* In this order: to the gateway the acknowledgement is the end of the request. */
	answer_rejects(t, after(&fx->rejects, rejects));
	acknowledge(t, says->n);
	for (struct fx_row *r = after(&fx->results, results); r; r = r->next)
		say_result(f->say, NP_CONTAINER_OF(r, struct fx_result, row));
	return true;
}

static void note_results(struct taking *t, struct presence_one *one)
{
	int64_t now_us = clock_wall_us();
	for (size_t i = 0; one && i < batch_head(t->b)->items; i++) {
		const struct batch_item *item = batch_item(t->b, i);
		if (item->kind == BATCH_RESULT && !item->invalid)
			presence_result(one,
					now_us - item->result.start_us - item->result.duration_us);
	}
}

static void hear(struct taking *t)
{
	const struct presence_word word = { .checker = t->q->checker,
					    .region = t->q->region,
					    .oldest_ms = batch_head(t->b)->oldest_ms,
					    .now_us = clock_wall_us() };
	struct presence_one *one = presence_hear(t->f->presence, &word);
	note_results(t, one);
	if (one)
		folderduty_heard(t->f, one);
}

/* false: not dealt with, read it again later. */
static bool take_batch(struct taking *t)
{
	struct batch *b;
	np_err e = batch_decode(t->f->arena, pballoc_bytes(t->q->batch), &b);
	if (e < 0 || batch_head(b)->shard != t->no) {
		refuse(t, "not a readable batch of this shard");
		return true;
	}
	t->b = b;
	if (shard_is_banned(t->slot->s, t->q->checker)) {
		metric_add(t->f->m.banned, 1);
		(void)answer(t, NP__I1__ACK_RECORD__KIND__BANNED);
		return true;
	}
	struct cursor_says says = cursors_judge(t->slot->s->cursors, t->q->checker, batch_head(b));
	switch (says.verdict) {
	case CURSOR_GAP:
		rewind_to(t, says.n);
		return true;
	case CURSOR_FULL:
		refuse(t, "too many open epochs");
		return true;
	case CURSOR_KNOWN:
	case CURSOR_CLOSED:
		acknowledge(t, says.n);
		return true;
	case CURSOR_FOLD:
		break;
	}
	if (park(t) || !fold_it(t, &says))
		return false;
	if (slot_is_live(t->slot))
		hear(t);
	return true;
}

/* ---- the other kinds ---- */

static void take_slow(struct taking *t)
{
	Np__I1__SlowInput slow = NP__I1__SLOW_INPUT__INIT;
	Np__I1__Input in = NP__I1__INPUT__INIT;
	if (!shard_monitor(t->slot->s, t->q->slow->monitor))
		return;
	slow.checker = t->q->checker;
	slow.region = t->q->region;
	slow.slow = t->q->slow;
	in.kind_case = NP__I1__INPUT__KIND_SLOW;
	in.slow = &slow;
	folder_fold(t->f, &(struct fold_what){ .slot = t->slot, .input = &in, .key = "s" });
}

static void take_heard(struct taking *t)
{
	for (size_t i = 0; i < t->q->n_heard && slot_is_live(t->slot); i++) {
		const Np__I1__Heard *h = t->q->heard[i];
		struct presence_one *one = presence_hear(
			t->f->presence, &(struct presence_word){ .checker = h->checker,
								 .region = h->region,
								 .oldest_ms = h->oldest_ms,
								 .now_us = clock_wall_us() });
		if (!one)
			return;
		presence_describe(one, h);
		folderduty_heard(t->f, one);
	}
}

bool foldertake_record(struct folder *f, struct slot *slot, np_str record)
{
	struct taking t = { .f = f, .slot = slot, .no = slot_no(f, slot) };
	Np__I1__QueueRecord *q;
	arena_reset(f->arena);
	metric_add(f->m.records, 1);
	if (queue_open(f->cfg.seal, t.no, record, f->arena, &q) < 0) {
		metric_add(f->m.bad, 1);
		return true;
	}
	t.q = q;
	t.gateway = str_from_c(q->gateway);
	take_heard(&t);
	/* Results and timers in one order: what was due before this came is due first. */
	if (slot_is_live(slot) && q->received_us <= clock_wall_us())
		folderduty_timers(f, slot, q->received_us);
	if (q->batch.len > 0 && slot_is_live(slot))
		return take_batch(&t);
	if (q->slow && slot_is_live(slot))
		take_slow(&t);
	return slot_is_live(slot);
}
