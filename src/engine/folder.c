/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/folder.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/str.h"
#include "engine/committer.h"
#include "engine/fold.h"
#include "engine/folderin.h"
#include "engine/overlay.h"
#include "engine/snapshot.h"
#include "wire/queue.h"

#define GROUP_OLD_US NP_SEC_US /* one that only trims queues is sent then */
#define IDLE_BLOCK_MS 10
#define BUSY_BLOCK_MS 1

/* ---- birth and death ---- */

static void name_metrics(struct folder *f)
{
	struct metrics *m = f->cfg.metrics;
	struct folder_metrics *x = &f->m;
	x->items = metrics_get(m, METRIC_COUNTER, "netpulse_engine_folded_items_total", "",
			       "Items of batches that were folded");
	x->records = metrics_get(m, METRIC_COUNTER, "netpulse_engine_records_total", "",
				 "Records read from the queues");
	x->bad = metrics_get(m, METRIC_COUNTER, "netpulse_engine_bad_records_total", "",
			     "Records that no gateway sealed, or that could not be read");
	x->rejects = metrics_get(m, METRIC_COUNTER, "netpulse_engine_rejected_items_total", "",
				 "Items that were refused");
	x->duplicates = metrics_get(m, METRIC_COUNTER, "netpulse_engine_duplicates_total", "",
				    "Results that came twice");
	x->banned = metrics_get(m, METRIC_COUNTER, "netpulse_engine_banned_batches_total", "",
				"Batches of banned checkers, dropped");
	x->timers = metrics_get(m, METRIC_COUNTER, "netpulse_engine_timers_total", "",
				"Timers that fired");
	x->timer_lag_us = metrics_get(m, METRIC_HIST_US, "netpulse_engine_timer_lag_seconds", "",
				      "Between due and fired");
	x->in_flight = metrics_get(m, METRIC_GAUGE, "netpulse_engine_groups_in_flight", "",
				   "Groups that are not committed yet");
	x->held = metrics_get(m, METRIC_GAUGE, "netpulse_engine_shards_held", "",
			      "Shards that are loaded and read");
	x->reloads = metrics_get(m, METRIC_COUNTER, "netpulse_engine_doubts_total", "",
				 "Shards whose memory was thrown away");
	x->snapshot_us = metrics_get(m, METRIC_HIST_US, "netpulse_engine_snapshot_seconds", "",
				     "Time to write a snapshot");
	x->reconnects = metrics_get(m, METRIC_COUNTER, "netpulse_engine_redis_connects_total", "",
				    "Connections to Redis made by the folder");
	x->checkers =
		metrics_get(m, METRIC_GAUGE, "netpulse_engine_checkers", "", "Checkers heard of");
	x->fold_us = metrics_get(m, METRIC_HIST_US, "netpulse_engine_receive_to_fold_seconds", "",
				 "From the gateway's stamp to the fold");
	x->rows = metrics_get(m, METRIC_GAUGE, "netpulse_engine_rows_waiting", "",
			      "Messages with rows of tables that are not folded yet");
	x->bytes = metrics_get(m, METRIC_GAUGE, "netpulse_engine_bytes_in_flight", "",
			       "Inputs in groups that are not committed yet");
	x->mail[0] = metrics_get(m, METRIC_GAUGE, "netpulse_engine_messages_waiting",
				 "to=\"folder\"", "Messages between threads");
	x->mail[1] = metrics_get(m, METRIC_GAUGE, "netpulse_engine_messages_waiting",
				 "to=\"keeper\"", "Messages between threads");
}

struct folder *folder_new(const struct folder_cfg *cfg)
{
	struct folder *f = np_zalloc(sizeof *f);
	if (!f)
		return NULL;
	f->cfg = *cfg;
	f->era = 1;
	f->redis = redis_new(&cfg->redis);
	f->say = f->redis ? say_new(&(struct say_cfg){ .redis = f->redis,
						       .seal = cfg->seal,
						       .engine = cfg->engine,
						       .metrics = cfg->metrics })
			  : NULL;
	f->presence = presence_new();
	f->overlay = overlay_new();
	f->arena = arena_new(QUEUE_ARENA_MAX + BATCH_ARENA_MAX);
	f->asked = map_new(1 << 20);
	f->poison = map_new(1 << 16);
	if (!f->say || !f->presence || !f->overlay || !f->arena || !f->asked || !f->poison) {
		folder_free(f);
		return NULL;
	}
	name_metrics(f);
	return f;
}

static void pending_free(struct folder *f)
{
	for (struct fx_row *r = f->rows.first, *next; r; r = next) {
		struct pending *p = NP_CONTAINER_OF(r, struct pending, row);
		next = r->next;
		msg_free(p->msg);
		free(p);
	}
	f->rows = (struct fx_list){ 0 };
}

void folder_free(struct folder *f)
{
	if (!f)
		return;
	pending_free(f);
	group_free(f->open);
	for (size_t i = 0; i < NP_SHARDS; i++)
		shard_free(f->slot[i].s);
	say_free(f->say);
	presence_free(f->presence);
	overlay_free(f->overlay);
	redis_free(f->redis);
	arena_free(f->arena);
	if (f->channels)
		map_free(f->channels, NULL);
	if (f->asked)
		map_free(f->asked, NULL);
	if (f->poison)
		map_free(f->poison, NULL);
	free(f);
}

void folder_stop(struct folder *f)
{
	atomic_store(&f->stopping, true);
}

uint32_t folder_held(const struct folder *f)
{
	return atomic_load(&f->held);
}

uint32_t slot_no(const struct folder *f, const struct slot *slot)
{
	return (uint32_t)(slot - f->slot);
}

/* ---- the group in the making ---- */

struct group_part *folder_part(struct folder *f, struct slot *slot)
{
	if (!f->open)
		f->open = group_new(++f->serial, f->era, &f->facts);
	return f->open ? group_part(f->open, slot->s, slot->token) : NULL;
}

static bool is_careful(const struct folder *f)
{
	return f->careful_ms > clock_mono_ms();
}

bool folder_has_room(const struct folder *f)
{
	if (f->in_flight >= COMMITTER_QUEUE - 1 || f->in_flight_bytes >= FOLDER_INFLIGHT_MAX)
		return false;
	if (is_careful(f))
		return f->in_flight == 0 && (!f->open || f->open->inputs == 0);
	return !f->open || !group_is_full(f->open);
}

static uint64_t key_hash(const char *key)
{
	return mon_target_hash(MON_HTTP, str_from_c(key)); /* FNV-1a */
}

bool folder_is_poison(const struct folder *f, const char *key)
{
	return map_len(f->poison) > 0 && map_get(f->poison, key_hash(key)) != NULL;
}

void folder_note_poison(struct folder *f, const char *key)
{
	if (map_put(f->poison, key_hash(key), f, NULL) < 0) /* any value: it is a set */
		np_log_event(NP_WARN, "input.poison_not_noted");
}

void folder_doubt(struct folder *f)
{
	struct group *g = np_take(f->open);
	say_clear(f->say);
	f->era++; /* groups in flight are judged by their own era */
	for (uint32_t i = 0; g && i < NP_SHARDS; i++) {
		if (!g->part[i].used || f->slot[i].state != SLOT_HELD)
			continue;
		shard_free(np_take(f->slot[i].s));
		f->slot[i].state = SLOT_DOUBT;
		metric_add(f->m.reloads, 1);
	}
	group_free(g);
}

bool folder_fold(struct folder *f, const struct fold_what *w)
{
	struct group_part *p = folder_part(f, w->slot);
	if (!p)
		return false;
	w->input->at_us = clock_wall_us();
	if (w->input->at_us < w->slot->s->now_us)
		w->input->at_us = w->slot->s->now_us;
	struct fx_list *jobs = &f->open->fx->jobs;
	struct fx_row *last = jobs->last;
	np_err e = group_log(f->open, p, w->input, w->items);
	(void)snprintf(f->open->key.text, sizeof f->open->key.text, "%s", w->key ? w->key : "");
	if (e == NP_OK && w->batch)
		e = fold_batch(w->slot->s, w->input, w->batch, f->open->fx);
	else if (e == NP_OK)
		e = fold_input(w->slot->s, w->input, f->open->fx);
	if (e == NP_OK) { /* "check now" is of no use later */
		for (struct fx_row *r = last ? last->next : jobs->first; r; r = r->next)
			say_job(f->say, NP_CONTAINER_OF(r, struct fx_job, row));
		return true;
	}
	np_log(NP_ERROR, "fold.failed", KV_ERR(e), KV_U64("shard", slot_no(f, w->slot)),
	       KV_C("input", w->key ? w->key : ""));
	folder_doubt(f);
	return false;
}

/* ---- handing over ---- */

/* After a quiet while all are due: spread, so that what comes next does not wait for all. */
static void snapshot_one(struct folder *f, struct group *g)
{
	int64_t now_ms = clock_mono_ms();
	for (uint32_t i = 0; i < NP_SHARDS; i++) {
		struct slot *slot = &f->slot[i];
		struct group_part *p = &g->part[i];
		if (!p->used || p->log.n == 0)
			continue;
		slot->snapshot_items += p->items;
		bool due = now_ms >= slot->snapshot_ms && now_ms >= f->snapshot_ms;
		if (!due && slot->snapshot_items < f->cfg.snapshot_items)
			continue;
		slot->snapshot_ms = now_ms + f->cfg.snapshot_ms;
		f->snapshot_ms = now_ms + f->cfg.snapshot_ms / (2 * NP_SHARDS);
		slot->snapshot_items = 0;
		buf_init(&p->snapshot, SNAPSHOT_MAX);
		np_err e = snapshot_encode(slot->s, &p->snapshot);
		p->has_snapshot = e == NP_OK;
		if (e < 0)
			np_log(NP_WARN, "snapshot.failed", KV_ERR(e), KV_U64("shard", i));
		metric_observe_us(f->m.snapshot_us, (clock_mono_ms() - now_ms) * NP_MS_US);
		return; /* one a commit is enough */
	}
}

static void count(struct folder *f, const struct group *g)
{
	metric_add(f->m.items, (int64_t)g->items);
	metric_add(f->m.rejects, (int64_t)g->fx->rejects.n);
	metric_add(f->m.duplicates, (int64_t)g->fx->duplicates);
}

static void send_group(struct folder *f)
{
	struct group *g = f->open;
	say_flush(f->say);
	snapshot_one(f, g);
	for (uint32_t i = 0; i < NP_SHARDS; i++)
		g->part[i].live = say_live(f->say, i);
	struct msg *m = msg_new(MSG_GROUP);
	np_err e = m ? group_close(g) : NP_E_NOMEM;
	if (e < 0) {
		np_log(NP_ERROR, "group.not_built", KV_ERR(e), KV_U64("inputs", g->inputs));
		msg_free(m);
		foldermsg_blame(f, g);
		folder_doubt(f);
		return;
	}
	count(f, g);
	m->group = np_take(f->open);
	for (uint32_t i = 0; i < NP_SHARDS; i++)
		f->slot[i].in_flight += g->part[i].used;
	if (f->in_flight++ == 0)
		f->moved_us = clock_mono_us();
	f->in_flight_bytes += g->bytes;
	metric_set(f->m.in_flight, (int64_t)f->in_flight);
	(void)msg_send(f->cfg.committer, m);
}

static bool has_read(const struct group *g)
{
	for (size_t i = 0; i < NP_SHARDS; i++)
		if (g->part[i].read)
			return true;
	return false;
}

/* At once when the committer is idle; else when there is enough of it: small groups at low
 * load, large ones at high load. */
static void send_if_due(struct folder *f)
{
	const struct group *g = f->open;
	if (!g)
		return;
	int64_t age_us = clock_mono_us() - g->opened_us;
	if (group_is_empty(g) && !(has_read(g) && age_us > GROUP_OLD_US))
		return;
	if (f->in_flight == 0 || (group_is_full(g) && f->in_flight < COMMITTER_QUEUE - 1))
		send_group(f);
}

/* ---- the thread ---- */

static void note_absence(struct folder *f)
{
	int64_t now_us = clock_mono_us(), away_us = now_us - f->turn_us;
	f->turn_us = now_us;
	if (away_us <= FOLDER_AWAY_US)
		return;
	np_log(NP_WARN, "folder.was_away", KV_I64("away_us", away_us));
	presence_shift(f->presence, away_us);
	for (size_t i = 0; i < NP_SHARDS; i++)
		if (slot_is_live(&f->slot[i]))
			foldermsg_hold(f, &f->slot[i], clock_wall_us() - away_us);
}

/* The lease ran out by our own clock: not a word more until it is renewed. */
static void check_leases(struct folder *f)
{
	int64_t now_ms = clock_mono_ms();
	uint32_t held = 0;
	for (uint32_t i = 0; i < NP_SHARDS; i++) {
		struct slot *slot = &f->slot[i];
		if (slot->state != SLOT_HELD)
			continue;
		bool over = now_ms >= slot->lease_ms;
		if (over && !slot->muted)
			np_log(NP_WARN, "shard.lease_over", KV_U64("shard", i));
		if (!over && slot->muted) {
			slot->muted = false;
			foldermsg_hold(f, slot, slot->s->now_us);
		}
		slot->muted = over;
		held += slot_is_live(slot);
	}
	atomic_store(&f->held, held);
	metric_set(f->m.held, held);
}

/* Another engine is to have these, and all that was folded here is committed. */
static void let_go(struct folder *f)
{
	for (uint32_t i = 0; i < NP_SHARDS; i++) {
		struct slot *slot = &f->slot[i];
		if (!slot->leaving || slot->in_flight > 0 || (f->open && f->open->part[i].used))
			continue;
		shard_free(np_take(slot->s));
		*slot = (struct slot){ 0 };
	}
}

static void ask_reloads(struct folder *f)
{
	uint32_t mask = 0;
	for (uint32_t i = 0; i < NP_SHARDS; i++)
		if (f->slot[i].state == SLOT_DOUBT && f->slot[i].in_flight == 0)
			mask |= UINT32_C(1) << i;
	struct msg *m = mask ? msg_new(MSG_LOAD) : NULL;
	if (!m)
		return;
	m->mask = mask;
	for (uint32_t i = 0; i < NP_SHARDS; i++)
		if (mask >> i & 1)
			f->slot[i].state = SLOT_LOADING;
	(void)msg_send(f->cfg.keeper, m);
}

/* A commit that waits for a database that went away may not know it for a while. */
static void check_behind(struct folder *f)
{
	bool stuck = f->in_flight > 0 && f->pump_us - f->moved_us > FOLDER_BEHIND_US;
	say_set_behind(f->say, f->behind || stuck);
}

static void measure(const struct folder *f)
{
	metric_set(f->m.rows, (int64_t)f->rows.n);
	metric_set(f->m.bytes, (int64_t)f->in_flight_bytes);
	metric_set(f->m.mail[0], (int64_t)mbox_len(f->cfg.in));
	metric_set(f->m.mail[1], (int64_t)mbox_len(f->cfg.keeper));
}

void folder_pump(struct folder *f)
{
	f->pump_us = clock_mono_us();
	check_behind(f);
	measure(f);
	say_flush(f->say);
	foldermsg_drain(f);
	send_if_due(f);
}

static void turn(struct folder *f)
{
	foldermsg_drain(f);
	check_leases(f);
	let_go(f);
	ask_reloads(f);
	foldermsg_rows(f);
	bool waits = f->in_flight > 0 || f->compare != 0 || (f->open && !group_is_empty(f->open));
	if (folderread_turn(f, waits ? BUSY_BLOCK_MS : IDLE_BLOCK_MS)) {
		note_absence(f);
		folderduty_turn(f);
	}
	folder_pump(f);
}

void folder_run(struct folder *f)
{
	f->turn_us = clock_mono_us();
	while (!atomic_load(&f->stopping))
		turn(f);
	if (f->open && !group_is_empty(f->open))
		send_group(f);
	int64_t until_ms = clock_mono_ms() + 3 * NP_SEC_MS;
	while (f->in_flight > 0 && clock_mono_ms() < until_ms) {
		struct timespec pause = { .tv_nsec = NP_MS_US * 1000 };
		(void)nanosleep(&pause, NULL);
		foldermsg_drain(f);
	}
}
