/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/pballoc.h"

#include "base/str.h"

/* In front of every block: its size, in a slot that keeps the block aligned. */
union block {
	size_t size;
	max_align_t align;
};

static void *arena_take(void *ctx, size_t size)
{
	size_t whole = 0;
	if (__builtin_add_overflow(size, sizeof(union block), &whole))
		return NULL;
	union block *b = arena_alloc(ctx, whole);
	if (!b)
		return NULL;
	b->size = size;
	return b + 1;
}

static void arena_keep(void *ctx, void *block)
{
	(void)ctx; /* everything goes with the arena */
	(void)block;
}

np_err pballoc_unpack(struct arena *a, const ProtobufCMessageDescriptor *type, np_str bytes,
		      ProtobufCMessage **ret_msg)
{
	ProtobufCAllocator alloc = {
		.alloc = arena_take,
		.free = arena_keep,
		.allocator_data = a,
	};
	static const uint8_t nothing[1] = { 0 };
	const void *p = bytes.n ? (const void *)bytes.p : nothing;
	ProtobufCMessage *m = protobuf_c_message_unpack(type, &alloc, bytes.n, p);
	if (!m)
		return NP_E_PROTO;
	*ret_msg = m;
	return NP_OK;
}

np_str pballoc_str(const char *field)
{
	if (!field || field == protobuf_c_empty_string)
		return (np_str){ NULL, 0 };
	const union block *b = (const union block *)(const void *)field - 1;
	assert(b->size > 0); /* protobuf-c adds a NUL of its own */
	return (np_str){ field, b->size - 1 };
}

bool pballoc_str_ok(const char *field, size_t max)
{
	np_str s = pballoc_str(field);
	return s.n <= max && str_is_utf8(s);
}

ProtobufCBinaryData pballoc_from_str(np_str s)
{
	union {
		const char *from;
		uint8_t *to;
	} p = { .from = s.p }; /* the struct has no const; packing only reads */
	return (ProtobufCBinaryData){ .len = s.n, .data = p.to };
}

np_err pballoc_pack(const ProtobufCMessage *msg, struct buf *out)
{
	size_t n = protobuf_c_message_get_packed_size(msg);
	char *p = NULL;
	if (n == 0)
		return NP_OK;
	np_err e = buf_reserve(out, n, &p);
	if (e < 0)
		return e;
	buf_commit(out, protobuf_c_message_pack(msg, (uint8_t *)p));
	return NP_OK;
}

np_err pballoc_put_bytes(struct buf *out, uint32_t field, np_str content)
{
	size_t was = out->n;
	np_err e = buf_add_varint(out, (uint64_t)field << 3 | 2);
	if (e == NP_OK)
		e = buf_add_varint(out, content.n);
	if (e == NP_OK)
		e = buf_add(out, content);
	if (e < 0)
		out->n = was; /* all of it or nothing */
	return e;
}

static np_err skip_fixed(np_str *rest, size_t n)
{
	if (rest->n < n)
		return NP_E_PROTO;
	*rest = str_sub(*rest, n, rest->n);
	return NP_OK;
}

static np_err take_varint(np_str *rest, uint64_t *ret)
{
	struct cur c = { .rest = *rest };
	if (cur_varint(&c, ret) < 0)
		return NP_E_PROTO;
	*rest = c.rest;
	return NP_OK;
}

static np_err take_bytes(np_str *rest, struct pballoc_field *f)
{
	uint64_t n = 0;
	np_err e = take_varint(rest, &n);
	if (e < 0)
		return e;
	if (n > rest->n)
		return NP_E_PROTO;
	f->bytes = (np_str){ rest->p, (size_t)n };
	*rest = str_sub(*rest, (size_t)n, rest->n);
	return NP_OK;
}

static np_err take_value(np_str *rest, struct pballoc_field *f)
{
	switch (f->type) {
	case 0:
		return take_varint(rest, &f->value);
	case 1:
		return skip_fixed(rest, 8);
	case 2:
		return take_bytes(rest, f);
	case 5:
		return skip_fixed(rest, 4);
	default: /* groups: never in proto3 */
		return NP_E_PROTO;
	}
}

np_err pballoc_next(np_str *rest, struct pballoc_field *ret)
{
	np_str r = *rest;
	uint64_t tag = 0;
	np_err e = take_varint(&r, &tag);
	if (e < 0)
		return e;
	if (tag >> 3 == 0 || tag >> 32 != 0)
		return NP_E_PROTO;
	struct pballoc_field f = { .number = (uint32_t)(tag >> 3), .type = (uint32_t)(tag & 7) };
	e = take_value(&r, &f);
	if (e < 0)
		return e;
	*rest = r;
	*ret = f;
	return NP_OK;
}
