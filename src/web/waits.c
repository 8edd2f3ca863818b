/* SPDX-License-Identifier: Apache-2.0 */
#include "web/waits.h"

#include "base/map.h"

struct waits {
	struct map *by_inbox;
};

struct waits *waits_new(void)
{
	struct waits *w = np_zalloc(sizeof *w);
	if (!w)
		return NULL;
	w->by_inbox = map_new(WAITS_MAX);
	if (!w->by_inbox) {
		free(w);
		return NULL;
	}
	return w;
}

void waits_free(struct waits *w)
{
	if (!w)
		return;
	map_free(w->by_inbox, NULL);
	free(w);
}

NP_NODISCARD np_err waits_add(struct waits *w, struct wreq *q)
{
	return map_put(w->by_inbox, map_key_id(q->inbox), q, NULL);
}

void waits_del(struct waits *w, struct wreq *q)
{
	map_del(w->by_inbox, map_key_id(q->inbox));
}

void waits_note(struct waits *w, const uint8_t inbox[16])
{
	struct wreq *q = map_get(w->by_inbox, map_key_id(inbox));
	if (q && memcmp(q->inbox, inbox, sizeof q->inbox) == 0)
		wq_noted(q);
}

void waits_hurry(struct waits *w)
{
	size_t pos = 0;
	uint64_t key;
	void *q;
	while (map_next(w->by_inbox, &pos, &key, &q))
		wq_hurry(q);
}
