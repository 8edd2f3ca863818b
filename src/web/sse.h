/* SPDX-License-Identifier: Apache-2.0 */
/* sse.h - server-sent events: one connection, its place in the feed, its credential.
 *
 * Floor 4 (web). A slow socket is not queued for without end: it gets the last
 * values when it has drained, or is told to start over. Every credential is
 * looked at again each SSE_AGAIN_MS, and at once when a token was revoked
 * anywhere, which is asked each SSE_LOOK_MS. Loop's thread.
 */
#pragma once
#include "web/req.h"

#define SSE_MAX 4096 /* streams of this process */
#define SSE_BACKLOG_MAX ((size_t)128 * 1024)
#define SSE_KEEP_MS 15000
#define SSE_AGAIN_MS 30000
#define SSE_LOOK_MS 500
#define SSE_ID_MAX 64

struct sse;
NP_NODISCARD struct sse *sse_new(struct web *w);
void sse_free(struct sse *s); /* ends every stream; NULL is fine */
/* Takes the request over and answers it. */
void sse_open(struct sse *s, struct wreq *q);
/* Do not wait for SSE_LOOK_MS: a token was revoked here. */
void sse_look_again(struct sse *s);

/* Pure: "<incarnation>.<n>" -> n. NP_E_NOTFOUND: of another life. */
NP_NODISCARD np_err sse_parse_id(np_str id, const char *incarnation, uint64_t *ret_n);
