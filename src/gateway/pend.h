/* SPDX-License-Identifier: Apache-2.0 */
/* pend.h - batches that wait for their answer: request number -> who asked.
 *
 * Floor 4 (gateway). A pend is closed once: by its answer, a failure, its time or its
 * stream's end. Its memory stays until Redis has answered the XADD, whose callback
 * holds it. The loop's thread.
 */
#pragma once
#include "gateway/gw.h"

#define PEND_MAX 2000000

struct pend_reject { /* of a POST, in the request's arena */
	const uint64_t *seqs;
	size_t n;
	const char *reason;
	struct pend_reject *next;
};
struct pend {
	struct gw *g;
	uint64_t request, epoch;
	uint32_t shard;
	struct gw_checker *checker;
	struct peer *peer; /* one of the two; both NULL once closed */
	struct httpd_req *req;
	bool json; /* of a POST: form of the answer */
	bool in_redis, closed;
	size_t bytes;  /* in Redis' output, while in_redis */
	int64_t at_us; /* monotonic */
	struct pend_reject *rejects;
	struct pend *next, *prev;           /* by age, streams and POSTs apart */
	struct pend *peer_next, *peer_prev; /* of one stream */
};
struct pend_from {
	struct gw_checker *checker;
	struct peer *peer;
	struct httpd_req *req;
	bool json;
};

NP_NODISCARD struct pends *pends_new(void);
void pends_free(struct pends *t); /* NULL is fine; all closed and answered by Redis */
size_t pends_len(const struct pends *t);
struct pend *pends_first(const struct pends *t); /* any; NULL: none */
size_t pends_bytes(const struct pends *t);       /* held for those in Redis, and the table */

/* Takes the next request number. NULL: no memory. Checker already has too many: see
 * pend_is_full. */
NP_NODISCARD struct pend *pend_new(struct gw *g, const struct pend_from *from,
				   const struct batch_head *h);
bool pend_is_full(const struct gw_checker *c, uint32_t shard);
struct pend *pend_find(const struct gw *g, uint64_t request);
/* Handed to Redis, which holds so many bytes; and it answered. After pend_redis_done a closed
 * one is gone. */
void pend_redis(struct pend *p, size_t bytes);
void pend_redis_done(struct pend *p);
void pend_close(struct pend *p);
/* Oldest first: what waits longer than its time. NULL: none. Still to be closed. */
struct pend *pend_overdue(const struct gw *g, int64_t now_us);
/* All of a stream that ends. */
void pend_drop_peer(struct pend **list);
