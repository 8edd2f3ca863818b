/* SPDX-License-Identifier: Apache-2.0 */
#include "checker/dueheap.h"

struct dueheap {
	struct due_node **heap;
	size_t n, cap;
};

struct dueheap *due_new(void)
{
	return np_zalloc(sizeof(struct dueheap));
}

void due_free(struct dueheap *s)
{
	if (!s)
		return;
	free(s->heap);
	free(s);
}

static void put(struct dueheap *s, size_t i, struct due_node *n)
{
	s->heap[i] = n;
	n->at = i + 1;
}

static void up(struct dueheap *s, size_t i)
{
	struct due_node *n = s->heap[i];
	while (i > 0 && s->heap[(i - 1) / 2]->due_us > n->due_us) {
		put(s, i, s->heap[(i - 1) / 2]);
		i = (i - 1) / 2;
	}
	put(s, i, n);
}

static void down(struct dueheap *s, size_t i)
{
	struct due_node *n = s->heap[i];
	for (;;) {
		size_t child = 2 * i + 1;
		if (child >= s->n)
			break;
		if (child + 1 < s->n && s->heap[child + 1]->due_us < s->heap[child]->due_us)
			child++;
		if (s->heap[child]->due_us >= n->due_us)
			break;
		put(s, i, s->heap[child]);
		i = child;
	}
	put(s, i, n);
}

static np_err grow(struct dueheap *s)
{
	size_t cap = s->cap ? s->cap * 2 : 256;
	if (s->n < s->cap)
		return NP_OK;
	if (s->n >= DUE_MAX)
		return NP_E_LIMIT;
	struct due_node **p = np_reallocarray(s->heap, cap, sizeof(struct due_node *));
	if (!p)
		return NP_E_NOMEM;
	s->heap = p;
	s->cap = cap;
	return NP_OK;
}

np_err due_set(struct dueheap *s, struct due_node *n, int64_t due_us)
{
	if (!n->at) {
		np_err e = grow(s);
		if (e < 0)
			return e;
		put(s, s->n++, n);
	}
	n->due_us = due_us;
	up(s, n->at - 1);
	down(s, n->at - 1);
	return NP_OK;
}

void due_clear(struct dueheap *s, struct due_node *n)
{
	if (!n->at)
		return;
	size_t i = n->at - 1;
	n->at = 0;
	struct due_node *last = s->heap[--s->n];
	if (last == n)
		return;
	put(s, i, last);
	up(s, i);
	down(s, last->at - 1);
}

struct due_node *due_first(const struct dueheap *s)
{
	return s->n ? s->heap[0] : NULL;
}

size_t due_len(const struct dueheap *s)
{
	return s->n;
}
