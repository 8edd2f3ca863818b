/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/evidence.h"

#include "base/arena.h"
#include "base/crypt.h"
#include "engine/logread.h"
#include "engine/replay.h"
#include "engine/snapshot.h"
#include "wire/batch.h"
#include "wire/pballoc.h"

#define CURSORS_MAX 65536

struct cut_cursor { /* of the batches as they are exported */
	uint64_t checker, epoch, last;
};
struct cutting {
	const struct evidence_of *of;
	struct shard *s; /* folds everything, unseen */
	json_t *inputs, *batches;
	struct cut_cursor *cursor;
	size_t cursor_n;
	bool recording;
};

/* bytes as base64url, and back into `out`. NULL: no memory. */
static json_t *evidence_b64(np_str bytes)
{
	NP_CLEANUP(np_free_ptr) char *text = np_calloc(bytes.n / 3 + 1, 4);
	if (text == NULL)
		return NULL;
	size_t n = str_b64url((const uint8_t *)(bytes.n > 0 ? bytes.p : ""), bytes.n, text);
	return json_stringn(text, n);
}

static np_err evidence_unb64(const json_t *text, struct buf *out)
{
	np_str in = { json_string_value(text), json_string_length(text) };
	char *to = NULL;
	size_t n = 0;
	if (!json_is_string(text))
		return NP_E_CORRUPT;
	np_err e = buf_reserve(out, in.n + 1, &to);
	if (e == NP_OK && str_unb64url(in, (uint8_t *)to, in.n + 1, &n) < 0)
		e = NP_E_CORRUPT;
	if (e == NP_OK)
		buf_commit(out, n);
	return e;
}

static bool has_region(const struct evidence_of *of, uint32_t region)
{
	for (size_t i = 0; i < of->region_n; i++)
		if (of->region[i] == region)
			return true;
	return false;
}

/* ---- batches ---- */

static np_err cursor_of(struct cutting *k, uint64_t checker, uint64_t epoch,
			struct cut_cursor **ret)
{
	for (size_t i = 0; i < k->cursor_n; i++)
		if (k->cursor[i].checker == checker && k->cursor[i].epoch == epoch) {
			*ret = &k->cursor[i];
			return NP_OK;
		}
	if (k->cursor_n == CURSORS_MAX)
		return NP_E_LIMIT;
	k->cursor[k->cursor_n] = (struct cut_cursor){ checker, epoch, 0 };
	*ret = &k->cursor[k->cursor_n++];
	return NP_OK;
}

static bool is_marked(const Np__I1__BatchInput *in, size_t index)
{
	for (size_t i = 0; i < in->n_marks; i++)
		if (in->marks[i]->index == index)
			return true;
	return false;
}

static bool is_ours(const struct cutting *k, const Np__I1__BatchInput *in,
		    const struct batch_item *item, uint64_t fresh)
{
	return item->kind == BATCH_RESULT && item->invalid == NULL &&
	       item->result.monitor == k->of->monitor && item->seq >= fresh &&
	       !is_marked(in, item->index);
}

/* What stood between our items were numbers of others: they become one loss. */
static np_err put_gap(struct buf *out, uint64_t count)
{
	NP_CLEANUP(buf_done) struct buf item = { 0 };
	const struct batch_lost lost = {
		.count = count, .from_us = 1, .to_us = 1, .why = BATCH_W_UNREADABLE
	};
	if (count == 0)
		return NP_OK;
	buf_init(&item, BATCH_ITEM_MAX);
	np_err e = batch_item_lost(&item, &lost);
	return e < 0 ? e : batch_put_item(out, buf_str(&item));
}

/* *ret_n: our items in it. */
static np_err cut_items(struct cutting *k, const Np__I1__BatchInput *in, const struct batch *b,
			struct buf *out, size_t *ret_n)
{
	const struct batch_head *h = batch_head(b);
	struct cut_cursor *c = NULL;
	np_err e = cursor_of(k, in->checker, h->epoch, &c);
	struct batch_head head = { .epoch = h->epoch, .shard = h->shard };
	*ret_n = 0;
	for (size_t i = 0; e == NP_OK && i < h->items; i++) {
		const struct batch_item *item = batch_item(b, i);
		if (!is_ours(k, in, item, h->first_seq + in->skip))
			continue;
		head.first_seq = c->last + 1;
		if ((*ret_n)++ == 0)
			e = batch_put_head(out, &head);
		if (e == NP_OK)
			e = put_gap(out, item->seq - c->last - 1);
		if (e == NP_OK)
			e = batch_put_item(out, batch_item_bytes(b, i));
		c->last = item->seq;
	}
	return e;
}

static json_t *batch_json(const struct cutting *k, const Np__I1__BatchInput *in,
			  const struct batch *b, size_t ours)
{
	const struct batch_head *h = batch_head(b);
	np_str bytes = pballoc_bytes(in->batch);
	uint8_t sum[CRYPT_SHA256_LEN];
	char hex[2 * CRYPT_SHA256_LEN + 1] = { 0 };
	crypt_sha256(bytes, sum);
	str_hex(sum, sizeof sum, hex);
	return json_pack("{s:I, s:I, s:I, s:s, s:I, s:I, s:I, s:s}", "pos",
			 (json_int_t)k->s->pos + 1, "checker", (json_int_t)in->checker, "region",
			 (json_int_t)in->region, "epoch", "", "first_seq", (json_int_t)h->first_seq,
			 "numbers", (json_int_t)h->numbers, "results", (json_int_t)ours, "sha256",
			 hex);
}

static np_err put_input(struct cutting *k, const Np__I1__Input *in)
{
	NP_CLEANUP(buf_done) struct buf b;
	buf_init(&b, BATCH_BYTES_MAX * 4);
	if (json_array_size(k->inputs) == EVIDENCE_INPUTS_MAX)
		return NP_E_LIMIT;
	np_err e = pballoc_pack(&in->base, &b);
	if (e == NP_OK && json_array_append_new(k->inputs, evidence_b64(buf_str(&b))) < 0)
		e = NP_E_NOMEM;
	return e;
}

static np_err put_batch(struct cutting *k, const Np__I1__Input *in, const struct batch *b)
{
	NP_CLEANUP(buf_done) struct buf cut;
	size_t n = 0;
	buf_init(&cut, BATCH_BYTES_MAX * 2);
	np_err e = cut_items(k, in->batch, b, &cut, &n);
	if (e < 0 || n == 0)
		return e;
	Np__I1__BatchInput less = *in->batch;
	Np__I1__Input one = *in;
	less.batch = pballoc_from_str(buf_str(&cut));
	less.skip = 0;
	less.n_marks = 0;
	one.batch = &less;
	json_t *j = batch_json(k, in->batch, b, n);
	char epoch[24];
	(void)snprintf(epoch, sizeof epoch, "%llu", (unsigned long long)batch_head(b)->epoch);
	if (j == NULL || json_object_set_new(j, "epoch", json_string(epoch)) < 0 ||
	    json_array_append_new(k->batches, j) < 0)
		return NP_E_NOMEM;
	return put_input(k, &one);
}

static np_err cut_batch(struct cutting *k, const Np__I1__Input *in)
{
	struct arena *a = arena_new(BATCH_ARENA_MAX);
	struct batch *b = NULL;
	if (a == NULL)
		return NP_E_NOMEM;
	np_err e = batch_decode(a, pballoc_bytes(in->batch->batch), &b);
	e = e == NP_E_PROTO ? NP_E_CORRUPT : e;
	if (e == NP_OK)
		e = put_batch(k, in, b);
	arena_free(a);
	return e;
}

static np_err cut_heard(struct cutting *k, const Np__I1__Input *in)
{
	Np__I1__HeardInput less = *in->heard;
	Np__I1__Input one = *in;
	NP_CLEANUP(np_free_ptr)
	Np__I1__Heard **kept = np_calloc(less.n_heard + 1, sizeof *kept);
	if (kept == NULL)
		return NP_E_NOMEM;
	size_t n = 0;
	for (size_t i = 0; i < less.n_heard; i++)
		if (has_region(k->of, less.heard[i]->region))
			kept[n++] = less.heard[i];
	less.heard = kept;
	less.n_heard = n;
	one.heard = &less;
	return n > 0 ? put_input(k, &one) : NP_OK;
}

/* What a check sends may be a secret, and decides nothing: it stays at home. The text is the
 * caller's; NULL: no memory, or no definition. */
static char *without_secrets(const char *definition)
{
	static const char *const secret[] = { "headers", "body", "send" };
	json_t *d = json_loads(definition, 0, NULL);
	for (size_t i = 0; d != NULL && i < NP_LEN(secret); i++)
		(void)json_object_del(json_object_get(d, "options"), secret[i]);
	char *text = d != NULL ? json_dumps(d, JSON_COMPACT) : NULL;
	json_decref(d);
	return text;
}

static np_err put_definition(struct cutting *k, const Np__I1__Input *in)
{
	Np__I1__DefinitionInput less = *in->definition;
	Np__I1__Input one = *in;
	if (less.definition_json[0] == '\0') /* deleted */
		return put_input(k, in);
	char *text = without_secrets(less.definition_json);
	if (text == NULL)
		return NP_E_NOMEM;
	less.definition_json = text;
	one.definition = &less;
	np_err e = put_input(k, &one);
	free(text);
	return e;
}

/* Does it concern this monitor? Batches and presence are cut down first. */
static bool concerns(const struct cutting *k, const Np__I1__Input *in)
{
	const struct evidence_of *of = k->of;
	switch (in->kind_case) {
	case NP__I1__INPUT__KIND_TIMER:
		if (in->timer->kind == SHARD_TIMER_HOLD)
			return true;
		if (in->timer->kind == SHARD_TIMER_SILENT)
			return has_region(of, in->timer->region);
		return in->timer->monitor == of->monitor;
	case NP__I1__INPUT__KIND_COMMAND:
		return in->command->monitor == of->monitor;
	case NP__I1__INPUT__KIND_DEFINITION:
		return in->definition->monitor == of->monitor;
	case NP__I1__INPUT__KIND_MEMBERSHIP:
		return has_region(of, in->membership->region);
	case NP__I1__INPUT__KIND_BAN:
		return has_region(of, in->ban->region);
	case NP__I1__INPUT__KIND_SUSPECT:
		return has_region(of, in->suspect->region);
	case NP__I1__INPUT__KIND_PARENT:
		return in->parent->monitor == of->monitor;
	case NP__I1__INPUT__KIND_RESUME:
		return true;
	case NP__I1__INPUT__KIND_SLOW:
		return in->slow->slow != NULL && in->slow->slow->monitor == of->monitor;
	case NP__I1__INPUT__KIND_WINDOW:
		return in->window->monitor == of->monitor;
	case NP__I1__INPUT__KIND_BATCH:
	case NP__I1__INPUT__KIND_HEARD:
	case NP__I1__INPUT__KIND__NOT_SET:
	case _NP__I1__INPUT__KIND__CASE_IS_INT_SIZE:
		break;
	}
	return false;
}

static np_err record(struct cutting *k, const Np__I1__Input *in)
{
	if (in->kind_case == NP__I1__INPUT__KIND_BATCH)
		return has_region(k->of, in->batch->region) ? cut_batch(k, in) : NP_OK;
	if (in->kind_case == NP__I1__INPUT__KIND_HEARD)
		return cut_heard(k, in);
	if (!concerns(k, in))
		return NP_OK;
	return in->kind_case == NP__I1__INPUT__KIND_DEFINITION ? put_definition(k, in)
							       : put_input(k, in);
}

/* ---- the state to begin with ---- */

static void keep_ours(const struct evidence_of *of, Np__I1__Snapshot *s)
{
	size_t n = 0;
	for (size_t i = 0; i < s->n_monitors; i++)
		if (s->monitors[i]->definition &&
		    s->monitors[i]->definition->monitor == of->monitor)
			s->monitors[n++] = s->monitors[i];
	s->n_monitors = n;
	n = 0;
	for (size_t i = 0; i < s->n_memberships; i++)
		if (has_region(of, s->memberships[i]->region))
			s->memberships[n++] = s->memberships[i];
	s->n_memberships = n;
	n = 0;
	for (size_t i = 0; i < s->n_bans; i++)
		if (has_region(of, s->bans[i]->region))
			s->bans[n++] = s->bans[i];
	s->n_bans = n;
	n = 0;
	for (size_t i = 0; i < s->n_suspects; i++)
		if (has_region(of, s->suspects[i]))
			s->suspects[n++] = s->suspects[i];
	s->n_suspects = n;
	/* Sequences begin anew in what is exported. */
	s->n_cursors = s->n_closed = 0;
}

static np_err keep_secrets(Np__I1__Snapshot *s, struct arena *a)
{
	for (size_t i = 0; i < s->n_monitors; i++) {
		Np__I1__DefinitionInput *d = s->monitors[i]->definition;
		NP_CLEANUP(np_free_ptr) char *text = without_secrets(d->definition_json);
		size_t n = text != NULL ? strlen(text) + 1 : 0;
		d->definition_json = n > 0 ? arena_alloc(a, n) : NULL;
		if (d->definition_json == NULL)
			return NP_E_NOMEM;
		memcpy(d->definition_json, text, n);
	}
	return NP_OK;
}

static np_err cut_snapshot(const struct cutting *k, np_str whole, struct arena *a, json_t **ret)
{
	NP_CLEANUP(buf_done) struct buf out;
	ProtobufCMessage *msg = NULL;
	buf_init(&out, SNAPSHOT_MAX);
	np_err e = pballoc_unpack(a, &np__i1__snapshot__descriptor, whole, &msg);
	if (e < 0)
		return e;
	keep_ours(k->of, (Np__I1__Snapshot *)(void *)msg);
	e = keep_secrets((Np__I1__Snapshot *)(void *)msg, a);
	if (e == NP_OK)
		e = pballoc_pack(msg, &out);
	if (e == NP_OK) {
		*ret = evidence_b64(buf_str(&out));
		e = *ret == NULL ? NP_E_NOMEM : NP_OK;
	}
	return e;
}

static np_err start_json(const struct cutting *k, json_t **ret)
{
	NP_CLEANUP(buf_done) struct buf whole = { 0 };
	struct arena *a = arena_new(SNAPSHOT_MAX);
	if (a == NULL)
		return NP_E_NOMEM;
	buf_init(&whole, SNAPSHOT_MAX);
	np_err e = snapshot_encode(k->s, &whole);
	if (e == NP_OK)
		e = cut_snapshot(k, buf_str(&whole), a, ret);
	arena_free(a);
	return e;
}

/* ---- reading the log ---- */

static np_err take_row(struct cutting *k, const struct logpack_row *row)
{
	struct arena *a = arena_new(REPLAY_ROW_MAX);
	ProtobufCMessage *msg = NULL;
	if (a == NULL)
		return NP_E_NOMEM;
	np_err e = pballoc_unpack(a, &np__i1__log_row__descriptor, row->inputs, &msg);
	const Np__I1__LogRow *r = (const void *)msg;
	for (size_t i = 0; e == NP_OK && i < r->n_inputs; i++) {
		if (k->recording)
			e = record(k, r->inputs[i]);
		if (e == NP_OK)
			e = fold_input(k->s, r->inputs[i], NULL);
	}
	if (e == NP_OK)
		k->s->pos = row->pos;
	arena_free(a);
	return e == NP_E_PROTO ? NP_E_CORRUPT : e;
}

static np_err read_log(struct cutting *k, json_t **ret_start)
{
	NP_CLEANUP(logread_done) struct logread in;
	struct logpack_row row = { .pos = 0 };
	np_err e = NP_OK;
	logread_init(&in, k->of->db, k->of->shard, k->s->pos,
		     k->s->pos > 0 ? k->s->now_us : INT64_MIN);
	while (e == NP_OK && k->s->pos < k->of->to_pos) {
		e = logread_next(&in, &row);
		if (e == NP_OK && row.pos != k->s->pos + 1)
			return NP_E_NOTFOUND; /* what was before is no longer kept */
		if (e == NP_OK && !k->recording && k->s->now_us >= k->of->from_us) {
			k->recording = true;
			e = start_json(k, ret_start);
		}
		if (k->s->now_us > k->of->until_us)
			break;
		if (e == NP_OK)
			e = take_row(k, &row);
	}
	return e == NP_OK && *ret_start == NULL ? NP_E_NOTFOUND : e;
}

np_err evidence_collect(const struct evidence_of *of, json_t **ret)
{
	struct cutting k = { .of = of, .inputs = json_array(), .batches = json_array() };
	json_t *start = NULL;
	k.cursor = np_calloc(CURSORS_MAX, sizeof *k.cursor);
	np_err e = k.inputs && k.batches && k.cursor ? NP_OK : NP_E_NOMEM;
	if (e == NP_OK)
		e = replay_before(of->db, of->shard, of->from_us, &k.s);
	if (e == NP_E_VERSION) /* another program's: as good as none */
		e = NP_E_NOTFOUND;
	if (e == NP_OK)
		e = read_log(&k, &start);
	if (e == NP_OK) {
		*ret = json_pack("{s:s, s:I, s:O, s:O, s:O}", "source", "log", "shard",
				 (json_int_t)of->shard, "start", start, "inputs", k.inputs,
				 "batches", k.batches);
		e = *ret == NULL ? NP_E_NOMEM : NP_OK;
	}
	json_decref(start);
	json_decref(k.inputs);
	json_decref(k.batches);
	free(k.cursor);
	shard_free(k.s);
	return e;
}

/* ---- folding again ---- */

static np_err fold_one(struct shard *s, const json_t *packed)
{
	NP_CLEANUP(buf_done) struct buf b = { 0 };
	struct arena *a = arena_new(REPLAY_ROW_MAX);
	ProtobufCMessage *msg = NULL;
	if (a == NULL)
		return NP_E_NOMEM;
	buf_init(&b, BATCH_BYTES_MAX * 8);
	np_err e = evidence_unb64(packed, &b);
	if (e == NP_OK)
		e = pballoc_unpack(a, &np__i1__input__descriptor, buf_str(&b), &msg);
	if (e == NP_OK)
		e = fold_input(s, (const Np__I1__Input *)(const void *)msg, NULL);
	arena_free(a);
	return e == NP_E_PROTO ? NP_E_CORRUPT : e;
}

static void look(struct shard *s, uint64_t monitor, const uint8_t incident[16],
		 struct evidence_fold *f)
{
	const struct mon *m = shard_monitor(s, monitor);
	uint8_t id[16];
	if (m == NULL || m->st.inc.ordinal == 0)
		return;
	mon_incident_id(m, id);
	if (memcmp(id, incident, sizeof id) != 0)
		return;
	f->found = true;
	f->opened_us = m->st.inc.opened_us;
	f->closed_us = m->st.inc.open ? 0 : m->st.inc.closed_us;
}

np_err evidence_again(const json_t *evidence, uint64_t monitor, const uint8_t incident[16],
		      struct evidence_fold *ret)
{
	NP_CLEANUP(buf_done) struct buf start = { 0 };
	const json_t *inputs = json_object_get(evidence, "inputs"), *one;
	json_int_t no = json_integer_value(json_object_get(evidence, "shard"));
	struct evidence_fold f = { .found = false };
	size_t i;
	if (!json_is_array(inputs) || no < 0 || no >= NP_SHARDS)
		return NP_E_CORRUPT;
	struct shard *s = shard_new((uint32_t)no);
	buf_init(&start, SNAPSHOT_MAX);
	np_err e =
		s != NULL ? evidence_unb64(json_object_get(evidence, "start"), &start) : NP_E_NOMEM;
	if (e == NP_OK)
		e = snapshot_decode(buf_str(&start), s);
	for (i = 0; e == NP_OK && i < json_array_size(inputs); i++) {
		one = json_array_get(inputs, i);
		e = fold_one(s, one);
		if (e == NP_OK)
			look(s, monitor, incident, &f);
	}
	f.inputs = i;
	shard_free(s);
	if (e == NP_OK)
		*ret = f;
	return e;
}
