/* SPDX-License-Identifier: Apache-2.0 */
#include "world.h"

#include "base/str.h"
#include "wire/pballoc.h"

void world_init(struct world *w, uint32_t shard)
{
	*w = (struct world){ .now_us = 1700000000 * NP_SEC_US };
	w->arena = arena_new(64 * 1024 * 1024);
	w->s = shard_new(shard);
	assert_non_null(w->arena);
	assert_non_null(w->s);
}

void world_done(struct world *w)
{
	fx_free(w->fx);
	shard_free(w->s);
	arena_free(w->arena);
}

np_err world_fold(struct world *w, Np__I1__Input *in)
{
	in->at_us = w->now_us;
	return fold_input(w->s, in, w->fx);
}

static void *make(struct world *w, size_t size)
{
	void *p = arena_alloc(w->arena, size);
	assert_non_null(p);
	return p;
}

static char *text(struct world *w, const char *s)
{
	char *p = make(w, strlen(s) + 1);
	memcpy(p, s, strlen(s) + 1);
	return p;
}

Np__I1__Input *world_input(struct world *w, Np__I1__Input__KindCase kind)
{
	Np__I1__Input *in = make(w, sizeof *in);
	*in = (Np__I1__Input)NP__I1__INPUT__INIT;
	in->kind_case = kind;
	return in;
}

static Np__I1__Input *definition(struct world *w, uint64_t monitor, uint32_t revision)
{
	Np__I1__Input *in = world_input(w, NP__I1__INPUT__KIND_DEFINITION);
	Np__I1__DefinitionInput *d = make(w, sizeof *d);
	*d = (Np__I1__DefinitionInput)NP__I1__DEFINITION_INPUT__INIT;
	d->monitor = monitor;
	d->org = 1;
	d->revision = revision;
	d->monitor_id.len = 16;
	d->monitor_id.data = make(w, 16);
	memcpy(d->monitor_id.data, &monitor, sizeof monitor);
	d->provenance = text(w, "live");
	in->definition = d;
	return in;
}

Np__I1__Input *world_define(struct world *w, uint64_t monitor, uint32_t revision, const char *more)
{
	Np__I1__Input *in = definition(w, monitor, revision);
	Np__I1__DefinitionInput *d = in->definition;
	np_str json =
		arena_printf(w->arena,
			     "{\"name\":\"site\",\"kind\":\"tcp\",\"target\":\"example.org:80\","
			     "\"regions\":[\"eu\"],\"fail_after\":1,\"recover_after\":1,"
			     "\"confirm_s\":1,\"recover_s\":1,\"id\":\"of the API\"%s}",
			     more);
	d->definition_json = text(w, json.p);
	d->regions = make(w, sizeof *d->regions);
	d->regions[0] = WORLD_REGION;
	d->region_names = make(w, sizeof *d->region_names);
	d->region_names[0] = text(w, "eu");
	d->n_regions = d->n_region_names = 1;
	return in;
}

Np__I1__Input *world_delete(struct world *w, uint64_t monitor, uint32_t revision)
{
	return definition(w, monitor, revision);
}

Np__I1__Input *world_members(struct world *w, uint64_t number, const uint64_t *checkers, size_t n)
{
	Np__I1__Input *in = world_input(w, NP__I1__INPUT__KIND_MEMBERSHIP);
	Np__I1__MembershipInput *m = make(w, sizeof *m);
	*m = (Np__I1__MembershipInput)NP__I1__MEMBERSHIP_INPUT__INIT;
	m->region = WORLD_REGION;
	m->number = number;
	m->from_us = w->now_us;
	m->members = make(w, (n + 1) * sizeof *m->members);
	m->hashes = make(w, (n + 1) * sizeof *m->hashes);
	for (size_t i = 0; i < n; i++) {
		m->members[i] = checkers[i];
		m->hashes[i] = mon_hash(checkers[i]);
	}
	m->n_members = m->n_hashes = n;
	in->membership = m;
	return in;
}

Np__I1__Input *world_ban(struct world *w, uint64_t checker)
{
	Np__I1__Input *in = world_input(w, NP__I1__INPUT__KIND_BAN);
	in->ban = make(w, sizeof *in->ban);
	*in->ban = (Np__I1__BanInput)NP__I1__BAN_INPUT__INIT;
	in->ban->checker = checker;
	in->ban->region = WORLD_REGION;
	in->ban->at_us = w->now_us;
	in->ban->registry_gen = 1;
	return in;
}

Np__I1__Input *world_timer(struct world *w, uint64_t monitor, uint32_t kind, uint64_t generation)
{
	Np__I1__Input *in = world_input(w, NP__I1__INPUT__KIND_TIMER);
	in->timer = make(w, sizeof *in->timer);
	*in->timer = (Np__I1__TimerInput)NP__I1__TIMER_INPUT__INIT;
	in->timer->monitor = monitor;
	in->timer->kind = kind;
	in->timer->generation = generation;
	return in;
}

Np__I1__Input *world_resume(struct world *w, int64_t since_us, int64_t until_us)
{
	Np__I1__Input *in = world_input(w, NP__I1__INPUT__KIND_RESUME);
	in->resume = make(w, sizeof *in->resume);
	*in->resume = (Np__I1__ResumeInput)NP__I1__RESUME_INPUT__INIT;
	in->resume->since_us = since_us;
	in->resume->until_us = until_us;
	return in;
}

Np__I1__Input *world_heard(struct world *w, uint64_t checker, uint32_t oldest_ms)
{
	Np__I1__Input *in = world_input(w, NP__I1__INPUT__KIND_HEARD);
	Np__I1__Heard *h = make(w, sizeof *h);
	*h = (Np__I1__Heard)NP__I1__HEARD__INIT;
	h->checker = checker;
	h->heard_us = w->now_us;
	h->oldest_ms = oldest_ms;
	in->heard = make(w, sizeof *in->heard);
	*in->heard = (Np__I1__HeardInput)NP__I1__HEARD_INPUT__INIT;
	in->heard->heard = make(w, sizeof *in->heard->heard);
	in->heard->heard[0] = h;
	in->heard->n_heard = 1;
	return in;
}

Np__I1__Input *world_command(struct world *w, uint64_t monitor, const char *command,
			     const char *body)
{
	Np__I1__Input *in = world_input(w, NP__I1__INPUT__KIND_COMMAND);
	Np__I1__CommandInput *c = make(w, sizeof *c);
	*c = (Np__I1__CommandInput)NP__I1__COMMAND_INPUT__INIT;
	c->inbox_id.len = 16;
	c->inbox_id.data = make(w, 16);
	c->monitor = monitor;
	c->actor = text(w, "ops@example.org");
	c->command = text(w, command);
	c->body_json = text(w, body);
	in->command = c;
	return in;
}

Np__I1__Input *world_batch(struct world *w, const struct world_batch *b)
{
	struct buf bytes, item;
	buf_init(&bytes, BATCH_BYTES_MAX);
	buf_init(&item, BATCH_ITEM_MAX);
	const struct batch_head head = { .epoch = b->epoch ? b->epoch : WORLD_EPOCH,
					 .shard = w->s->no,
					 .first_seq = b->first,
					 .end = b->end };
	assert_ok(batch_put_head(&bytes, &head));
	for (size_t i = 0; i < b->n; i++) {
		buf_reset(&item);
		assert_ok(batch_item_result(&item, &b->r[i]));
		assert_ok(batch_put_item(&bytes, buf_str(&item)));
	}
	Np__I1__Input *in = world_input(w, NP__I1__INPUT__KIND_BATCH);
	in->batch = make(w, sizeof *in->batch);
	*in->batch = (Np__I1__BatchInput)NP__I1__BATCH_INPUT__INIT;
	in->batch->checker = b->checker ? b->checker : WORLD_CHECKER;
	in->batch->region = WORLD_REGION;
	in->batch->received_us = w->now_us;
	in->batch->skip = b->skip;
	in->batch->batch = pballoc_from_str(arena_str(w->arena, buf_str(&bytes)));
	buf_done(&bytes);
	buf_done(&item);
	return in;
}

struct res_record world_record(const struct world *w, uint64_t monitor, enum res_status status)
{
	struct res_record r = RES_RECORD_INIT;
	r.monitor = monitor;
	r.revision = shard_monitor(w->s, monitor) ? shard_monitor(w->s, monitor)->def.revision : 1;
	r.slot_us = r.start_us = w->now_us;
	r.duration_us = 1000;
	r.status = status;
	if (res_is_pass(status))
		r.cert_expires_s = 1900000000 + (int64_t)monitor;
	if (!res_is_pass(status)) {
		r.cls = status == RES_FAIL ? RES_C_REFUSED : RES_C_NETWORK;
		r.text = NP_STR("connection refused");
	}
	return r;
}

np_err world_result(struct world *w, uint64_t monitor, enum res_status status)
{
	struct res_record r = world_record(w, monitor, status);
	return world_fold(
		w, world_batch(w, &(struct world_batch){ .first = ++w->seq, .n = 1, .r = &r }));
}

static void same_monitor(const struct mon *a, const struct mon *b)
{
	struct buf x, y;
	buf_init(&x, MST_ENCODED_MAX);
	buf_init(&y, MST_ENCODED_MAX);
	mst_encode(&a->st, &x);
	mst_encode(&b->st, &y);
	assert_int_equal(x.n, y.n);
	assert_memory_equal(x.p, y.p, x.n);
	assert_string_equal(a->strip, b->strip);
	assert_string_equal(a->acked_by, b->acked_by);
	assert_memory_equal(a->voter, b->voter, sizeof a->voter);
	assert_memory_equal(a->cert_s, b->cert_s, sizeof a->cert_s);
	assert_memory_equal(a->parent_incident, b->parent_incident, sizeof a->parent_incident);
	assert_int_equal(a->timer.due_us, b->timer.due_us);
	buf_done(&x);
	buf_done(&y);
}

struct rows {
	uint64_t sum;
	size_t n;
};

static void add_row(void *ctx, const struct cursor_row *row)
{
	struct rows *r = ctx;
	r->n++;
	r->sum += mon_hash(row->checker ^ mon_hash(row->epoch) ^ row->last * 3 ^ row->closed);
}

void world_assert_same(const struct shard *a, const struct shard *b)
{
	struct rows x = { 0 }, y = { 0 };
	size_t pos = 0, n = 0;
	cursors_each(a->cursors, add_row, &x);
	cursors_each(b->cursors, add_row, &y);
	assert_int_equal(x.n, y.n);
	assert_int_equal(x.sum, y.sum);
	assert_int_equal(a->now_us, b->now_us);
	assert_int_equal(a->hold.on, b->hold.on);
	assert_int_equal(a->hold.folded, b->hold.folded);
	assert_int_equal(map_len(a->bans), map_len(b->bans));
	assert_int_equal(map_len(a->caught_up), map_len(b->caught_up));
	for (const struct mon *m; (m = shard_next_monitor(a, &pos));) {
		if (m->deleted)
			continue;
		n++;
		const struct mon *other = shard_monitor(b, m->no);
		assert_non_null(other);
		same_monitor(m, other);
	}
	assert_true(n <= map_len(b->monitors));
}
