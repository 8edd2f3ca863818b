/* SPDX-License-Identifier: Apache-2.0 */
/* One turn: what is new in the queues, as much as may be folded now. */
#include <poll.h>

#include "base/clock.h"
#include "base/log.h"
#include "engine/folderin.h"
#include "wire/queue.h"

#define TICK_US (2 * NP_MS_US)               /* what is folded is told within this */
#define TURN_BYTES ((size_t)8 * 1024 * 1024) /* read at once, about */
#define COUNT_MIN 8
#define COUNT_MAX 512
#define READ_SLACK_MS 2000
#define ASKED_MS (5 * NP_SEC_MS) /* an answer "there is no such row" holds that long */

/* ---- one turn ---- */

struct turn {
	struct folder *f;
	uint32_t no[NP_SHARDS]; /* shard of each stream that is read */
	size_t bytes, records;
};

static void on_entry(void *ctx, size_t which, struct redis_id id, np_str record)
{
	struct turn *x = ctx;
	struct folder *f = x->f;
	struct slot *slot = &f->slot[x->no[which]];
	slot->given++;
	x->bytes += record.n;
	x->records++;
	if (clock_mono_us() - f->pump_us > TICK_US || say_is_full(f->say))
		folder_pump(f);
	slot->blocked = slot->blocked || !slot_is_live(slot) || slot->parked || f->rows.first ||
			!folder_has_room(f) || !foldertake_record(f, slot, record);
	if (slot->blocked)
		return;
	slot->read = id;
	struct group_part *p = folder_part(f, slot);
	if (p) {
		p->read = true;
		p->last = id;
	}
}

static uint32_t count_of(const struct folder *f)
{
	size_t bytes = f->record_bytes ? f->record_bytes : 1024;
	size_t n = TURN_BYTES / NP_SHARDS / bytes;
	return (uint32_t)(n < COUNT_MIN ? COUNT_MIN : n > COUNT_MAX ? COUNT_MAX : n);
}

static void wait_a_moment(struct folder *f, uint32_t ms)
{
	struct pollfd fd = { .fd = mbox_fd(f->cfg.in), .events = POLLIN };
	(void)poll(&fd, 1, (int)ms + 1);
}

/* Not while somebody waits for an answer: it would be asked for again. */
static void forget_asked(struct folder *f)
{
	int64_t now_ms = clock_mono_ms();
	bool waits = false;
	for (size_t i = 0; i < NP_SHARDS; i++)
		waits |= f->slot[i].parked;
	if (waits || now_ms - f->asked_ms < ASKED_MS)
		return;
	size_t pos = 0;
	uint64_t key;
	void *value;
	while (map_next(f->asked, &pos, &key, &value))
		(void)map_del(f->asked, key);
	f->asked_ms = now_ms;
}

static size_t choose_streams(struct folder *f, struct redis_xread *x, struct turn *turn,
			     char key[NP_SHARDS][QUEUE_KEY_MAX])
{
	for (uint32_t i = 0; i < NP_SHARDS; i++) {
		struct slot *slot = &f->slot[i];
		slot->given = 0;
		slot->blocked = false;
		if (!slot_is_live(slot) || slot->parked)
			continue;
		turn->no[x->n] = i;
		x->key[x->n] = queue_key(i, key[i]);
		x->after[x->n++] = slot->read;
	}
	return x->n;
}

/* A new connection may be a new server: from the start, what is known is skipped. */
static np_err connect(struct folder *f)
{
	np_err e = redis_ready(f->redis, clock_mono_ms() + READ_SLACK_MS);
	if (e < 0 || redis_generation(f->redis) == f->redis_generation)
		return e;
	f->redis_generation = redis_generation(f->redis);
	metric_add(f->m.reconnects, 1);
	for (size_t i = 0; i < NP_SHARDS; i++)
		f->slot[i].read = (struct redis_id){ 0 };
	return NP_OK;
}

bool folderread_turn(struct folder *f, uint32_t block_ms)
{
	char key[NP_SHARDS][QUEUE_KEY_MAX];
	struct turn turn = { .f = f };
	struct redis_xread x = {
		.count = count_of(f), .block_ms = block_ms, .entry = on_entry, .ctx = &turn
	};
	forget_asked(f);
	bool may = f->rows.first == NULL && folder_has_room(f);
	np_err e = may ? connect(f) : NP_E_AGAIN;
	if (e < 0 || choose_streams(f, &x, &turn, key) == 0) {
		wait_a_moment(f, block_ms);
		return false;
	}
	say_send(f->say);  /* jobs of commands and timers wait on the same connection */
	say_flush(f->say); /* what commands and timers said: one conversation at a time */
	e = redis_xread(f->redis, &x);
	if (e < 0) {
		np_log(NP_WARN, "queue.not_read", KV_ERR(e), KV_C("redis", redis_why(f->redis)));
		wait_a_moment(f, block_ms);
		return false;
	}
	for (size_t i = 0; i < x.n; i++) {
		struct slot *slot = &f->slot[turn.no[i]];
		slot->drained = slot->given < x.count && !slot->blocked;
	}
	if (turn.records > 0)
		f->record_bytes = turn.bytes / turn.records;
	return true;
}
