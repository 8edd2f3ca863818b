/* SPDX-License-Identifier: Apache-2.0 */
/* outq.h - bytes waiting to be sent: copied or borrowed pieces with a stated maximum.
 *
 * Floor 2 (net), inside only. Small writes share a piece of at most one TLS
 * record; an empty queue holds no memory. One thread.
 */
#pragma once
#include <sys/uio.h>

#include "base/np.h"

struct outq_piece;
struct outq {
	struct outq_piece *head, *tail;
	size_t n;   /* bytes queued */
	size_t max; /* of n */
};
void outq_init(struct outq *q, size_t max);
void outq_done(struct outq *q); /* drops everything; usable again */
/* All or nothing: NP_E_LIMIT, NP_E_NOMEM leave the queue as it was. */
NP_NODISCARD np_err outq_add(struct outq *q, np_str bytes);
/* Borrowed until sent or dropped. */
NP_NODISCARD np_err outq_add_static(struct outq *q, np_str bytes);
int outq_iov(const struct outq *q, struct iovec *ret, int max); /* slices filled */
void outq_sent(struct outq *q, size_t n); /* n <= q->n: the first n bytes are gone */
