/* SPDX-License-Identifier: Apache-2.0 */
#include "net/hub.h"

#include "base/clock.h"

#define HUB_COSTLY_BUDGET_US 2000

struct hub {
	struct loop *l;
	uv_prepare_t prepare;
	uv_check_t check;
	uv_idle_t idle; /* active while `soon` or `costly` hold anything: the poll does not wait */
	struct hub_node queues[HUB_QUEUE_N];
	unsigned closing;
	char read[HUB_READ_SIZE];
};

static bool is_empty(const struct hub_node *head)
{
	return head->next == head;
}

void hub_del(struct hub_node *node)
{
	if (!node->next)
		return;
	node->prev->next = node->next;
	node->next->prev = node->prev;
	node->next = node->prev = NULL;
}

bool hub_is_queued(const struct hub_node *node)
{
	return node->next != NULL;
}

static void list_add(struct hub_node *head, struct hub_node *node)
{
	node->prev = head->prev;
	node->next = head;
	head->prev->next = node;
	head->prev = node;
}

/* What is queued now; what callbacks queue waits for the next time. */
static void run_all(struct hub_node *head)
{
	if (is_empty(head))
		return;
	struct hub_node now = *head;
	now.next->prev = now.prev->next = &now;
	head->next = head->prev = head;
	while (!is_empty(&now)) {
		struct hub_node *node = now.next;
		hub_del(node);
		node->fn(node);
	}
}

static void run_costly(struct hub_node *head)
{
	if (is_empty(head))
		return;
	int64_t until = clock_mono_us() + HUB_COSTLY_BUDGET_US;
	do {
		struct hub_node *node = head->next;
		hub_del(node);
		node->fn(node);
	} while (!is_empty(head) && clock_mono_us() < until);
}

static void prepare_cb(uv_prepare_t *p)
{
	struct hub *h = p->data;
	run_all(&h->queues[HUB_FLUSH]);
}

static void check_cb(uv_check_t *c)
{
	struct hub *h = c->data;
	run_all(&h->queues[HUB_FLUSH]);
}

static void idle_cb(uv_idle_t *i)
{
	struct hub *h = i->data;
	run_all(&h->queues[HUB_SOON]);
	run_costly(&h->queues[HUB_COSTLY]);
	if (is_empty(&h->queues[HUB_SOON]) && is_empty(&h->queues[HUB_COSTLY]))
		(void)uv_idle_stop(i);
}

static void closed_cb(uv_handle_t *handle)
{
	struct hub *h = handle->data;
	if (--h->closing == 0)
		free(h);
}

static void hub_free(void *obj)
{
	struct hub *h = obj;
	run_all(&h->queues[HUB_ORPHANS]);
	h->closing = 3;
	uv_close((uv_handle_t *)&h->prepare, closed_cb);
	uv_close((uv_handle_t *)&h->check, closed_cb);
	uv_close((uv_handle_t *)&h->idle, closed_cb);
}

struct hub *hub_of(struct loop *l)
{
	struct hub *h = loop_attached(l);
	if (h)
		return h;
	h = np_zalloc(sizeof *h);
	if (!h)
		return NULL;
	h->l = l;
	for (size_t i = 0; i < HUB_QUEUE_N; i++)
		h->queues[i].next = h->queues[i].prev = &h->queues[i];
	(void)uv_prepare_init(loop_uv(l), &h->prepare);
	(void)uv_check_init(loop_uv(l), &h->check);
	(void)uv_idle_init(loop_uv(l), &h->idle);
	h->prepare.data = h->check.data = h->idle.data = h;
	(void)uv_prepare_start(&h->prepare, prepare_cb);
	(void)uv_check_start(&h->check, check_cb);
	uv_unref((uv_handle_t *)&h->prepare);
	uv_unref((uv_handle_t *)&h->check);
	loop_attach(l, h, hub_free);
	return h;
}

void hub_add(struct hub *h, enum hub_queue q, struct hub_node *node)
{
	if (node->next)
		return;
	list_add(&h->queues[q], node);
	if (q != HUB_FLUSH && !uv_is_active((const uv_handle_t *)&h->idle))
		(void)uv_idle_start(&h->idle, idle_cb);
}

char *hub_read_buffer(struct hub *h)
{
	return h->read;
}
