/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/timers.h"

void timers_done(struct timers *t)
{
	free(t->heap);
	*t = (struct timers){ 0 };
}

struct timers_node *timers_first(const struct timers *t)
{
	return t->n > 0 ? t->heap[0] : NULL;
}

static void place(struct timers *t, struct timers_node *node, size_t at)
{
	t->heap[at] = node;
	node->at = at;
}

static size_t sift_up(struct timers *t, struct timers_node *node, size_t at)
{
	while (at > 0) {
		size_t parent = (at - 1) / 2;
		if (t->heap[parent]->due_us <= node->due_us)
			break;
		place(t, t->heap[parent], at);
		at = parent;
	}
	return at;
}

static size_t sift_down(struct timers *t, struct timers_node *node, size_t at)
{
	for (;;) {
		size_t child = 2 * at + 1;
		if (child >= t->n)
			return at;
		if (child + 1 < t->n && t->heap[child + 1]->due_us < t->heap[child]->due_us)
			child++;
		if (node->due_us <= t->heap[child]->due_us)
			return at;
		place(t, t->heap[child], at);
		at = child;
	}
}

static void settle(struct timers *t, struct timers_node *node, size_t at)
{
	size_t up = sift_up(t, node, at);
	place(t, node, up == at ? sift_down(t, node, at) : up);
}

static np_err grow(struct timers *t)
{
	if (t->n < t->cap)
		return NP_OK;
	size_t cap = t->cap ? 2 * t->cap : 64;
	if (cap > TIMERS_MAX)
		return NP_E_LIMIT;
	void *p = np_reallocarray(t->heap, cap, sizeof *t->heap);
	if (!p)
		return NP_E_NOMEM;
	t->heap = p;
	t->cap = cap;
	return NP_OK;
}

static void take_out(struct timers *t, struct timers_node *node)
{
	if (node->due_us == 0)
		return;
	assert(node->at < t->n && t->heap[node->at] == node);
	size_t at = node->at;
	struct timers_node *last = t->heap[--t->n];
	*node = (struct timers_node){ 0 };
	if (last != node)
		settle(t, last, at);
}

np_err timers_set(struct timers *t, struct timers_node *node, int64_t due_us)
{
	if (node->due_us == due_us)
		return NP_OK;
	if (due_us == 0) {
		take_out(t, node);
		return NP_OK;
	}
	if (node->due_us == 0) {
		np_err e = grow(t);
		if (e < 0)
			return e;
		node->at = t->n++;
	}
	node->due_us = due_us;
	settle(t, node, node->at);
	return NP_OK;
}
