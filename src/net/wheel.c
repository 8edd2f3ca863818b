/* SPDX-License-Identifier: Apache-2.0 */
#include "net/wheel.h"

static void list_init(struct wheel_node *head)
{
	head->next = head->prev = head;
}

static void list_add(struct wheel_node *head, struct wheel_node *node)
{
	node->prev = head->prev;
	node->next = head;
	head->prev->next = node;
	head->prev = node;
}

static void list_del(struct wheel_node *node)
{
	node->prev->next = node->next;
	node->next->prev = node->prev;
	node->next = node->prev = NULL;
}

void wheel_init(struct wheel *w, int64_t tick_ms, int64_t now_ms)
{
	assert(tick_ms > 0);
	for (size_t i = 0; i < WHEEL_SLOTS; i++)
		list_init(&w->slots[i]);
	w->tick_ms = tick_ms;
	w->tick = now_ms / tick_ms;
	w->n = 0;
}

static struct wheel_node *slot_of(struct wheel *w, int64_t at_ms)
{
	int64_t tick = at_ms / w->tick_ms + (at_ms % w->tick_ms != 0);
	if (tick <= w->tick)
		tick = w->tick + 1;
	return &w->slots[(uint64_t)tick % WHEEL_SLOTS];
}

void wheel_set(struct wheel *w, struct wheel_node *node, int64_t at_ms)
{
	assert(node->fn);
	wheel_clear(w, node);
	node->at_ms = at_ms;
	list_add(slot_of(w, at_ms), node);
	w->n++;
}

void wheel_clear(struct wheel *w, struct wheel_node *node)
{
	if (!node->next)
		return;
	list_del(node);
	w->n--;
}

bool wheel_is_set(const struct wheel_node *node)
{
	return node->next != NULL;
}

/* Nodes of later rounds share the slot: they go back into it. */
static void slot_run(struct wheel *w, struct wheel_node *slot, int64_t now_ms)
{
	if (slot->next == slot)
		return;
	struct wheel_node due = *slot; /* move the list: callbacks may set into this slot */
	due.next->prev = due.prev->next = &due;
	list_init(slot);
	while (due.next != &due) {
		struct wheel_node *node = due.next;
		list_del(node);
		if (node->at_ms > now_ms) {
			list_add(slot, node);
			continue;
		}
		w->n--;
		node->fn(node);
	}
}

void wheel_run(struct wheel *w, int64_t now_ms)
{
	int64_t to = now_ms / w->tick_ms;
	if (to <= w->tick)
		return;
	int64_t from = to - w->tick > WHEEL_SLOTS ? to - WHEEL_SLOTS : w->tick;
	w->tick = to;
	for (int64_t t = from + 1; t <= to; t++)
		slot_run(w, &w->slots[(uint64_t)t % WHEEL_SLOTS], now_ms);
}
