/* SPDX-License-Identifier: Apache-2.0 */
/* pballoc.h - protobuf-c with a stated maximum of memory and honest strings.
 *
 * Floor 3 (wire). Decoded messages live in the caller's arena: its cap is what a
 * hostile message can cost, and nothing is freed singly. protobuf-c cuts strings
 * at a NUL and checks no UTF-8; every block here remembers its size, so that
 * pballoc_str gives the whole text as it came. One thread per arena.
 */
#pragma once
#include <protobuf-c/protobuf-c.h>

#include "base/arena.h"
#include "base/buf.h"

/* Decode into the arena. NP_E_PROTO: malformed, or more than the arena may hold. */
NP_NODISCARD np_err pballoc_unpack(struct arena *a, const ProtobufCMessageDescriptor *type,
				   np_str bytes, ProtobufCMessage **ret_msg);
/* A string field of a message that pballoc_unpack made, with every byte that was sent: may
 * hold NUL and bad UTF-8. Not for strings from anywhere else. */
np_str pballoc_str(const char *field);
/* Is it text that may go on: UTF-8, no NUL, at most max bytes? */
bool pballoc_str_ok(const char *field, size_t max);
static inline np_str pballoc_bytes(ProtobufCBinaryData d)
{
	return (np_str){ (const char *)d.data, d.len };
}
/* For building messages to send: a slice as a bytes field (borrowed). */
ProtobufCBinaryData pballoc_from_str(np_str s);

/* Append the encoded message. NP_E_LIMIT, NP_E_NOMEM as buf_add. */
NP_NODISCARD np_err pballoc_pack(const ProtobufCMessage *msg, struct buf *out);
/* Append a field of wire type "bytes": tag, length, content. */
NP_NODISCARD np_err pballoc_put_bytes(struct buf *out, uint32_t field, np_str content);
/* One field off the front of *rest. Its number, and for wire type "bytes" its content
 * (else {NULL,0} and the value in *ret_value). NP_E_PROTO: malformed. */
struct pballoc_field {
	uint32_t number;
	uint32_t type; /* wire type: 0 varint, 1 64-bit, 2 bytes, 5 32-bit */
	uint64_t value;
	np_str bytes;
};
NP_NODISCARD np_err pballoc_next(np_str *rest, struct pballoc_field *ret);
