/* SPDX-License-Identifier: Apache-2.0 */
#include "net/outq.h"

#include "base/str.h"

#define PIECE_MAX ((size_t)16 * 1024) /* one TLS record */
#define PIECE_MIN ((size_t)512)

struct outq_piece {
	struct outq_piece *next;
	const char *p;
	size_t off, n, cap; /* cap 0: borrowed */
	char own[];
};

void outq_init(struct outq *q, size_t max)
{
	*q = (struct outq){ .max = max };
}

static void free_list(struct outq_piece *k)
{
	while (k) {
		struct outq_piece *next = k->next;
		free(k);
		k = next;
	}
}

void outq_done(struct outq *q)
{
	free_list(q->head);
	q->head = q->tail = NULL;
	q->n = 0;
}

static void link_list(struct outq *q, struct outq_piece *first, struct outq_piece *last)
{
	if (!first)
		return;
	if (q->tail)
		q->tail->next = first;
	else
		q->head = first;
	q->tail = last;
}

static size_t piece_cap(const struct outq *q, size_t want)
{
	size_t cap = want < PIECE_MIN ? PIECE_MIN : want;
	if (q->tail && q->tail->cap) /* a stream of small writes: grow */
		cap = cap > q->tail->cap * 2 ? cap : q->tail->cap * 2;
	return cap < PIECE_MAX ? cap : PIECE_MAX;
}

static void fill(struct outq_piece *k, np_str *rest)
{
	size_t n = rest->n < k->cap - k->n ? rest->n : k->cap - k->n;
	if (n == 0)
		return;
	memcpy(k->own + k->n, rest->p, n);
	k->n += n;
	*rest = str_sub(*rest, n, rest->n);
}

/* New pieces for `bytes`, as a list of their own. */
static np_err make_list(const struct outq *q, np_str bytes, struct outq_piece **ret_first,
			struct outq_piece **ret_last)
{
	struct outq_piece *first = NULL, *last = NULL;
	while (bytes.n > 0) {
		size_t cap = piece_cap(q, bytes.n);
		struct outq_piece *k = np_zalloc(sizeof *k + cap);
		if (!k) {
			free_list(first);
			return NP_E_NOMEM;
		}
		k->p = k->own;
		k->cap = cap;
		fill(k, &bytes);
		if (last)
			last->next = k;
		else
			first = k;
		last = k;
	}
	*ret_first = first;
	*ret_last = last;
	return NP_OK;
}

np_err outq_add(struct outq *q, np_str bytes)
{
	if (q->n > q->max || bytes.n > q->max - q->n)
		return NP_E_LIMIT;
	size_t room = q->tail ? q->tail->cap - (q->tail->cap ? q->tail->n : 0) : 0;
	struct outq_piece *first = NULL, *last = NULL;
	np_err e = make_list(q, str_sub(bytes, room, bytes.n), &first, &last);
	if (e < 0)
		return e;
	np_str head = str_sub(bytes, 0, room);
	if (q->tail && head.n > 0)
		fill(q->tail, &head);
	link_list(q, first, last);
	q->n += bytes.n;
	return NP_OK;
}

np_err outq_add_static(struct outq *q, np_str bytes)
{
	if (q->n > q->max || bytes.n > q->max - q->n)
		return NP_E_LIMIT;
	if (bytes.n == 0)
		return NP_OK;
	struct outq_piece *k = np_zalloc(sizeof *k);
	if (!k)
		return NP_E_NOMEM;
	k->p = bytes.p;
	k->n = bytes.n;
	link_list(q, k, k);
	q->n += bytes.n;
	return NP_OK;
}

int outq_iov(const struct outq *q, struct iovec *ret, int max)
{
	int n = 0;
	for (struct outq_piece *k = q->head; k && n < max; k = k->next)
		ret[n++] = (struct iovec){ .iov_base = (void *)(uintptr_t)(k->p + k->off),
					   .iov_len = k->n - k->off };
	return n;
}

void outq_sent(struct outq *q, size_t n)
{
	assert(n <= q->n);
	q->n -= n;
	while (n > 0) {
		struct outq_piece *k = q->head;
		assert(k); /* q->n is the sum of the pieces */
		size_t part = n < k->n - k->off ? n : k->n - k->off;
		k->off += part;
		n -= part;
		if (k->off < k->n)
			return;
		q->head = k->next;
		if (!q->head)
			q->tail = NULL;
		free(k);
	}
}
