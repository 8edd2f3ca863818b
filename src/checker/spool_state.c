/* SPDX-License-Identifier: Apache-2.0 */
/* What must survive a restart beside the records: answers, and losses that no record shows.
 * Without it nothing is lost: answered items are sent again, and known to the other side. */
#include "base/file.h"
#include "checker/crc32c.h"
#include "checker/spool_in.h"
#include "wire/batch.h"

#define STATE_MAGIC 0x3153504eU /* "NPS1" */
#define STATE_VERSION 1

static void put_epoch(const struct epoch *e, struct buf *out)
{
	buf_add_le64(out, e->no);
	buf_add_u8(out, e->sent);
	for (size_t i = 0; i < NP_SHARDS; i++) {
		buf_add_varint(out, e->stream[i].acked);
		buf_add_u8(out, e->stream[i].ended);
	}
}

static size_t put_holes(const struct epoch *e, struct buf *out, size_t room)
{
	size_t n = 0;
	for (size_t i = 0; i < NP_SHARDS; i++)
		for (size_t k = 0; k < e->stream[i].holes_n && n < room; k++, n++) {
			const struct hole *h = &e->stream[i].holes[k];
			buf_add_u8(out, 1);
			buf_add_le64(out, e->no);
			buf_add_u8(out, (uint8_t)i);
			buf_add_le64(out, h->seq);
			buf_add_le64(out, h->count);
			buf_add_le64(out, (uint64_t)h->from_us);
			buf_add_le64(out, (uint64_t)h->to_us);
			buf_add_u8(out, (uint8_t)h->why);
		}
	return n;
}

np_err spool_state_encode(const struct spool *s, struct buf *out)
{
	size_t room = SPOOL_LOST_SAVED_MAX;
	buf_add_le32(out, STATE_MAGIC);
	buf_add_u8(out, STATE_VERSION);
	buf_add_le16(out, (uint16_t)s->epochs_n);
	for (size_t i = 0; i < s->epochs_n; i++)
		put_epoch(s->epochs[i], out);
	for (size_t i = 0; i < s->epochs_n; i++)
		room -= put_holes(s->epochs[i], out, room);
	buf_add_u8(out, 0);
	np_err e = buf_failed(out);
	return e < 0 ? e : buf_add_le32(out, crc32c(0, buf_str(out)));
}

static np_err get_epoch(struct spool *s, struct cur *c)
{
	uint64_t no = 0, acked = 0;
	uint8_t sent = 0, ended = 0;
	if (cur_le64(c, &no) < 0 || cur_u8(c, &sent) < 0 || no == 0 || no > BATCH_EPOCH_MAX)
		return NP_E_CORRUPT;
	struct epoch *e = spool_epoch_make(s, no);
	if (!e)
		return NP_E_LIMIT;
	e->sent = sent;
	for (size_t i = 0; i < NP_SHARDS; i++) {
		if (cur_varint(c, &acked) < 0 || cur_u8(c, &ended) < 0 || acked > BATCH_SEQ_MAX)
			return NP_E_CORRUPT;
		e->stream[i].acked = acked;
		e->stream[i].load_next = acked + 1;
		e->stream[i].ended = ended;
	}
	return NP_OK;
}

static np_err get_hole(struct spool *s, struct cur *c)
{
	struct hole h = { 0 };
	uint64_t no = 0, from = 0, to = 0;
	uint8_t shard = 0, why = 0;
	if (cur_le64(c, &no) < 0 || cur_u8(c, &shard) < 0 || cur_le64(c, &h.seq) < 0 ||
	    cur_le64(c, &h.count) < 0 || cur_le64(c, &from) < 0 || cur_le64(c, &to) < 0 ||
	    cur_u8(c, &why) < 0 || shard >= NP_SHARDS || h.count == 0 || h.seq == 0 ||
	    h.seq > BATCH_SEQ_MAX || h.count > BATCH_SEQ_MAX)
		return NP_E_CORRUPT;
	h.from_us = (int64_t)from;
	h.to_us = (int64_t)to;
	h.why = why > 0 && why < BATCH_WHY_N ? why : (uint8_t)BATCH_W_SPOOL_GONE;
	struct epoch *e = spool_epoch_of(s, no);
	if (!e)
		return NP_E_CORRUPT;
	struct stream *st = &e->stream[shard];
	stream_lose(st, h);
	if (h.seq + h.count - 1 > st->last)
		st->last = h.seq + h.count - 1;
	return NP_OK;
}

static np_err get_all(struct spool *s, struct cur c)
{
	uint32_t magic = 0;
	uint16_t n = 0;
	uint8_t version = 0, more = 0;
	if (cur_le32(&c, &magic) < 0 || magic != STATE_MAGIC || cur_u8(&c, &version) < 0 ||
	    version != STATE_VERSION || cur_le16(&c, &n) < 0)
		return NP_E_CORRUPT;
	while (n-- > 0) {
		np_err e = get_epoch(s, &c);
		if (e < 0)
			return e;
	}
	while (cur_u8(&c, &more) == NP_OK && more == 1) {
		np_err e = get_hole(s, &c);
		if (e < 0)
			return e;
	}
	return NP_OK;
}

void spool_state_read(struct spool *s)
{
	char path[SPOOL_PATH_MAX];
	NP_CLEANUP(buf_done) struct buf b;
	buf_init(&b, SPOOL_STATE_MAX);
	spool_path(s, SPOOL_STATE_FILE, path);
	if (file_read(path, &b) < 0 || b.n < 4)
		return;
	uint32_t crc = 0;
	struct cur tail = { str_sub(buf_str(&b), b.n - 4, b.n) };
	np_str body = str_sub(buf_str(&b), 0, b.n - 4);
	if (cur_le32(&tail, &crc) == NP_OK && crc == crc32c(0, body) &&
	    get_all(s, (struct cur){ body }) < 0)
		metric_add(s->m_errors, 1);
}
