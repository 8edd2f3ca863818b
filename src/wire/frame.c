/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/frame.h"

#include "wire/pballoc.h"

#define TARGET_MAX 4096
#define JSON_MAX ((size_t)256 * 1024) /* 64 KB of body, 32 headers of 4 KB */
#define REASON_MAX 512

void frame_in_init(struct frame_in *f, size_t max)
{
	assert(max > 0 && max <= FRAME_MAX);
	*f = (struct frame_in){ .max = max };
	buf_init(&f->part, max + FRAME_HEAD_LEN);
}

void frame_in_done(struct frame_in *f)
{
	buf_done(&f->part);
	f->given = false;
}

static size_t head_len(const char *p)
{
	const uint8_t *u = (const uint8_t *)p;
	return (size_t)u[0] << 24 | (size_t)u[1] << 16 | (size_t)u[2] << 8 | (size_t)u[3];
}

static bool len_ok(const struct frame_in *f, size_t len)
{
	return len > 0 && len <= f->max;
}

/* Move bytes over until the part holds `want`; false: not yet. */
static bool gather(struct frame_in *f, np_str *bytes, size_t want, np_err *ret_err)
{
	size_t n = want - f->part.n;
	if (n > bytes->n)
		n = bytes->n;
	*ret_err = buf_add(&f->part, (np_str){ bytes->p, n });
	if (*ret_err < 0)
		return false;
	*bytes = (np_str){ bytes->p + n, bytes->n - n };
	return f->part.n == want;
}

/* A frame of which some bytes are in the part, or less than a length has arrived. */
static enum frame_rc feed_part(struct frame_in *f, np_str *bytes, np_str *ret_frame)
{
	np_err e = NP_OK;
	if (f->part.n < FRAME_HEAD_LEN && !gather(f, bytes, FRAME_HEAD_LEN, &e))
		return e < 0 ? FRAME_BAD : FRAME_MORE;
	size_t len = head_len(f->part.p);
	if (!len_ok(f, len))
		return FRAME_BAD;
	if (!gather(f, bytes, FRAME_HEAD_LEN + len, &e))
		return e < 0 ? FRAME_BAD : FRAME_MORE;
	f->given = true;
	*ret_frame = (np_str){ f->part.p + FRAME_HEAD_LEN, len };
	return FRAME_DONE;
}

enum frame_rc frame_feed(struct frame_in *f, np_str *bytes, np_str *ret_frame)
{
	if (f->given) { /* idle connections hold no memory */
		buf_done(&f->part);
		buf_init(&f->part, f->max + FRAME_HEAD_LEN);
		f->given = false;
	}
	if (bytes->n == 0)
		return FRAME_MORE;
	if (f->part.n > 0 || bytes->n < FRAME_HEAD_LEN)
		return feed_part(f, bytes, ret_frame);
	size_t len = head_len(bytes->p);
	if (!len_ok(f, len))
		return FRAME_BAD;
	if (bytes->n - FRAME_HEAD_LEN < len)
		return feed_part(f, bytes, ret_frame);
	*ret_frame = (np_str){ bytes->p + FRAME_HEAD_LEN, len };
	*bytes = (np_str){ bytes->p + FRAME_HEAD_LEN + len, bytes->n - FRAME_HEAD_LEN - len };
	return FRAME_DONE;
}

/* ---- up ---------------------------------------------------------------------- */

np_err frame_up_open(np_str frame, enum frame_up *ret_kind, np_str *ret_body)
{
	struct pballoc_field f;
	np_err e = pballoc_next(&frame, &f);
	if (e < 0)
		return e;
	/* Exactly one member: what protobuf would merge or drop is nobody's honest frame. */
	if (frame.n > 0 || f.type != 2 || f.number < FRAME_HELLO || f.number > FRAME_PING)
		return NP_E_PROTO;
	*ret_kind = (enum frame_up)f.number;
	*ret_body = f.bytes;
	return NP_OK;
}

static bool epoch_ok(const Np__V1__Epoch *e)
{
	return e->shard < NP_SHARDS && e->epoch > 0 && e->first_seq > 0 &&
	       e->first_seq <= INT64_MAX && e->last_seq >= e->first_seq - 1;
}

np_err frame_hello(struct arena *a, np_str body, Np__V1__Hello **ret)
{
	ProtobufCMessage *m = NULL;
	np_err e = pballoc_unpack(a, &np__v1__hello__descriptor, body, &m);
	if (e < 0)
		return e;
	Np__V1__Hello *h = (Np__V1__Hello *)m;
	if (!pballoc_str_ok(h->version, FRAME_VERSION_MAX) || h->n_epochs > FRAME_EPOCHS_MAX)
		return NP_E_PROTO;
	for (size_t i = 0; i < h->n_epochs; i++)
		if (!epoch_ok(h->epochs[i]))
			return NP_E_PROTO;
	*ret = h;
	return NP_OK;
}

np_err frame_slow(struct arena *a, np_str body, Np__V1__Slow **ret)
{
	ProtobufCMessage *m = NULL;
	np_err e = pballoc_unpack(a, &np__v1__slow__descriptor, body, &m);
	if (e < 0)
		return e;
	Np__V1__Slow *s = (Np__V1__Slow *)m;
	if (s->shard >= NP_SHARDS || s->monitor == 0 || s->monitor > INT64_MAX || s->slot_us <= 0)
		return NP_E_PROTO;
	*ret = s;
	return NP_OK;
}

np_err frame_ping(struct arena *a, np_str body, Np__V1__Ping **ret)
{
	ProtobufCMessage *m = NULL;
	np_err e = pballoc_unpack(a, &np__v1__ping__descriptor, body, &m);
	if (e == NP_OK)
		*ret = (Np__V1__Ping *)m;
	return e;
}

/* ---- making frames -------------------------------------------------------------- */

/* Length, then the one field of Up or Down with that number. */
static np_err put(struct buf *out, uint32_t field, size_t n, char **ret_p)
{
	size_t was = out->n;
	size_t tag_len = 1;
	for (size_t v = n; v >= 0x80; v >>= 7)
		tag_len++;
	tag_len++; /* the tag itself: every number here is below 16 */
	if (n + tag_len > FRAME_MAX)
		return NP_E_LIMIT;
	np_err e = buf_add_be32(out, (uint32_t)(n + tag_len));
	if (e == NP_OK)
		e = buf_add_varint(out, (uint64_t)field << 3 | 2);
	if (e == NP_OK)
		e = buf_add_varint(out, n);
	if (e == NP_OK)
		e = buf_reserve(out, n, ret_p);
	if (e < 0)
		out->n = was;
	return e;
}

static np_err put_msg(struct buf *out, uint32_t field, const ProtobufCMessage *m)
{
	char *p = NULL;
	size_t n = protobuf_c_message_get_packed_size(m);
	np_err e = put(out, field, n, &p);
	if (e < 0)
		return e;
	if (n > 0)
		buf_commit(out, protobuf_c_message_pack(m, (uint8_t *)p));
	return NP_OK;
}

np_err frame_put_hello(struct buf *out, const Np__V1__Hello *m)
{
	return put_msg(out, FRAME_HELLO, &m->base);
}

np_err frame_put_batch(struct buf *out, np_str batch)
{
	char *p = NULL;
	np_err e = put(out, FRAME_BATCH, batch.n, &p);
	if (e == NP_OK)
		e = buf_add(out, batch);
	return e;
}

np_err frame_put_slow(struct buf *out, const Np__V1__Slow *m)
{
	return put_msg(out, FRAME_SLOW, &m->base);
}

np_err frame_put_ping(struct buf *out, const Np__V1__Ping *m)
{
	return put_msg(out, FRAME_PING, &m->base);
}

np_err frame_put_welcome(struct buf *out, const Np__V1__Welcome *m)
{
	return put_msg(out, NP__V1__DOWN__KIND_WELCOME, &m->base);
}

np_err frame_put_ack(struct buf *out, const Np__V1__Ack *m)
{
	return put_msg(out, NP__V1__DOWN__KIND_ACK, &m->base);
}

np_err frame_put_rewind(struct buf *out, const Np__V1__Rewind *m)
{
	return put_msg(out, NP__V1__DOWN__KIND_REWIND, &m->base);
}

np_err frame_put_reject(struct buf *out, const Np__V1__Reject *m)
{
	return put_msg(out, NP__V1__DOWN__KIND_REJECT, &m->base);
}

np_err frame_put_assign(struct buf *out, const Np__V1__Assign *m)
{
	return put_msg(out, NP__V1__DOWN__KIND_ASSIGN, &m->base);
}

np_err frame_put_job(struct buf *out, const Np__V1__Job *m)
{
	return put_msg(out, NP__V1__DOWN__KIND_JOB, &m->base);
}

np_err frame_put_pause(struct buf *out, const Np__V1__Pause *m)
{
	return put_msg(out, NP__V1__DOWN__KIND_PAUSE, &m->base);
}

np_err frame_put_pong(struct buf *out, const Np__V1__Pong *m)
{
	return put_msg(out, NP__V1__DOWN__KIND_PONG, &m->base);
}

/* ---- down ------------------------------------------------------------------------- */

static bool monitor_ok(const Np__V1__Monitor *m)
{
	return m->monitor > 0 && m->shard < NP_SHARDS && pballoc_str_ok(m->target, TARGET_MAX) &&
	       pballoc_str_ok(m->options_json, JSON_MAX) &&
	       pballoc_str_ok(m->assertions_json, JSON_MAX);
}

static bool assign_ok(const Np__V1__Assign *m)
{
	for (size_t i = 0; i < m->n_upsert; i++)
		if (!monitor_ok(m->upsert[i]))
			return false;
	return true;
}

static bool welcome_ok(const Np__V1__Welcome *m)
{
	if (!pballoc_str_ok(m->region, FRAME_VERSION_MAX))
		return false;
	for (size_t i = 0; i < m->n_closed_below; i++)
		if (m->closed_below[i]->shard >= NP_SHARDS)
			return false;
	return true;
}

static bool down_ok(const Np__V1__Down *d)
{
	switch (d->kind_case) {
	case NP__V1__DOWN__KIND_WELCOME:
		return welcome_ok(d->welcome);
	case NP__V1__DOWN__KIND_ACK:
		return d->ack->shard < NP_SHARDS;
	case NP__V1__DOWN__KIND_REWIND:
		return d->rewind->shard < NP_SHARDS;
	case NP__V1__DOWN__KIND_REJECT:
		return d->reject->shard < NP_SHARDS &&
		       pballoc_str_ok(d->reject->reason, REASON_MAX);
	case NP__V1__DOWN__KIND_ASSIGN:
		return assign_ok(d->assign);
	case NP__V1__DOWN__KIND_PAUSE:
		return pballoc_str_ok(d->pause->why, REASON_MAX);
	case NP__V1__DOWN__KIND_JOB:
	case NP__V1__DOWN__KIND_PONG:
		return true;
	case NP__V1__DOWN__KIND__NOT_SET:
	case _NP__V1__DOWN__KIND__CASE_IS_INT_SIZE:
		break;
	}
	return false;
}

np_err frame_down(struct arena *a, np_str frame, Np__V1__Down **ret)
{
	ProtobufCMessage *m = NULL;
	np_err e = pballoc_unpack(a, &np__v1__down__descriptor, frame, &m);
	if (e < 0)
		return e;
	Np__V1__Down *d = (Np__V1__Down *)m;
	if (!down_ok(d))
		return NP_E_PROTO;
	*ret = d;
	return NP_OK;
}
