/* SPDX-License-Identifier: Apache-2.0 */
/* sealed.h - protobuf messages under a seal: what queue, ack, live and job share.
 *
 * Floor 3 (wire). Any thread.
 */
#pragma once
#include "wire/pballoc.h"
#include "wire/seal.h"

/* Append MAC and encoded message to `out`. */
NP_NODISCARD np_err sealed_put(const struct seal *s, np_str context, const ProtobufCMessage *msg,
			       struct buf *out);
struct sealed_in {
	const struct seal *seal;
	np_str context, bytes;
};
/* NP_E_AUTH: the seal does not hold. NP_E_PROTO: it does, and the content is not readable. */
NP_NODISCARD np_err sealed_open(const struct sealed_in *in, struct arena *a,
				const ProtobufCMessageDescriptor *type, ProtobufCMessage **ret_msg);
