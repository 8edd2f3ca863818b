/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/committer.h"

#include <stdatomic.h>

#include "base/clock.h"
#include "base/log.h"
#include "engine/post.h"

#define RETRY_MS 50

struct committer {
	struct committer_cfg cfg;
	struct pg_conn *db;
	struct redis *redis;
	struct post post;
	uint64_t bad_era; /* groups of it, and of older ones, are not to be committed */
	bool behind;
	atomic_bool stopping;
	struct metric *groups, *items, *size, *commit_us, *retries, *failed, *post_failed;
};

static void name_metrics(struct committer *c, struct metrics *m)
{
	c->groups = metrics_get(m, METRIC_COUNTER, "netpulse_engine_groups_total", "", "Commits");
	c->items = metrics_get(m, METRIC_COUNTER, "netpulse_engine_committed_items_total", "",
			       "Items committed");
	c->size = metrics_get(m, METRIC_GAUGE, "netpulse_engine_group_items", "",
			      "Items in the newest commit");
	c->commit_us = metrics_get(m, METRIC_HIST_US, "netpulse_engine_commit_seconds", "",
				   "Round trip of one commit");
	c->retries = metrics_get(m, METRIC_COUNTER, "netpulse_engine_commit_retries_total", "",
				 "Commits sent again, verbatim");
	c->failed = metrics_get(m, METRIC_COUNTER, "netpulse_engine_commit_failures_total", "",
				"Commits refused: folded again");
	c->post_failed = metrics_get(m, METRIC_COUNTER, "netpulse_engine_post_failures_total", "",
				     "Commits whose answers could not be published");
}

struct committer *committer_new(const struct committer_cfg *cfg)
{
	struct committer *c = np_zalloc(sizeof *c);
	if (!c)
		return NULL;
	c->cfg = *cfg;
	c->db = pg_conn_new(&cfg->db);
	c->redis = redis_new(&cfg->redis);
	if (!c->db || !c->redis) {
		committer_free(c);
		return NULL;
	}
	post_init(&c->post, c->redis, cfg->seal, cfg->engine);
	name_metrics(c, cfg->metrics);
	return c;
}

void committer_free(struct committer *c)
{
	if (!c)
		return;
	post_done(&c->post);
	pg_conn_free(c->db);
	redis_free(c->redis);
	free(c);
}

void committer_stop(struct committer *c)
{
	atomic_store(&c->stopping, true);
}

static void set_behind(struct committer *c, bool behind)
{
	if (c->behind == behind)
		return;
	c->behind = behind;
	np_log(behind ? NP_WARN : NP_INFO, behind ? "commit.behind" : "commit.recovered",
	       KV_C("db", behind ? pg_conn_error(c->db)->message : ""));
	struct msg *m = msg_new(MSG_BEHIND);
	if (m) {
		m->on = behind;
		(void)msg_send(c->cfg.folder, m);
	}
}

static np_err try_once(struct committer *c, const struct group *g, size_t *ret_at)
{
	np_err e = pg_conn_ready(c->db, clock_mono_ms() + COMMITTER_CALL_MS);
	return e < 0 ? e : pg_batch_run(c->db, g->tx, ret_at);
}

/* The same bytes until they are committed or refused. */
static np_err commit(struct committer *c, const struct group *g)
{
	size_t at = 0;
	for (;;) {
		int64_t from_us = clock_mono_us();
		np_err e = try_once(c, g, &at);
		if (e == NP_E_ALREADY)
			e = NP_OK;
		if (e == NP_OK)
			metric_observe_us(c->commit_us, clock_mono_us() - from_us);
		if (e == NP_OK)
			set_behind(c, false);
		if (e != NP_E_DB_GONE) {
			if (e < 0)
				np_log(NP_WARN, "commit.refused", KV_ERR(e),
				       KV_U64("statement", at),
				       KV_C("sqlstate", pg_conn_error(c->db)->sqlstate),
				       KV_C("db", pg_conn_error(c->db)->message),
				       KV_U64("inputs", g->inputs));
			return e;
		}
		set_behind(c, true);
		if (atomic_load(&c->stopping))
			return NP_E_CANCELED;
		metric_add(c->retries, 1);
		struct timespec pause = { .tv_nsec = RETRY_MS * 1000 * 1000 };
		(void)nanosleep(&pause, NULL);
	}
}

static void tell(struct committer *c, struct group *g)
{
	np_err e = post_group(&c->post, g, clock_wall_us());
	if (e == NP_OK)
		return;
	metric_add(c->post_failed, 1);
	np_log(NP_WARN, "commit.not_told", KV_ERR(e), KV_C("redis", redis_why(c->redis)));
}

static void finish(struct committer *c, struct group *g)
{
	if (g->era <= c->bad_era) {
		g->end = GROUP_DISCARDED;
		return;
	}
#ifdef NP_MUTANT_ACK_BEFORE_COMMIT
	tell(c, g);
#endif
	g->err = g->tx ? commit(c, g) : NP_OK;
	g->end = g->err == NP_OK ? GROUP_DONE : GROUP_FAILED;
	if (g->err < 0) {
		memcpy(g->sqlstate, pg_conn_error(c->db)->sqlstate, sizeof g->sqlstate);
		c->bad_era = g->era;
		metric_add(c->failed, 1);
		return;
	}
	if (g->tx) {
		metric_add(c->groups, 1);
		metric_add(c->items, (int64_t)g->items);
		metric_set(c->size, (int64_t)g->items);
	}
#ifndef NP_MUTANT_ACK_BEFORE_COMMIT
	tell(c, g);
#endif
}

void committer_run(struct committer *c)
{
	for (;;) {
		struct msg *m = mbox_recv(c->cfg.in, clock_mono_ms() + NP_SEC_MS);
		if (!m && atomic_load(&c->stopping))
			return;
		if (!m)
			continue;
		finish(c, m->group);
		(void)msg_send(c->cfg.folder, m);
	}
}
