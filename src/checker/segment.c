/* SPDX-License-Identifier: Apache-2.0 */
#include "checker/segment.h"

#include <stdio.h>

#include "base/str.h"
#include "checker/crc32c.h"

#define HEAD_MAGIC "NPSPOOL\n"
#define HEAD_CRC_AT 60
#define REC_MAGIC 0x3152504eU /* "NPR1" */
#define REC_CRC_AT 44
#define SEAL_LEN (NP_SHARDS * 8)

np_err seg_put_head(struct buf *out, uint64_t epoch, uint64_t number)
{
	size_t from = out->n;
	static const char zeros[HEAD_CRC_AT - 32];
	buf_add(out, NP_STR(HEAD_MAGIC));
	buf_add_le64(out, SEG_VERSION);
	buf_add_le64(out, epoch);
	buf_add_le64(out, number);
	buf_add(out, (np_str){ zeros, sizeof zeros });
	if (buf_failed(out) < 0)
		return buf_failed(out);
	return buf_add_le32(out, crc32c(0, (np_str){ out->p + from, HEAD_CRC_AT }));
}

np_err seg_check_head(np_str bytes)
{
	uint64_t version = 0;
	uint32_t crc = 0;
	struct cur c = { str_sub(bytes, 8, 16) },
		   tail = { str_sub(bytes, HEAD_CRC_AT, SEG_HEAD_LEN) };
	if (bytes.n < SEG_HEAD_LEN || !str_starts(bytes, NP_STR(HEAD_MAGIC)))
		return NP_E_CORRUPT;
	if (cur_le64(&c, &version) < 0 || cur_le32(&tail, &crc) < 0 ||
	    crc != crc32c(0, str_sub(bytes, 0, HEAD_CRC_AT)))
		return NP_E_CORRUPT;
	/* the version counts only under a good checksum: damage is not an upgrade */
	return version > SEG_VERSION ? NP_E_VERSION : NP_OK;
}

static np_err put(struct buf *out, const struct seg_rec *r, np_str content)
{
	size_t from = out->n;
	buf_add_le32(out, REC_MAGIC);
	buf_add_u8(out, (uint8_t)r->kind);
	buf_add_u8(out, (uint8_t)r->shard);
	buf_add_u8(out, (uint8_t)r->prev_shard);
	buf_add_u8(out, 0);
	buf_add_le32(out, (uint32_t)content.n);
	buf_add_le32(out, 0);
	buf_add_le64(out, r->seq);
	buf_add_le64(out, r->prev_seq);
	buf_add_le64(out, (uint64_t)r->slot_us);
	buf_add_le32(out, crc32c(0, content));
	if (buf_failed(out) < 0)
		return buf_failed(out);
	buf_add_le32(out, crc32c(0, (np_str){ out->p + from, REC_CRC_AT }));
	return buf_add(out, content);
}

np_err seg_put_rec(struct buf *out, const struct seg_rec *rec)
{
	size_t from = out->n;
	struct buf seal;
	char bytes[SEAL_LEN];
	np_str content = rec->item;
	buf_init(&seal, SEAL_LEN);
	if (rec->kind == SEG_SEAL) {
		for (size_t i = 0; i < NP_SHARDS; i++)
			for (size_t k = 0; k < 8; k++)
				bytes[i * 8 + k] = (char)(rec->last[i] >> (8 * k));
		content = (np_str){ bytes, sizeof bytes };
	}
	assert(content.n <= SEG_ITEM_MAX);
	np_err e = put(out, rec, content);
	if (e < 0)
		out->n = from; /* all of it or nothing */
	return e;
}

/* Head at `at`, if there is a whole and sound one. */
static bool read_head(np_str bytes, size_t at, struct seg_rec *r, size_t *ret_len,
		      uint32_t *ret_crc)
{
	struct cur c = { str_sub(bytes, at, at + SEG_REC_LEN) };
	uint32_t magic = 0, len = 0, zero = 0, crc = 0;
	uint64_t slot = 0;
	uint8_t kind = 0, shard = 0, prev = 0, pad = 0;
	if (c.rest.n < SEG_REC_LEN || cur_le32(&c, &magic) < 0 || magic != REC_MAGIC)
		return false;
	if (cur_u8(&c, &kind) < 0 || cur_u8(&c, &shard) < 0 || cur_u8(&c, &prev) < 0 ||
	    cur_u8(&c, &pad) < 0 || cur_le32(&c, &len) < 0 || cur_le32(&c, &zero) < 0 ||
	    cur_le64(&c, &r->seq) < 0 || cur_le64(&c, &r->prev_seq) < 0 ||
	    cur_le64(&c, &slot) < 0 || cur_le32(&c, ret_crc) < 0 || cur_le32(&c, &crc) < 0)
		return false;
	if (crc != crc32c(0, str_sub(bytes, at, at + REC_CRC_AT)) || len > SEG_ITEM_MAX ||
	    (kind != SEG_ITEM && kind != SEG_SEAL) || (kind == SEG_ITEM && shard >= NP_SHARDS))
		return false;
	r->kind = (enum seg_kind)kind;
	r->shard = shard;
	r->prev_shard = prev;
	r->slot_us = (int64_t)slot;
	*ret_len = len;
	return true;
}

static bool read_seal(np_str content, struct seg_rec *r)
{
	struct cur c = { content };
	for (size_t i = 0; i < NP_SHARDS; i++)
		if (cur_le64(&c, &r->last[i]) < 0)
			return false;
	return c.rest.n == 0;
}

/* A record with a sound head: its content may be damaged, or cut off by the end. */
static bool read_rec(np_str bytes, size_t *pos, struct seg_rec *r)
{
	size_t len = 0;
	uint32_t crc = 0;
	if (!read_head(bytes, *pos, r, &len, &crc) || len > bytes.n - *pos - SEG_REC_LEN)
		return false;
	np_str content = str_sub(bytes, *pos + SEG_REC_LEN, *pos + SEG_REC_LEN + len);
	bool sound = crc == crc32c(0, content);
	if (r->kind == SEG_SEAL && (!sound || !read_seal(content, r)))
		return false;
	r->item = sound ? content : (np_str){ NULL, 0 };
	*pos += SEG_REC_LEN + len;
	return true;
}

enum seg_rc seg_next(np_str bytes, size_t *pos, struct seg_rec *ret)
{
	struct seg_rec r = { 0 };
	size_t at = *pos;
	if (at >= bytes.n)
		return SEG_END;
	if (read_rec(bytes, &at, &r)) {
		/* Damaged content at the very end is a torn write. */
		if (!r.item.p && r.kind == SEG_ITEM && at == bytes.n)
			return SEG_TAIL;
		*pos = at;
		*ret = r;
		return SEG_REC;
	}
	for (at = *pos + 1; at + SEG_REC_LEN <= bytes.n; at++) {
		size_t probe = at;
		if (read_rec(bytes, &probe, &r) && (r.item.p || r.kind == SEG_SEAL)) {
			*pos = at;
			return SEG_SKIP;
		}
	}
	return SEG_TAIL;
}

void seg_name(uint64_t epoch, uint64_t number, char ret[SEG_NAME_MAX])
{
	(void)snprintf(ret, SEG_NAME_MAX, "%016llx-%016llx.seg", (unsigned long long)epoch,
		       (unsigned long long)number);
}

static bool unhex(np_str s, uint64_t *ret)
{
	uint8_t b[8];
	if (s.n != 16 || str_unhex(s, b, sizeof b) < 0)
		return false;
	*ret = 0;
	for (size_t i = 0; i < sizeof b; i++)
		*ret = *ret << 8 | b[i];
	return true;
}

bool seg_name_parse(np_str name, uint64_t *ret_epoch, uint64_t *ret_number)
{
	return name.n == 37 && name.p[16] == '-' && str_ends(name, NP_STR(".seg")) &&
	       unhex(str_sub(name, 0, 16), ret_epoch) && unhex(str_sub(name, 17, 33), ret_number);
}
