/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/sealed.h"

np_err sealed_put(const struct seal *s, np_str context, const ProtobufCMessage *msg,
		  struct buf *out)
{
	char *p = NULL;
	size_t n = protobuf_c_message_get_packed_size(msg);
	np_err e = buf_reserve(out, SEAL_LEN + n, &p);
	if (e < 0)
		return e;
	if (n > 0)
		n = protobuf_c_message_pack(msg, (uint8_t *)p + SEAL_LEN);
	seal_mac(s, context, (np_str){ p + SEAL_LEN, n }, (uint8_t *)p);
	buf_commit(out, SEAL_LEN + n);
	return NP_OK;
}

np_err sealed_open(const struct sealed_in *in, struct arena *a,
		   const ProtobufCMessageDescriptor *type, ProtobufCMessage **ret_msg)
{
	np_str msg;
	np_err e = seal_open(in->seal, in->context, in->bytes, &msg);
	if (e < 0)
		return e;
	return pballoc_unpack(a, type, msg, ret_msg);
}
