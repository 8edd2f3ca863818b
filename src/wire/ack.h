/* SPDX-License-Identifier: Apache-2.0 */
/* ack.h - answers on np:ack:<gateway>, from engines to the gateway that asked.
 *
 * Floor 3 (wire). Incarnation, request, checker, epoch and shard must all match what
 * the gateway holds pending: its business. Each request with a batch gets any
 * number of REJECTs and then exactly one ACK, REWIND or BANNED, which ends it:
 * a one-shot POST is answered there and then. Any thread.
 */
#pragma once
#include "internal.pb-c.h"
#include "wire/pballoc.h"
#include "wire/seal.h"

#define ACK_CHANNEL_MAX 96
#define ACK_BATCH_MAX 1000 /* records in one message */
#define ACK_REASON_MAX 200

/* "np:ack:gateway-1", NUL-terminated; yields the slice. Ids longer than QUEUE_GATEWAY_MAX are
 * clipped. */
np_str ack_channel(np_str gateway, char ret[ACK_CHANNEL_MAX]);
NP_NODISCARD np_err ack_put(const struct seal *s, np_str gateway, const Np__I1__AckBatch *b,
			    struct buf *out);
/* Checked: kinds known, shards in range, reasons UTF-8. */
NP_NODISCARD np_err ack_open(const struct seal *s, np_str gateway, np_str bytes, struct arena *a,
			     Np__I1__AckBatch **ret);
