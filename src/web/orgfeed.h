/* SPDX-License-Identifier: Apache-2.0 */
/* orgfeed.h - the live events of one organisation: encoded once, shared by everybody.
 *
 * Floor 4 (web). What arrives is collected and leaves as one numbered frame: at
 * once after quiet, else after a gap that grows with the number of readers: few
 * are told sooner, many cost no more. Frames stay in a ring for those who come
 * back; of each monitor the last values stay, for sockets that are slow. While
 * nobody looks nothing is encoded. Loop's thread.
 */
#pragma once
#include "internal.pb-c.h"
#include "net/loop.h"

#define OFEED_GAP_MIN_MS 1
#define OFEED_GAP_MAX_MS 10
#define OFEED_GAP_READERS 8 /* one ms more for each so many */
#define OFEED_FRAMES_MAX 16384
#define OFEED_RING_MAX ((size_t)16 * 1024 * 1024)
#define OFEED_FRAME_MAX ((size_t)4 * 1024 * 1024)
#define OFEED_FRAME_FULL ((size_t)256 * 1024) /* it leaves at once: a stream takes no whole 1 MB */
#define OFEED_MONITORS_MAX 200000
#define OFEED_REPLAY_MAX ((size_t)256 * 1024) /* more than that comes back as last values */
#define OFEED_IDLE_MS ((int64_t)60 * 1000)    /* nobody looked for so long: encode nothing */

struct orgfeed;
struct orgfeed_reader; /* who listens; sse.c has one in each connection */
struct orgfeed_reader {
	struct orgfeed_reader *next, *prev;
	/* A new frame, complete as it goes over the wire. */
	void (*frame)(struct orgfeed_reader *r, uint64_t n, np_str text);
	/* What was missed cannot be told. */
	void (*reset)(struct orgfeed_reader *r);
};

struct orgfeed_cfg {
	struct loop *loop;
	const char *incarnation; /* stands before the dot in event ids; outlives the feed */
};
NP_NODISCARD struct orgfeed *orgfeed_new(const struct orgfeed_cfg *cfg);
void orgfeed_free(struct orgfeed *o); /* no readers left; NULL is fine */

/* One message's worth: any number of these, then orgfeed_kick. */
void orgfeed_result(struct orgfeed *o, const Np__I1__LiveResult *r);
void orgfeed_state(struct orgfeed *o, const Np__I1__LiveState *s);
void orgfeed_incident(struct orgfeed *o, const Np__I1__LiveIncident *i);
void orgfeed_behind(struct orgfeed *o, bool behind);
void orgfeed_kick(struct orgfeed *o);
/* Something was missed: everybody starts over. */
void orgfeed_reset(struct orgfeed *o);

void orgfeed_join(struct orgfeed *o, struct orgfeed_reader *r);
void orgfeed_leave(struct orgfeed *o, struct orgfeed_reader *r);
/* Number of the newest frame; somebody is about to look. */
uint64_t orgfeed_seq(struct orgfeed *o);
/* Append what came after frame n: the frames themselves, or one frame of last values.
 * NP_E_NOTFOUND: cannot be told any more. */
NP_NODISCARD np_err orgfeed_since(struct orgfeed *o, uint64_t n, struct buf *out);

/* Newest result of each monitor, for the overview. */
struct orgfeed_last {
	uint64_t monitor;
	int64_t end_us;
	uint32_t duration_us;
};
/* Copies into an array of the arena; yields how many (0 on no memory). */
struct arena;
size_t orgfeed_last(const struct orgfeed *o, struct arena *a, struct orgfeed_last **ret);
