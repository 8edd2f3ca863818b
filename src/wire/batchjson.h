/* SPDX-License-Identifier: Apache-2.0 */
/* batchjson.h - the proto3 JSON mapping of the public messages, for other people's tools.
 *
 * Floor 3 (wire). JSON becomes the encoded message and back, led by the message's
 * own description: 64-bit numbers as strings or numbers, lowerCamelCase or the
 * original names, null is absent. Stricter than the mapping asks: unknown and
 * repeated fields, two members of one oneof and trailing text are refused.
 */
#pragma once
#include "base/arena.h"
#include "base/buf.h"
#include "results.pb-c.h"

#define BATCHJSON_MAX ((size_t)1024 * 1024) /* JSON text of one batch */
#define BATCHJSON_DEPTH_MAX 6

/* Text -> encoded np.v1.Batch, appended. On failure *ret_why says what is wrong and where.
 * NP_E_PROTO: not this message. NP_E_LIMIT: larger than the maximum. */
NP_NODISCARD np_err batchjson_read(np_str text, struct buf *ret_batch, struct buf *ret_why);
/* Encoded np.v1.Batch -> text, appended. NP_E_PROTO: not a readable one. */
NP_NODISCARD np_err batchjson_write(np_str batch, struct buf *out);
/* The answer of POST /v1/results. */
NP_NODISCARD np_err batchjson_write_answer(const Np__V1__PostAnswer *m, struct buf *out);
NP_NODISCARD np_err batchjson_read_answer(struct arena *a, np_str text, Np__V1__PostAnswer **ret);
