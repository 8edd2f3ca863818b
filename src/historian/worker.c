/* SPDX-License-Identifier: Apache-2.0 */
#include "historian/worker.h"

#include <pthread.h>
#include <stdatomic.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mbox.h"
#include "base/str.h"
#include "base/told.h"
#include "historian/flush.h"
#include "historian/pack.h"

#define WORKER_READY_MS (20 * NP_SEC_MS)
#define WORKER_PACK_MS 300 /* of a round, for repacking: history comes first */
#define WORKER_STOP_MS (3 * NP_SEC_MS)
#define WORKER_ROUND_MS (20 * NP_SEC_MS)

struct worker_shard {
	struct intake *in;
	bool loaded;        /* started from the cursor */
	int64_t first_ms;   /* when the oldest row that is not written was read; 0: none */
	int64_t pack_at_ms; /* next */
	struct told told_flush, told_pack;
};

struct worker_metrics {
	struct metric *rows, *results, *duplicates, *refused, *unplaced, *unreadable, *flushes;
	struct metric *failed, *flush_us, *lag, *packed, *forgotten;
};

struct worker {
	struct worker_cfg cfg;
	pthread_t thread;
	struct mbox *wake; /* never holds a message: closed to stop */
	_Atomic bool stopping;
	_Atomic int64_t worked_ms;
	struct pg_conn *c;
	struct worker_shard shard[NP_SHARDS];
	uint32_t ours;                     /* bits */
	uint32_t pack_from;                /* shard to begin with */
	int64_t lease_at_ms, upkeep_at_ms; /* next */
	struct told told_upkeep;
	struct worker_metrics m;
};

static void worker_metrics(struct worker *w)
{
	struct metrics *m = w->cfg.metrics;
	w->m = (struct worker_metrics){
		.rows = metrics_get(m, METRIC_COUNTER, "netpulse_historian_log_rows_total", "",
				    "Log rows read"),
		.results = metrics_get(m, METRIC_COUNTER, "netpulse_historian_results_total", "",
				       "Results put into chunks"),
		.duplicates =
			metrics_get(m, METRIC_COUNTER, "netpulse_historian_duplicates_total", "",
				    "Second results of a slot and attempt: only in the log"),
		.refused = metrics_get(m, METRIC_COUNTER, "netpulse_historian_refused_total", "",
				       "Items that the owner of the shard refused"),
		.unplaced = metrics_get(m, METRIC_COUNTER, "netpulse_historian_unplaced_total", "",
					"Results without a place in history: only in the log"),
		.unreadable = metrics_get(m, METRIC_COUNTER, "netpulse_historian_unreadable_total",
					  "", "Log rows passed over"),
		.flushes = metrics_get(m, METRIC_COUNTER, "netpulse_historian_flushes_total", "",
				       "Transactions written"),
		.failed = metrics_get(m, METRIC_COUNTER, "netpulse_historian_failures_total", "",
				      "Transactions that failed"),
		.flush_us = metrics_get(m, METRIC_HIST_US, "netpulse_historian_flush_seconds", "",
					"Time of one transaction"),
		.lag = metrics_get(m, METRIC_GAUGE, "netpulse_historian_lag_rows", "",
				   "Log rows not yet read"),
		.packed = metrics_get(m, METRIC_COUNTER, "netpulse_historian_packed_rows_total", "",
				      "Log rows moved into blocks"),
		.forgotten =
			metrics_get(m, METRIC_COUNTER, "netpulse_historian_forgotten_rows_total",
				    "", "Rows deleted because they are old enough"),
	};
}

/* What a thing that is tried again and again is called in the log. */
struct worker_words {
	const char *failed, *works;
};
static const struct worker_words flush_words = { "historian.flush_failed",
						 "historian.flush_works_again" };
static const struct worker_words pack_words = { "historian.pack_failed",
						"historian.pack_works_again" };
static const struct worker_words upkeep_words = { "historian.upkeep_failed",
						  "historian.upkeep_works_again" };
static const struct worker_words round_words = { "historian.round_failed",
						 "historian.round_works_again" };

/* shard: NP_SHARDS when it is about none. */
static void worker_tell(struct worker *w, struct told *t, const struct worker_words *words,
			uint32_t shard, np_err e)
{
	const struct pg_error *db = pg_conn_error(w->c);
	enum told_news news = told_now(t, e, str_from_c(db->sqlstate));
	int64_t no = shard < NP_SHARDS ? (int64_t)shard : -1;
	if (news == TOLD_WRONG)
		np_log(NP_WARN, words->failed, KV_I64("shard", no), KV_ERR(e),
		       KV_C("sqlstate", db->sqlstate), KV_C("why", db->message));
	else if (news == TOLD_WELL)
		np_log(NP_INFO, words->works, KV_I64("shard", no));
}

static void worker_forget(struct worker_shard *s)
{
	s->loaded = false;
	s->first_ms = 0;
}

static void worker_forget_all(struct worker *w)
{
	for (size_t i = 0; i < NP_SHARDS; i++)
		worker_forget(&w->shard[i]);
}

/* ---- writing ---- */

static void worker_count(struct worker *w, const struct flush_counts *n, int64_t us)
{
	metric_add(w->m.results, (int64_t)n->results);
	metric_add(w->m.duplicates, (int64_t)n->duplicates);
	metric_add(w->m.refused, (int64_t)n->refused);
	metric_add(w->m.unplaced, (int64_t)n->unplaced);
	metric_add(w->m.flushes, 1);
	metric_observe_us(w->m.flush_us, us);
}

/* After any failure memory is thrown away: the cursor tells what was written. */
static np_err worker_flush(struct worker *w, uint32_t no)
{
	struct worker_shard *s = &w->shard[no];
	struct flush_counts n = { 0 };
	int64_t start = clock_mono_us();
	struct store_cursor to = intake_to(s->in);
	np_err e = flush_run(w->c, s->in, &n);
	s->first_ms = 0;
	if (e != NP_E_FENCED)
		worker_tell(w, &s->told_flush, &flush_words, no, e);
	if (e == NP_OK) {
		worker_count(w, &n, clock_mono_us() - start);
		intake_start(s->in, &to);
		return NP_OK;
	}
	worker_forget(s);
	if (e == NP_E_FENCED) /* somebody else wrote: read on from there */
		return NP_OK;
	metric_add(w->m.failed, 1);
	return e;
}

static bool worker_is_due(const struct worker_shard *s)
{
	struct store_cursor from = intake_from(s->in), to = intake_to(s->in);
	size_t n = intake_len(s->in);
	int64_t after = n > 0 && n <= WORKER_FEW ? WORKER_FEW_MS : WORKER_MANY_MS;
	if (from.pos == to.pos && from.at_us == to.at_us)
		return false;
	return s->first_ms != 0 && clock_mono_ms() - s->first_ms >= after;
}

/* ---- reading ---- */

static np_err worker_load(struct worker *w, uint32_t no)
{
	struct worker_shard *s = &w->shard[no];
	struct store_cursor at = { 0 };
	np_err e = s->in != NULL ? NP_OK : NP_E_NOMEM;
	if (s->in == NULL)
		s->in = intake_new(no);
	if (s->in != NULL)
		e = store_cursor_read(w->c, no, &at);
	if (e < 0)
		return e;
	intake_start(s->in, &at);
	s->loaded = true;
	s->first_ms = 0;
	return NP_OK;
}

/* Everything that fits of the rows; *ret_taken of them. */
static np_err worker_take(struct worker *w, uint32_t no, const struct pg_res *res,
			  size_t *ret_taken)
{
	struct worker_shard *s = &w->shard[no];
	size_t i = 0;
	for (; i < pg_res_rows(res); i++) {
		struct store_cursor at = { (uint64_t)pg_res_i64(res, i, 0),
					   pg_res_time(res, i, 1) };
		np_err e;
		if (!intake_fits(s->in, at.at_us))
			break;
		e = intake_row(s->in, &at, pg_res_str(res, i, 2));
		if (e == NP_E_NOMEM || e == NP_E_LIMIT)
			return e;
		if (e < 0) {
			metric_add(w->m.unreadable, 1);
			np_log(NP_ERROR, "historian.unreadable_row", KV_I64("shard", no),
			       KV_U64("pos", at.pos), KV_ERR(e));
		}
		metric_add(w->m.rows, 1);
		if (s->first_ms == 0)
			s->first_ms = clock_mono_ms();
	}
	*ret_taken = i;
	return NP_OK;
}

/* Some rows of one shard; writes when it is full. *ret_more: call again. */
static np_err worker_read(struct worker *w, uint32_t no, uint64_t newest, bool *ret_more)
{
	NP_CLEANUP(pg_res_free_p) struct pg_res *res = NULL;
	struct worker_shard *s = &w->shard[no];
	struct store_cursor to;
	size_t taken = 0;
	np_err e = s->loaded ? NP_OK : worker_load(w, no);
	*ret_more = false;
	if (e < 0)
		return e;
	to = intake_to(s->in);
	if (to.pos >= newest)
		return NP_OK;
	e = store_log(w->c, no, &to, WORKER_ROWS, &res);
	if (e == NP_OK)
		e = worker_take(w, no, res, &taken);
	if (e < 0 || pg_res_rows(res) == 0)
		return e;
	*ret_more = true;
	if (taken == pg_res_rows(res))
		return NP_OK;
	intake_pass_time(s->in,
			 pg_res_time(res, taken, 1)); /* full, or a long silence in the log */
	return worker_flush(w, no);
}

static np_err worker_shard(struct worker *w, uint32_t no, uint64_t newest)
{
	bool more = true;
	np_err e = NP_OK;
	while (more && e == NP_OK && !atomic_load(&w->stopping)) {
		pg_conn_deadline(w->c, clock_mono_ms() + WORKER_ROUND_MS);
		e = worker_read(w, no, newest, &more);
	}
	if (e == NP_OK && w->shard[no].loaded && worker_is_due(&w->shard[no]))
		e = worker_flush(w, no);
	return e;
}

/* ---- rounds ---- */

static np_err worker_leases(struct worker *w)
{
	int64_t now = clock_mono_ms();
	uint32_t before = w->ours;
	np_err e;
	if (now < w->lease_at_ms)
		return NP_OK;
	e = store_lease_shards(w->c, w->cfg.name, WORKER_LEASE_MS, &w->ours);
	if (e < 0)
		return e;
	w->lease_at_ms = now + WORKER_LEASE_MS / 5;
	for (uint32_t i = 0; i < NP_SHARDS; i++)
		if ((before & ~w->ours) >> i & 1)
			worker_forget(&w->shard[i]); /* lost to somebody else */
	return NP_OK;
}

/* History does not wait for upkeep, and upkeep not for history. */
static void worker_upkeep(struct worker *w)
{
	int64_t now = clock_mono_ms();
	struct upkeep_done done;
	np_err e;
	if (now < w->upkeep_at_ms)
		return;
	e = upkeep_run(w->c, w->cfg.name, &w->cfg.keep, &done);
	metric_add(w->m.forgotten, done.gone);
	w->upkeep_at_ms = now + (e < 0 ? NP_MIN_MS : done.more ? UPKEEP_AGAIN_MS : UPKEEP_EVERY_MS);
	worker_tell(w, &w->told_upkeep, &upkeep_words, NP_SHARDS, e);
}

/* Rows that nobody reads any more, a few blocks a round; a failure is tried again later. */
static void worker_pack(struct worker *w)
{
	int64_t until_ms = clock_mono_ms() + WORKER_PACK_MS;
	uint32_t first = w->pack_from; /* where the time ran out: all shards get their turn */
	for (uint32_t k = 0; k < NP_SHARDS && clock_mono_ms() < until_ms; k++) {
		uint32_t i = (first + k) % NP_SHARDS;
		struct worker_shard *s = &w->shard[i];
		size_t rows = 1;
		w->pack_from = i;
		if ((w->ours >> i & 1) == 0 || clock_mono_ms() < s->pack_at_ms)
			continue;
		while (rows > 0 && clock_mono_ms() < until_ms) {
			np_err e = pack_turn(w->c, i, clock_wall_us(), &rows);
			worker_tell(w, &s->told_pack, &pack_words, i, e);
			if (e < 0)
				rows = 0;
			metric_add(w->m.packed, (int64_t)rows);
		}
		if (rows == 0)
			s->pack_at_ms = clock_mono_ms() + PACK_IDLE_MS;
	}
}

static np_err worker_round(struct worker *w)
{
	uint64_t newest[NP_SHARDS];
	int64_t lag = 0;
	np_err e = pg_conn_ready(w->c, clock_mono_ms() + WORKER_ROUND_MS);
	if (e == NP_OK)
		e = worker_leases(w);
	if (e == NP_OK)
		e = store_positions(w->c, newest);
	for (uint32_t i = 0; i < NP_SHARDS && e == NP_OK; i++) {
		if ((w->ours >> i & 1) == 0)
			continue;
		e = worker_shard(w, i, newest[i]);
		if (e == NP_OK && w->shard[i].loaded)
			lag += (int64_t)newest[i] - (int64_t)intake_to(w->shard[i].in).pos;
	}
	if (e < 0)
		return e;
	metric_set(w->m.lag, lag > 0 ? lag : 0);
	worker_pack(w);
	worker_upkeep(w);
	atomic_store(&w->worked_ms, clock_mono_ms());
	return NP_OK;
}

/* What was read is written, so that the next start has less to read; losing it is harmless. */
static void worker_finish(struct worker *w)
{
	int64_t until = clock_mono_ms() + WORKER_STOP_MS;
	for (uint32_t i = 0; i < NP_SHARDS && clock_mono_ms() < until; i++)
		if (w->shard[i].loaded && w->shard[i].first_ms != 0 &&
		    (pg_conn_ready(w->c, until) < 0 || worker_flush(w, i) < 0))
			return;
	if (pg_conn_ready(w->c, until) == NP_OK && store_lease_end(w->c, w->cfg.name) < 0)
		np_log_event(NP_WARN, "historian.leases_kept");
}

static void *worker_main(void *ctx)
{
	struct worker *w = ctx;
	struct told told = { 0 };
	while (!atomic_load(&w->stopping)) {
		np_err e = worker_round(w);
		if (e < 0)
			worker_forget_all(w);
		worker_tell(w, &told, &round_words, NP_SHARDS, e);
		(void)mbox_recv(w->wake, clock_mono_ms() + WORKER_POLL_MS);
	}
	worker_finish(w);
	return NULL;
}

static void worker_free(struct worker *w)
{
	for (size_t i = 0; i < NP_SHARDS; i++)
		intake_free(w->shard[i].in);
	pg_conn_free(w->c);
	mbox_free(w->wake, free);
	free(w);
}

np_err worker_start(const struct worker_cfg *cfg, struct worker **ret)
{
	struct worker *w = np_zalloc(sizeof *w);
	if (w == NULL)
		return NP_E_NOMEM;
	w->cfg = *cfg;
	w->wake = mbox_new(1);
	w->c = pg_conn_new(&cfg->database);
	if (w->wake == NULL || w->c == NULL) {
		worker_free(w);
		return NP_E_NOMEM;
	}
	worker_metrics(w);
	if (pthread_create(&w->thread, NULL, worker_main, w) != 0) {
		worker_free(w);
		return NP_E_NOMEM;
	}
	*ret = w;
	return NP_OK;
}

void worker_stop(struct worker *w)
{
	if (w == NULL)
		return;
	atomic_store(&w->stopping, true);
	mbox_close(w->wake);
	pthread_join(w->thread, NULL);
	worker_free(w);
}

bool worker_is_ready(const struct worker *w)
{
	int64_t worked = atomic_load(&w->worked_ms);
	return worked != 0 && clock_mono_ms() - worked < WORKER_READY_MS;
}
