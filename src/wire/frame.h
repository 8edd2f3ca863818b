/* SPDX-License-Identifier: Apache-2.0 */
/* frame.h - the framed stream between checker and gateway.
 *
 * Floor 3 (wire). A frame is its length (u32, big-endian) and one encoded np.v1.Up
 * or np.v1.Down. The parser is pushed bytes, takes any split, owns no socket,
 * allocates what arrived and never what was announced, and holds no memory
 * between frames. Decoded messages live in the caller's arena. One thread each.
 */
#pragma once
#include "base/arena.h"
#include "base/buf.h"
#include "results.pb-c.h"

#define FRAME_HEAD_LEN 4
#define FRAME_MAX ((size_t)1024 * 1024)           /* content; what WELCOME.frame_max says */
#define FRAME_UP_MAX ((size_t)260 * 1024)         /* a gateway reads no longer ones (batch.h) */
#define FRAME_ASSIGN_MAX ((size_t)512 * 1024)     /* parts of ASSIGN stay below */
#define FRAME_ARENA_MAX ((size_t)8 * 1024 * 1024) /* enough for any decoded frame */
#define FRAME_EPOCHS_MAX 4096                     /* in HELLO */
#define FRAME_VERSION_MAX 64
#define FRAME_PROTOCOL "netpulse-stream/1" /* of the HTTP/1.1 Upgrade */

enum frame_rc {
	FRAME_MORE, /* everything was taken, more is needed */
	FRAME_DONE, /* one frame; call again with the rest */
	FRAME_BAD,  /* empty or too long: close */
};
struct frame_in {
	struct buf part; /* of a frame cut by the end of a read */
	size_t max;
	bool given; /* part holds a frame that was given out */
};
/* Caller's storage; frames with more than `max` content bytes are BAD. */
void frame_in_init(struct frame_in *f, size_t max);
void frame_in_done(struct frame_in *f);
/* Takes from the front of *bytes. *ret_frame (content, without its length) is valid until the
 * next call or the end of *bytes. No memory: FRAME_BAD. */
NP_NODISCARD enum frame_rc frame_feed(struct frame_in *f, np_str *bytes, np_str *ret_frame);

/* ---- up ----------------------------------------------------------------------- */
enum frame_up { FRAME_HELLO = 1, FRAME_BATCH = 2, FRAME_SLOW = 3, FRAME_PING = 4 };
/* Which message is it, and its own bytes (a Batch goes on verbatim: batch_decode). NP_E_PROTO. */
NP_NODISCARD np_err frame_up_open(np_str frame, enum frame_up *ret_kind, np_str *ret_body);
/* Decoded and checked (text, shards, order of sequence numbers). NP_E_PROTO else. */
NP_NODISCARD np_err frame_hello(struct arena *a, np_str body, Np__V1__Hello **ret);
NP_NODISCARD np_err frame_slow(struct arena *a, np_str body, Np__V1__Slow **ret);
NP_NODISCARD np_err frame_ping(struct arena *a, np_str body, Np__V1__Ping **ret);

NP_NODISCARD np_err frame_put_hello(struct buf *out, const Np__V1__Hello *m);
NP_NODISCARD np_err frame_put_batch(struct buf *out, np_str batch); /* an encoded np.v1.Batch */
NP_NODISCARD np_err frame_put_slow(struct buf *out, const Np__V1__Slow *m);
NP_NODISCARD np_err frame_put_ping(struct buf *out, const Np__V1__Ping *m);

/* ---- down --------------------------------------------------------------------- */
/* Decoded and checked: kind set, texts are UTF-8, shards in range. NP_E_PROTO else.
 * Strings are plain C strings (no NUL inside). */
NP_NODISCARD np_err frame_down(struct arena *a, np_str frame, Np__V1__Down **ret);

NP_NODISCARD np_err frame_put_welcome(struct buf *out, const Np__V1__Welcome *m);
NP_NODISCARD np_err frame_put_ack(struct buf *out, const Np__V1__Ack *m);
NP_NODISCARD np_err frame_put_rewind(struct buf *out, const Np__V1__Rewind *m);
NP_NODISCARD np_err frame_put_reject(struct buf *out, const Np__V1__Reject *m);
NP_NODISCARD np_err frame_put_assign(struct buf *out, const Np__V1__Assign *m);
NP_NODISCARD np_err frame_put_job(struct buf *out, const Np__V1__Job *m);
NP_NODISCARD np_err frame_put_pause(struct buf *out, const Np__V1__Pause *m);
NP_NODISCARD np_err frame_put_pong(struct buf *out, const Np__V1__Pong *m);
