/* SPDX-License-Identifier: Apache-2.0 */
/* stream.h - the numbers of one (epoch, shard): what is held where.
 *
 * Floor 4 (checker). Numbers up to `acked` are answered; a window of items in
 * memory goes up to `load_next` - 1; from there to `last` they are on disk, or a
 * hole: numbers whose items are lost. No I/O. One loop's thread.
 */
#pragma once
#include "base/buf.h"

#define STREAM_WINDOW_MAX 4096
#define STREAM_HOLES_MAX 1024

struct hole {
	uint64_t seq, count;
	int64_t from_us, to_us;
	uint32_t why; /* enum batch_why */
};

struct stream_ent {
	struct stream_ent *next;
	uint64_t seq, count; /* numbers it stands for */
	int64_t slot_us;
	size_t n;
	char bytes[]; /* encoded np.v1.Item */
};

struct stream {
	uint64_t acked, last, load_next;          /* load_next is 1 in a new stream */
	struct stream_ent *head, *tail, *to_send; /* to_send NULL: all of the window is sent */
	size_t window;
	size_t window_bytes;
	struct hole *holes; /* by seq, disjoint */
	size_t holes_n, holes_cap;
	bool end_sent, ended;
};

void stream_done(struct stream *st);
static inline bool stream_used(const struct stream *st)
{
	return st->last > 0;
}
static inline bool stream_has_room(const struct stream *st)
{
	return st->window < STREAM_WINDOW_MAX;
}
/* The item of number load_next joins the window. False: no memory. */
bool stream_push(struct stream *st, uint64_t count, int64_t slot_us, np_str item);
/* Numbers [from, to] are lost, as far as they are not in the window or answered. */
void stream_lose(struct stream *st, struct hole h);
/* The hole that holds this number, or NULL. */
const struct hole *stream_hole(const struct stream *st, uint64_t seq);
/* While load_next lies in a hole: a `lost` joins the window. */
void stream_load_holes(struct stream *st);
/* Up to n is answered. */
void stream_ack(struct stream *st, uint64_t n);
/* The whole window is to be sent again. */
void stream_unsend(struct stream *st);
/* Send again from n on: within the window, else the window is emptied and filled again from n. */
void stream_rewind(struct stream *st, uint64_t n);
/* Empty the window: it is filled again from the first number that is not answered. */
void stream_forget_window(struct stream *st);
/* Nothing left to send or to be answered? */
static inline bool stream_is_empty(const struct stream *st)
{
	return st->acked >= st->last;
}
