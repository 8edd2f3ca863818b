/* SPDX-License-Identifier: Apache-2.0 */
/* Batches: items that are new, each judged, those that count given to their monitor. */
#include "base/str.h"
#include "engine/foldin.h"

struct one { /* the batch in work */
	struct foldin *f;
	const Np__I1__BatchInput *in;
	const struct batch *b;
};

static void reject(struct one *o, const struct batch_item *item, const char *reason, uint64_t org)
{
	if (!o->f->fx)
		return;
	struct fx_reject *r = fx_alloc(o->f->fx, sizeof *r);
	if (!r)
		return;
	r->checker = o->in->checker;
	r->epoch = batch_head(o->b)->epoch;
	r->seq = item->seq;
	r->shard = o->f->s->no;
	r->org = org;
	r->at_us = o->f->at_us;
	r->reason = reason;
	r->item = fx_copy(o->f->fx, batch_item_bytes(o->b, item->index));
	fx_push(&o->f->fx->rejects, &r->row);
}

static const char *marked(const struct one *o, size_t index)
{
	for (size_t i = 0; i < o->in->n_marks; i++)
		if (o->in->marks[i]->index == index)
			return o->in->marks[i]->reason;
	return NULL;
}

/* ---- what the screen gets ---- */

static void refresh_row(struct one *o, struct mon *m, struct fx_mon *w, uint32_t before)
{
	uint32_t status = m->last_status;
	bool steady = status == RES_OK && before == RES_OK;
	int64_t every_us = steady ? FOLD_REFRESH_US : FOLD_REFRESH_FAILING_US;
	int64_t age_us = o->f->at_us - m->stored_us;
	if (w->store || age_us < every_us)
		return;
	bool may_wait = age_us < m->def.interval_ms * 3 / 2 * NP_MS_US;
	if (steady && may_wait && o->f->fx->refreshed >= FOLD_REFRESH_GROUP)
		return;
	o->f->fx->refreshed++;
	w->store = true;
	w->show = !steady;
}

static void show(struct one *o, struct mon *m, const struct res_record *r)
{
	struct fx *fx = o->f->fx;
	uint32_t before = m->last_status;
	bool ahead = r->slot_us > o->in->received_us + VOTE_AHEAD_US;
	uint32_t status = ahead ? RES_UNKNOWN : (uint32_t)r->status;
	mon_push_status(m, status);
	struct fx_mon *w = fx ? fx_touch(fx, m) : NULL;
	struct fx_result *x = w ? fx_alloc(fx, sizeof *x) : NULL;
	if (!x)
		return;
	np_str text = fx_copy(fx, r->text);
	x->org = m->org;
	x->msg = (Np__I1__LiveResult)NP__I1__LIVE_RESULT__INIT;
	x->msg.monitor_id = (ProtobufCBinaryData){ sizeof w->id, w->id };
	x->msg.monitor = m->no;
	x->msg.region = o->in->region;
	x->msg.slot_us = r->slot_us;
	x->msg.attempt = r->attempt;
	x->msg.status = status;
	x->msg.error_class = ahead ? RES_C_CLOCK : (uint32_t)r->cls;
	if (text.n > 0)
		x->msg.error_text = fx_c(text);
	x->msg.duration_us = (uint32_t)r->duration_us;
	x->msg.end_us = r->start_us + r->duration_us;
	x->msg.received_us = o->in->received_us;
	x->msg.folded_us = o->f->at_us;
	x->msg.shard = o->f->s->no;
	fx_push(&fx->results, &x->row);
	x->of_mon.next = w->results;
	w->results = &x->of_mon;
	w->result_n++;
	refresh_row(o, m, w, before);
}

/* ---- one result ---- */

static struct vote_attempt attempt_of(const struct one *o, const struct res_record *r)
{
	return (struct vote_attempt){
		.revision = r->revision,
		.slot_us = r->slot_us,
		.attempt = r->attempt,
		.start_us = r->start_us,
		.duration_us = r->duration_us,
		.received_us = o->in->received_us,
		.status = r->status,
		.cls = r->cls,
		.code = r->code,
	};
}

/* Is the region's newest attempt this one? Before folding it: then it came twice. */
static bool is_newest(const struct vote *v, const struct res_record *r)
{
	return v->status != RES_NONE && v->slot_us == r->slot_us && v->attempt == r->attempt;
}

static np_err count_result(struct one *o, struct mon *m, uint32_t index, const struct res_record *r)
{
	struct vote_attempt a = attempt_of(o, r);
	if (is_newest(&m->st.vote[index], r)) {
		if (o->f->fx)
			o->f->fx->duplicates++;
		return NP_OK;
	}
	struct mst_event ev = { .kind = MST_RESULT, .region = o->in->region };
	ev.result = a;
	np_err e = foldin_event(o->f, m, &ev);
	if (is_newest(&m->st.vote[index], r)) {
		m->voter[index] = o->in->checker;
		if (r->cert_expires_s != 0)
			m->cert_s[index] = r->cert_expires_s;
	}
	if (e == NP_OK)
		show(o, m, r);
	return e;
}

static np_err on_result(struct one *o, const struct batch_item *item)
{
	const struct res_record *r = &item->result;
	struct shard *s = o->f->s;
	struct mon *m = shard_monitor(s, r->monitor);
	if (!m) {
		reject(o, item, "no such monitor", 0);
		return NP_OK;
	}
	if (m->deleted)
		return NP_OK; /* in the log, and no more */
	if (r->revision > m->def.revision) {
		reject(o, item, "no such revision of the monitor", m->org);
		return NP_OK;
	}
	int index = mon_region_index(&m->def, o->in->region);
	if (index < 0 && r->revision < m->def.revision)
		return NP_OK; /* its region watched an older revision */
	if (index < 0 || !shard_was_assigned(s, m, (uint32_t)index, o->in->checker, r->slot_us)) {
		reject(o, item, "not assigned to this checker at that time", m->org);
		return NP_OK;
	}
	return count_result(o, m, (uint32_t)index, r);
}

static np_err on_item(struct one *o, const struct batch_item *item)
{
	const char *why = item->invalid ? item->invalid : marked(o, item->index);
	if (why)
		reject(o, item, o->f->fx ? fx_c(fx_copy(o->f->fx, str_from_c(why))) : why, 0);
	else if (item->kind == BATCH_RESULT)
		return on_result(o, item);
	return NP_OK;
}

np_err foldbatch(struct foldin *f, const Np__I1__BatchInput *in, const struct batch *b)
{
	struct one o = { .f = f, .in = in, .b = b };
	const struct batch_head *h = batch_head(b);
	if (h->shard != f->s->no || shard_is_banned(f->s, in->checker))
		return NP_E_CORRUPT;
	uint64_t last = cursors_last(f->s->cursors, in->checker, h->epoch);
	uint64_t fresh = h->first_seq;
#ifndef NP_MUTANT_IGNORE_SKIP
	fresh += in->skip;
#if !defined NP_MUTANT_NO_GAP_RULE && !defined NP_MUTANT_NO_DEDUPE
	if (fresh != last + 1 || in->skip > h->numbers)
		return NP_E_CORRUPT;
#endif
#endif
	(void)last;
	for (size_t i = 0; i < h->items; i++) {
		const struct batch_item *item = batch_item(b, i);
		np_err e = item->seq + item->count > fresh ? on_item(&o, item) : NP_OK;
		if (e < 0)
			return e;
	}
	return cursors_advance(f->s->cursors, in->checker, h);
}
