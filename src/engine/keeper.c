/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/keeper.h"

#include <stdatomic.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/str.h"
#include "base/told.h"
#include "engine/feed.h"
#include "engine/feeddef.h"
#include "engine/feedover.h"
#include "engine/inbox.h"
#include "engine/lease.h"
#include "engine/replay.h"
#include "engine/sql.h"

#define PARTITIONS_MS (60 * NP_MIN_MS)
#define CHANNELS_MS (5 * NP_SEC_MS)
#define JUDGE_MS (2 * NP_SEC_MS)
#define SETTLED_MS (75 * NP_SEC_MS) /* until checkers could be heard, and written down */

/* What it asks the database for, each with a failure of its own. */
enum ask {
	ASK_CONNECT,
	ASK_LEASE,
	ASK_REGISTRY,
	ASK_OVERLAYS,
	ASK_REGIONS,
	ASK_INBOX,
	ASK_CHANNELS,
	ASK_PARTITIONS,
	ASK_WISH,
	ASK_N
};
static const char *const asks[] = {
	[ASK_CONNECT] = "connect",   [ASK_LEASE] = "lease",           [ASK_REGISTRY] = "registry",
	[ASK_OVERLAYS] = "overlays", [ASK_REGIONS] = "regions",       [ASK_INBOX] = "inbox",
	[ASK_CHANNELS] = "channels", [ASK_PARTITIONS] = "partitions", [ASK_WISH] = "wish",
};
static_assert(NP_LEN(asks) == ASK_N, "name every question");

struct keeper {
	struct keeper_cfg cfg;
	struct pg_conn *c;
	struct feed *feed;
	struct inbox *inbox;
	struct lease lease;
	bool loaded[NP_SHARDS];
	uint32_t load_next;                                              /* shard to begin with */
	int64_t renew_ms, poll_ms, channels_ms, partitions_ms, judge_ms; /* due, monotonic */
	struct feedover_seen windows_seen;
	int64_t office_ms; /* coordinator since then; 0: not */
	bool inbox_due, inherited;
	struct told told[ASK_N], told_load[NP_SHARDS];
	atomic_bool stop;
	atomic_uint wish;
	struct metric *loads, *load_us, *failures;
};

struct keeper *keeper_new(const struct keeper_cfg *cfg)
{
	struct keeper *k = np_zalloc(sizeof *k);
	if (!k)
		return NULL;
	k->cfg = *cfg;
	k->c = pg_conn_new(&cfg->db);
	k->feed = feed_new();
	k->inbox = inbox_new();
	k->lease =
		(struct lease){ .owner = cfg->owner, .want = cfg->want, .lease_ms = cfg->lease_ms };
	atomic_store(&k->wish, cfg->want);
	if (!k->c || !k->feed || !k->inbox) {
		keeper_free(k);
		return NULL;
	}
	k->loads = metrics_get(cfg->metrics, METRIC_COUNTER, "netpulse_engine_loads_total", "",
			       "Shards loaded from snapshot and log");
	k->load_us = metrics_get(cfg->metrics, METRIC_HIST_US, "netpulse_engine_load_seconds", "",
				 "Time to load a shard");
	k->failures =
		metrics_get(cfg->metrics, METRIC_COUNTER, "netpulse_engine_keeper_failures_total",
			    "", "Calls of the keeper and loads of shards that failed");
	return k;
}

void keeper_free(struct keeper *k)
{
	if (!k)
		return;
	feed_free(k->feed);
	inbox_free(k->inbox);
	pg_conn_free(k->c);
	free(k);
}

uint32_t keeper_share(const struct keeper *k)
{
	return atomic_load(&k->wish);
}

void keeper_stop(struct keeper *k)
{
	atomic_store(&k->stop, true);
}

/* One line when something fails, one when it fails otherwise, one when it works again. */
static np_err noted(struct keeper *k, enum ask what, np_err e)
{
	const struct pg_error *db = pg_conn_error(k->c);
	enum told_news news = told_now(&k->told[what], e, str_from_c(db->sqlstate));
	if (e < 0)
		metric_add(k->failures, 1);
	if (news == TOLD_WRONG)
		np_log(NP_WARN, "keeper.failed", KV_C("what", asks[what]), KV_ERR(e),
		       KV_C("db", db->message));
	else if (news == TOLD_WELL)
		np_log(NP_INFO, "keeper.recovered", KV_C("what", asks[what]));
	return e;
}

static uint32_t loaded_mask(const struct keeper *k)
{
	uint32_t mask = 0;
	for (uint32_t i = 0; i < NP_SHARDS; i++)
		if (k->loaded[i])
			mask |= UINT32_C(1) << i;
	return mask;
}

static void send_rows(struct keeper *k, struct msg *rows)
{
	if (rows->n > 0 || rows->mask)
		(void)msg_send(k->cfg.folder, rows);
	else
		msg_free(rows);
}

/* ---- loading ---- */

static np_err poll_registry(struct keeper *k)
{
	struct msg *rows = msg_new(MSG_ROWS), *checkers = NULL;
	if (!rows)
		return NP_E_NOMEM;
	np_err e = feed_checkers(k->feed, k->c, rows, &checkers);
	if (e == NP_OK)
		e = feed_memberships(k->feed, k->c, rows);
	/* What was read is given on in any case: it is not read a second time. */
	if (checkers)
		(void)msg_send(k->cfg.folder, checkers);
	send_rows(k, rows);
	return e;
}

static np_err fill_rows(struct keeper *k, const struct shard *s, uint64_t gen, struct msg *m)
{
	/* After its generation was read: every ban that is counted in it is known then. */
	struct msg *checkers = NULL;
	np_err e = poll_registry(k);
	if (e == NP_OK)
		e = feed_all_bans(k->feed, s->no, gen, m);
	if (e == NP_OK)
		e = feed_all_memberships(k->feed, k->c, s, m);
	if (e == NP_OK)
		e = feeddef_monitors(k->c, s, m);
	if (e == NP_OK)
		e = feed_all_checkers(k->feed, &checkers);
	if (e == NP_OK && checkers)
		(void)msg_send(k->cfg.folder, checkers);
	return e;
}

/* Is it still ours, and where does it stand? NP_E_FENCED: it is somebody else's. */
static np_err read_shard(struct keeper *k, uint32_t no, uint64_t *ret_pos, uint64_t *ret_gen)
{
	NP_CLEANUP(pg_params_done) struct pg_params p;
	NP_CLEANUP(pg_res_free_p) struct pg_res *res = NULL;
	pg_params_init(&p);
	pg_params_i16(&p, (int16_t)no);
	np_err e = pg_exec(k->c, sql_text(SQL_SHARD), &p, &res);
	if (e < 0)
		return e;
	if (pg_res_rows(res) == 0 || (uint64_t)pg_res_i64(res, 0, 0) != k->lease.held[no].token ||
	    !str_eq_c(pg_res_str(res, 0, 3), k->cfg.owner))
		return NP_E_FENCED;
	*ret_pos = (uint64_t)pg_res_i64(res, 0, 1);
	*ret_gen = (uint64_t)pg_res_i64(res, 0, 2);
	return NP_OK;
}

static np_err load_into(struct keeper *k, uint32_t no, struct msg *m, struct replay_damage *damage)
{
	size_t inputs = 0;
	uint64_t pos = 0;
	np_err e = read_shard(k, no, &pos, &m->gen);
	if (e == NP_OK)
		e = replay_load(k->c,
				&(struct replay_to){ .shard = no, .to = pos, .damage = damage },
				&m->shard, &inputs);
	if (e == NP_OK)
		e = fill_rows(k, m->shard, m->gen, m);
	m->shard_no = no;
	m->token = k->lease.held[no].token;
	return e;
}

/* It is tried again twice a second for as long as the shard is ours. */
static np_err not_loaded(struct keeper *k, uint32_t no, np_err e, const struct replay_damage *d)
{
	char damage[REPLAY_DAMAGE_TEXT];
	const struct pg_error *db = pg_conn_error(k->c);
	replay_damage_text(d, damage);
	np_str why = d->hurt != REPLAY_WHOLE ? str_from_c(damage) : str_from_c(db->sqlstate);
	if (e == NP_E_FENCED) /* somebody else's by now: shard.lost */
		return e;
	metric_add(k->failures, 1);
	if (told_now(&k->told_load[no], e, why) == TOLD_WRONG)
		np_log(NP_WARN, "shard.not_loaded", KV_U64("shard", no), KV_ERR(e),
		       KV_C("damage", damage), KV_C("db", e == NP_E_DB ? db->message : ""));
	return e;
}

static np_err load(struct keeper *k, uint32_t no)
{
	struct replay_damage damage = { 0 };
	int64_t from_us = clock_mono_us();
	struct msg *m = msg_new(MSG_SHARD);
	if (!m)
		return NP_E_NOMEM;
	pg_conn_deadline(k->c, clock_mono_ms() + KEEPER_LOAD_MS);
	np_err e = load_into(k, no, m, &damage);
	if (e < 0) {
		msg_free(m);
		return not_loaded(k, no, e, &damage);
	}
	k->told_load[no] = (struct told){ 0 }; /* told by the line below */
	k->loaded[no] = true;
	metric_add(k->loads, 1);
	metric_observe_us(k->load_us, clock_mono_us() - from_us);
	np_log(NP_INFO, "shard.loaded", KV_U64("shard", no), KV_U64("token", m->token),
	       KV_U64("pos", m->shard->pos), KV_U64("monitors", map_len(m->shard->monitors)),
	       KV_I64("took_us", clock_mono_us() - from_us));
	return msg_send(k->cfg.folder, m) ? NP_OK : NP_E_CLOSED;
}

/* ---- leases ---- */

static void lose(struct keeper *k, uint32_t no)
{
	struct msg *m = msg_new(MSG_LOST);
	k->loaded[no] = false;
	np_log(NP_WARN, "shard.lost", KV_U64("shard", no));
	if (m) {
		m->shard_no = no;
		(void)msg_send(k->cfg.folder, m);
	}
}

static void send_lease(struct keeper *k, uint32_t mask, int64_t until_ms)
{
	struct msg *m = mask ? msg_new(MSG_LEASE) : NULL;
	if (!m)
		return;
	m->mask = mask;
	m->until_ms = until_ms;
	(void)msg_send(k->cfg.folder, m);
}

/* More than our share: the folder finishes with one, and a turn later it is given back. */
static void yield_one(struct keeper *k)
{
	uint32_t no = lease_surplus(&k->lease);
	struct msg *m = no < NP_SHARDS ? msg_new(MSG_YIELD) : NULL;
	if (!m)
		return;
	k->loaded[no] = false;
	np_log(NP_INFO, "shard.yielded", KV_U64("shard", no), KV_U64("share", k->lease.wish));
	m->shard_no = no;
	(void)msg_send(k->cfg.folder, m);
}

static np_err share(struct keeper *k)
{
	np_err e = lease_hand_over(&k->lease, k->c);
	if (e == NP_OK)
		e = lease_share(&k->lease, k->c);
	if (e == NP_OK)
		atomic_store(&k->wish, k->lease.wish);
	return e;
}

static np_err keep_leases(struct keeper *k)
{
	uint32_t lost = 0, ours = 0;
	int64_t until_ms = clock_mono_ms() + k->cfg.lease_ms; /* counts from before the calls */
	np_err e = k->inherited ? NP_OK : lease_inherit(&k->lease, k->c);
	k->inherited |= e == NP_OK;
	if (e == NP_OK)
		e = lease_renew(&k->lease, k->c, &lost);
	if (e == NP_OK)
		e = share(k);
	if (e == NP_OK && lease_count(&k->lease) < k->lease.wish)
		e = lease_take(&k->lease, k->c, &lost);
	else if (e == NP_OK)
		yield_one(k);
	for (uint32_t i = 0; i < NP_SHARDS; i++) {
		if (lost >> i & 1)
			lose(k, i);
		ours |= (uint32_t)k->lease.held[i].ours << i;
	}
	if (e == NP_OK)
		send_lease(k, ours, until_ms);
	return e;
}

static bool may_load(const struct keeper *k, uint32_t i)
{
	return k->lease.held[i].ours && !k->lease.held[i].leaves && !k->loaded[i];
}

/* Is there one that has not failed lately? */
static bool more_to_load(const struct keeper *k)
{
	for (uint32_t i = 0; i < NP_SHARDS; i++)
		if (may_load(k, i) && k->told_load[i].what == 0)
			return true;
	return false;
}

/* One at a time, so that leases stay fresh; in turn, so that one which is damaged keeps no other
 * waiting. True: there is another to load at once. */
static bool load_one(struct keeper *k)
{
	uint32_t i = k->load_next;
	for (uint32_t n = 0; n < NP_SHARDS && !may_load(k, i); n++)
		i = (i + 1) % NP_SHARDS;
	if (!may_load(k, i))
		return false;
	k->load_next = (i + 1) % NP_SHARDS;
	np_err e = load(k, i);
	if (e == NP_E_FENCED) {
		k->lease.held[i].ours = false;
		lose(k, i);
	}
	return e == NP_OK || (e != NP_E_DB_GONE && more_to_load(k));
}

/* ---- polls ---- */

static np_err poll_inbox(struct keeper *k)
{
	struct msg *rows = msg_new(MSG_ROWS);
	if (!rows)
		return NP_E_NOMEM;
	np_err e = inbox_poll(k->inbox, k->c, loaded_mask(k), rows);
	if (e == NP_OK)
		send_rows(k, rows);
	else
		msg_free(rows);
	if (e < 0)
		inbox_forget(k->inbox);
	return e;
}

static np_err poll_channels(struct keeper *k)
{
	struct msg *m = NULL;
	np_err e = feed_channels(k->c, &m);
	if (m)
		(void)msg_send(k->cfg.folder, m);
	return e;
}

/* The days ahead; whoever holds shard 0 sees to it. */
static np_err make_partitions(struct keeper *k)
{
	return k->lease.held[0].ours ? pg_exec(k->c, sql_text(SQL_PARTITIONS), NULL, NULL) : NP_OK;
}

/* What others decide about monitors. Before a shard is loaded: a window or a parent's trouble
 * must be known before the first timer fires. */
static np_err poll_overlays(struct keeper *k)
{
	struct msg *parents = NULL, *trust = NULL, *windows = NULL;
	np_err e = feedover_parents(k->c, &parents);
	if (e == NP_OK)
		e = feedover_trust(k->c, &trust);
	if (e == NP_OK)
		e = feedover_windows(k->c, &k->windows_seen, &windows);
	if (parents)
		(void)msg_send(k->cfg.folder, parents);
	if (trust)
		(void)msg_send(k->cfg.folder, trust);
	if (windows)
		(void)msg_send(k->cfg.folder, windows);
	return e;
}

static np_err judge_regions(struct keeper *k, int64_t now_ms)
{
	if (!k->lease.held[0].ours) {
		k->office_ms = 0;
		return NP_OK;
	}
	if (k->office_ms == 0)
		k->office_ms = now_ms;
	return feedover_judge(k->c, &(struct feedover_coord){ .owner = k->cfg.owner,
							      .token = k->lease.held[0].token,
							      .settled = now_ms - k->office_ms >=
									 SETTLED_MS });
}

/* ---- wishes ---- */

static np_err answer(struct keeper *k, const struct msg *want)
{
	struct msg *rows = msg_new(MSG_ROWS);
	if (!rows)
		return NP_E_NOMEM;
	np_err e = poll_registry(k);
	if (e == NP_OK)
		e = feeddef_wanted(k->c, want, rows);
	if (e < 0) {
		msg_free(rows);
		return e;
	}
	rows->mask = UINT32_C(1) << want->shard_no; /* whose wish is answered */
	rows->shard_no = want->shard_no;
	return msg_send(k->cfg.folder, rows) ? NP_OK : NP_E_CLOSED;
}

static np_err perform(struct keeper *k, struct msg *m)
{
	if (m->kind == MSG_WANT)
		return answer(k, m);
	if (m->kind == MSG_SEEN)
		return feed_seen(k->c, m);
	if (m->kind == MSG_TALLY)
		return feedover_tally(k->c, m);
	return NP_OK;
}

/* What needs no database. */
static void note(struct keeper *k, const struct msg *m)
{
	if (m->kind == MSG_LOAD) {
		for (uint32_t i = 0; i < NP_SHARDS; i++)
			if (m->mask >> i & 1)
				k->loaded[i] = false;
		inbox_forget(k->inbox);
	} else if (m->kind == MSG_NUDGE) {
		k->inbox_due |= (m->nudge & MSG_N_INBOX) != 0;
		if (m->nudge & MSG_N_REGISTRY)
			k->poll_ms = 0;
		if (m->nudge & MSG_N_CHANNELS)
			k->channels_ms = 0;
	}
}

/* ---- the thread ---- */

static np_err due_work(struct keeper *k, int64_t now_ms)
{
	np_err e = NP_OK;
	if (e == NP_OK && now_ms >= k->renew_ms) {
		k->renew_ms = now_ms + KEEPER_RENEW_MS;
		e = noted(k, ASK_LEASE, keep_leases(k));
	}
	if (e == NP_OK && now_ms >= k->poll_ms) {
		k->poll_ms = now_ms + KEEPER_POLL_MS;
		e = noted(k, ASK_REGISTRY, poll_registry(k));
		/* What cannot be read of them must not keep commands and shards waiting. */
		np_err overlays = e < 0 ? e : noted(k, ASK_OVERLAYS, poll_overlays(k));
		if (overlays == NP_E_DB_GONE)
			e = overlays;
		k->inbox_due = true;
	}
	if (e == NP_OK && now_ms >= k->judge_ms) {
		k->judge_ms = now_ms + JUDGE_MS;
		e = noted(k, ASK_REGIONS, judge_regions(k, now_ms));
	}
	if (e == NP_OK && k->inbox_due && loaded_mask(k) != 0) {
		k->inbox_due = false;
		e = noted(k, ASK_INBOX, poll_inbox(k));
		k->inbox_due = e == NP_OK && inbox_has_more(k->inbox);
	}
	if (e == NP_OK && now_ms >= k->channels_ms) {
		k->channels_ms = now_ms + CHANNELS_MS;
		e = noted(k, ASK_CHANNELS, poll_channels(k));
	}
	if (e == NP_OK && now_ms >= k->partitions_ms) {
		k->partitions_ms = now_ms + (k->lease.held[0].ours ? PARTITIONS_MS : NP_MIN_MS);
		e = noted(k, ASK_PARTITIONS, make_partitions(k));
	}
	return e;
}

/* A wish waits for the database; a nudge does not. */
static void serve(struct keeper *k, struct msg *m)
{
	note(k, m);
	np_err e = NP_E_AGAIN;
	bool again = m->kind == MSG_WANT; /* of the others, the next one says it again */
	bool work = again || m->kind == MSG_SEEN || m->kind == MSG_TALLY;
	while (e < 0 && work && !atomic_load(&k->stop)) {
		e = pg_conn_ready(k->c, clock_mono_ms() + KEEPER_CALL_MS);
		if (e == NP_OK)
			e = noted(k, ASK_WISH, perform(k, m));
		if (!again)
			break;
		struct timespec pause = { .tv_nsec = 100 * NP_MS_US * 1000 };
		if (e < 0)
			(void)nanosleep(&pause, NULL);
	}
	msg_free(m);
}

static int64_t next_due_ms(const struct keeper *k)
{
	int64_t due = k->renew_ms < k->poll_ms ? k->renew_ms : k->poll_ms;
	return k->channels_ms < due ? k->channels_ms : due;
}

static void release(struct keeper *k)
{
	np_err e = pg_conn_ready(k->c, clock_mono_ms() + KEEPER_CALL_MS);
	if (e == NP_OK)
		e = lease_release(&k->lease, k->c);
	np_log(NP_INFO, "shards.released", KV_U64("held", lease_count(&k->lease)), KV_ERR(e));
}

void keeper_run(struct keeper *k)
{
	while (!atomic_load(&k->stop)) {
		int64_t now_ms = clock_mono_ms();
		np_err e = noted(k, ASK_CONNECT, pg_conn_ready(k->c, now_ms + KEEPER_CALL_MS));
		if (e == NP_OK)
			e = due_work(k, clock_mono_ms());
		bool more = e == NP_OK && (load_one(k) || (k->inbox_due && loaded_mask(k) != 0));
		int64_t until_ms = more ? 0 : e < 0 ? now_ms + 100 : next_due_ms(k);
		struct msg *m =
			until_ms ? mbox_recv(k->cfg.in, until_ms) : mbox_try_recv(k->cfg.in);
		for (; m; m = mbox_try_recv(k->cfg.in))
			serve(k, m);
	}
	release(k);
}
