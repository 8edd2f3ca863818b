/* SPDX-License-Identifier: Apache-2.0 */
/* seal.h - messages between roles that nobody without the key can make or alter.
 *
 * Floor 3 (wire). 32 bytes HMAC-SHA256, then the message. The MAC covers the context
 * (name of the key or channel it travels on), a zero byte and the message: one
 * that was sealed for another channel does not open. The key is hashed once, at
 * birth; after that a struct seal never changes: any thread may use it.
 */
#pragma once
#include "base/buf.h"

#define SEAL_LEN 32
#define SEAL_KEY_LEN 32

struct seal;
NP_NODISCARD np_err seal_new(np_str key, struct seal **ret_seal); /* SEAL_KEY_LEN bytes */
/* From a 0600 file of 64 hexadecimal digits. On failure *ret_why gets one sentence. */
NP_NODISCARD np_err seal_load(const char *path, struct seal **ret_seal, struct buf *ret_why);
void seal_free(struct seal *s); /* NULL is fine; cleanses */
void seal_free_p(struct seal **s);

void seal_mac(const struct seal *s, np_str context, np_str msg, uint8_t ret_mac[SEAL_LEN]);
/* *ret_msg is the part of `bytes` behind the MAC. NP_E_AUTH: too short or not ours. */
NP_NODISCARD np_err seal_open(const struct seal *s, np_str context, np_str bytes, np_str *ret_msg);
/* Append MAC and message. */
NP_NODISCARD np_err seal_put(const struct seal *s, np_str context, np_str msg, struct buf *out);
