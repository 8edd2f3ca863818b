/* SPDX-License-Identifier: Apache-2.0 */
/* gw.h - what the files of the gateway share: one process, one loop.
 *
 * Floor 4 (gateway), inside only. Made in gateway.c, passed to every part; each part
 * has its own state behind its own header. The loop's thread throughout.
 */
#pragma once
#include "base/arena.h"
#include "base/metrics.h"
#include "gateway/regfeed.h"
#include "gateway/world.h"
#include "net/httpd.h"
#include "net/tls.h"
#include "redis/aredis.h"
#include "redis/sub.h"
#include "wire/batch.h"
#include "wire/frame.h"
#include "wire/queue.h"

#define GW_UNANSWERED_MAX 32 /* batches per checker and shard */
#define GW_PENDING_MS 20000  /* then an unanswered batch is forgotten */
#define GW_POST_MS 10000     /* then a POST gets 503 */
#define GW_HELLO_MS 10000
#define GW_SILENCE_MS 60000 /* nothing heard on a stream: closed */
#define GW_PAUSE_MS 1000
#define GW_SLOW_PER_S 100                        /* SLOW frames of one stream that go on */
#define GW_BACKLOG_MAX ((size_t)2 * 1024 * 1024) /* unsent output of one stream */
#define GW_TICK_MS 100
#define GW_TICKS_A_ROUND 10 /* each stream is looked at once in so many */
#define GW_TLS_EVERY_TICKS 50
#define GW_STOP_MS 3000

enum gw_count {
	GW_C_BATCHES,
	GW_C_ITEMS,
	GW_C_INVALID,
	GW_C_UNREADABLE,
	GW_C_ACKS,
	GW_C_REWINDS,
	GW_C_REJECTS,
	GW_C_BANNED,
	GW_C_PAUSES,
	GW_C_EXPIRED,
	GW_C_ACK_FOREIGN,
	GW_C_ACK_FORGED,
	GW_C_ACK_UNKNOWN,
	GW_C_ACK_MISMATCH,
	GW_C_JOBS,
	GW_C_JOBS_NOBODY,
	GW_C_SLOW,
	GW_C_SLOW_DROPPED,
	GW_C_XADD_FAILED,
	GW_C_STREAMS,
	GW_C_REPLACED,
	GW_C_REFUSED_UNKNOWN,
	GW_C_REFUSED_SERIAL,
	GW_C_REFUSED_BANNED,
	GW_C_REFUSED_EXPIRED,
	GW_C_REFUSED_TLS,
	GW_C_CLOSED_PROTO,
	GW_C_CLOSED_SLOW,
	GW_C_CLOSED_SILENT,
	GW_C_CLOSED_EXPIRED,
	GW_C_ASSIGNS,
	GW_COUNT_N
};
enum gw_gauge {
	GW_G_STREAMS,
	GW_G_CONNS,
	GW_G_READY,
	GW_G_HANDSHAKES,
	GW_G_PENDING,
	GW_G_PENDING_BYTES,
	GW_G_QUEUE_BYTES,
	GW_G_CHECKERS,
	GW_G_MONITORS,
	GW_G_PRESSED,
	GW_GAUGE_N
};

struct pends;
struct pressure;
struct heard;
struct peers;

struct gw {
	struct loop *loop;
	struct metrics *metrics;
	struct metric *count[GW_COUNT_N], *gauge[GW_GAUGE_N], *ack_us;
	struct seal *seal;
	const char *name;
	uint64_t incarnation, requests; /* requests: number of the newest */
	struct world *world;
	struct regfeed *feed;
	struct aredis *redis;
	struct sub *sub;
	struct tls *tls;
	struct httpd *httpd;
	struct pends *pends;
	struct pressure *pressure;
	struct heard *presence;
	struct peers *peers;
	struct arena *arena; /* of the message being handled */
	struct buf frame;    /* the frame being made */
	struct buf record;   /* the queue record being made */
	bool acks_up;        /* subscribed to our ack channel */
	bool stopping;
	int64_t stop_ms; /* then at the latest */
};

static inline void gw_count(struct gw *g, enum gw_count what)
{
	metric_add(g->count[what], 1);
}
/* gwmetrics.c */
void gw_metrics(struct gw *g);
