/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/say.h"

#include "base/arena.h"
#include "base/clock.h"
#include "base/str.h"
#include "wire/ack.h"
#include "wire/job.h"
#include "wire/live.h"

#define SAY_ARENA_MAX ((size_t)32 * 1024 * 1024)
#define SAY_PIPE 1024
#define SAY_DEADLINE_MS 1000
#define SAY_BEHIND_MS 1000 /* being behind is said again, to whoever comes later */

struct say_org {
	struct say_org *next; /* in this tick */
	Np__I1__LiveGroup msg;
	size_t cap;
	uint64_t tick;
};
struct say {
	struct say_cfg cfg;
	struct arena *arena; /* of this tick */
	struct map *orgs;    /* org -> struct say_org */
	struct say_org *first;
	uint64_t tick, job_id;
	size_t results, org_n, queued;
	uint32_t shards; /* that speak in this tick */
	uint64_t token[NP_SHARDS], live[NP_SHARDS];
	bool behind;
	int64_t behind_ms; /* said next, monotonic */
	struct buf text;
	struct metric *messages, *failures, *rewinds, *jobs;
};

struct say *say_new(const struct say_cfg *cfg)
{
	struct say *s = np_zalloc(sizeof *s);
	if (!s)
		return NULL;
	s->cfg = *cfg;
	s->tick = 1;
	s->job_id = (uint64_t)clock_wall_us();
	s->arena = arena_new(SAY_ARENA_MAX);
	s->orgs = map_new(1 << 20);
	buf_init(&s->text, LIVE_MSG_MAX);
	if (!s->arena || !s->orgs) {
		say_free(s);
		return NULL;
	}
	s->messages =
		metrics_get(cfg->metrics, METRIC_COUNTER, "netpulse_engine_live_messages_total", "",
			    "Live messages published at fold");
	s->failures =
		metrics_get(cfg->metrics, METRIC_COUNTER, "netpulse_engine_live_failures_total", "",
			    "Live messages that Redis did not take");
	s->rewinds = metrics_get(cfg->metrics, METRIC_COUNTER, "netpulse_engine_rewinds_total", "",
				 "Gaps answered with REWIND");
	s->jobs = metrics_get(cfg->metrics, METRIC_COUNTER, "netpulse_engine_jobs_total", "",
			      "Check-now sent to regions");
	return s;
}

static void org_free(void *value)
{
	struct say_org *o = value;
	free(o->msg.results);
	free(o);
}

void say_free(struct say *s)
{
	if (!s)
		return;
	buf_done(&s->text);
	if (s->orgs)
		map_free(s->orgs, org_free);
	arena_free(s->arena);
	free(s);
}

void say_set_token(struct say *s, uint32_t shard, uint64_t token)
{
	s->token[shard] = token;
}

void say_set_behind(struct say *s, bool behind)
{
	if (behind == s->behind)
		return;
	s->behind = behind;
	s->behind_ms = 0;
}

uint64_t say_live(const struct say *s, uint32_t shard)
{
	return s->live[shard];
}

bool say_is_full(const struct say *s)
{
	return s->results >= SAY_RESULTS_FULL;
}

/* ---- results ---- */

static struct say_org *org_of(struct say *s, uint64_t org)
{
	struct say_org *o = map_get(s->orgs, org);
	if (!o) {
		o = np_zalloc(sizeof *o);
		if (!o || map_put(s->orgs, org, o, NULL) < 0) {
			free(o);
			return NULL;
		}
		o->msg = (Np__I1__LiveGroup)NP__I1__LIVE_GROUP__INIT;
		o->msg.org = org;
	}
	if (o->tick != s->tick) {
		o->tick = s->tick;
		o->msg.n_results = 0;
		o->next = s->first;
		s->first = o;
		s->org_n++;
	}
	return o;
}

static bool grow(struct say_org *o)
{
	size_t cap = o->cap ? 2 * o->cap : 16;
	void *grown = np_reallocarray(o->msg.results, cap, sizeof *o->msg.results);
	if (!grown)
		return false;
	o->msg.results = grown;
	o->cap = cap;
	return true;
}

void say_result(struct say *s, struct fx_result *r)
{
	struct say_org *o = org_of(s, r->org);
	if (!o)
		return;
	if ((o->msg.n_results == o->cap || !o->msg.results) && !grow(o))
		return; /* not told at once; history has it */
	o->msg.results[o->msg.n_results++] = &r->msg;
	s->shards |= UINT32_C(1) << r->msg.shard;
	s->results++;
}

static size_t stamps(struct say *s, Np__I1__ShardStamp *of, Np__I1__ShardStamp **list)
{
	size_t n = 0;
	for (uint32_t i = 0; i < NP_SHARDS; i++) {
		if (!(s->shards >> i & 1))
			continue;
		of[n] = (Np__I1__ShardStamp)NP__I1__SHARD_STAMP__INIT;
		of[n].shard = i;
		of[n].token = s->token[i];
		of[n].live = ++s->live[i];
		list[n] = &of[n];
		n++;
	}
	return n;
}

static void queue(struct say *s, np_str channel, np_str message)
{
	struct redis_args a;
	redis_args_init(&a, "PUBLISH");
	redis_args_add(&a, channel);
	redis_args_add(&a, message);
	np_err e = redis_queue(s->cfg.redis, &a);
	if (e == NP_OK && ++s->queued >= SAY_PIPE) {
		e = redis_flush(s->cfg.redis);
		s->queued = 0;
	}
	if (e < 0)
		metric_add(s->failures, 1);
}

static void flush_results(struct say *s)
{
	Np__I1__ShardStamp of[NP_SHARDS], *list[NP_SHARDS];
	Np__I1__LiveMsg m = NP__I1__LIVE_MSG__INIT;
	if (s->results == 0)
		return;
	m.groups = arena_calloc(s->arena, s->org_n, sizeof *m.groups);
	if (!m.groups)
		return;
	for (struct say_org *o = s->first; o; o = o->next)
		m.groups[m.n_groups++] = &o->msg;
	m.engine = fx_c(str_from_c(s->cfg.engine));
	m.behind = s->behind;
	m.stamps = list;
	m.n_stamps = stamps(s, of, list);
	buf_reset(&s->text);
	if (live_put(s->cfg.seal, &m, &s->text) == NP_OK)
		queue(s, NP_STR(LIVE_CHANNEL), buf_str(&s->text));
	metric_add(s->messages, 1);
}

/* ---- jobs and rewinds: queued at once, sent with the next flush ---- */

static bool is_up(struct say *s)
{
	return redis_ready(s->cfg.redis, clock_mono_ms() + SAY_DEADLINE_MS) == NP_OK;
}

void say_job(struct say *s, const struct fx_job *j)
{
	char channel[JOB_CHANNEL_MAX];
	Np__I1__JobRecord job = NP__I1__JOB_RECORD__INIT;
	job.id = ++s->job_id;
	job.monitor = j->monitor;
	job.revision = j->revision;
	job.region = j->region;
	job.asked_us = j->asked_us;
	buf_reset(&s->text);
	if (is_up(s) && job_put(s->cfg.seal, &job, &s->text) == NP_OK)
		queue(s, job_channel(j->region, channel), buf_str(&s->text));
	metric_add(s->jobs, 1);
}

void say_rewind(struct say *s, np_str gateway, const Np__I1__AckRecord *rewind)
{
	char channel[ACK_CHANNEL_MAX];
	Np__I1__AckRecord own = *rewind, *list[] = { &own };
	Np__I1__AckBatch b = NP__I1__ACK_BATCH__INIT;
	b.acks = list;
	b.n_acks = 1;
	buf_reset(&s->text);
	if (is_up(s) && ack_put(s->cfg.seal, gateway, &b, &s->text) == NP_OK)
		queue(s, ack_channel(gateway, channel), buf_str(&s->text));
	metric_add(s->rewinds, 1);
}

void say_clear(struct say *s)
{
	arena_reset(s->arena);
	s->first = NULL;
	s->tick++;
	s->results = s->org_n = 0;
	s->shards = 0;
}

void say_send(struct say *s)
{
	if (s->queued > 0 && redis_flush(s->cfg.redis) < 0)
		metric_add(s->failures, 1);
	s->queued = 0;
}

/* While the committer waits for its database nothing is folded any more, once its queue is
 * full: the screen hears why all the same. */
static void say_behind(struct say *s)
{
	Np__I1__LiveMsg m = NP__I1__LIVE_MSG__INIT;
	int64_t now_ms = clock_mono_ms();
	if (!s->behind || now_ms < s->behind_ms || !is_up(s))
		return;
	s->behind_ms = now_ms + SAY_BEHIND_MS;
	m.engine = fx_c(str_from_c(s->cfg.engine));
	m.behind = true;
	buf_reset(&s->text);
	if (live_put(s->cfg.seal, &m, &s->text) == NP_OK)
		queue(s, NP_STR(LIVE_CHANNEL), buf_str(&s->text));
	metric_add(s->messages, 1);
}

void say_flush(struct say *s)
{
	say_behind(s);
	if (s->results > 0 && is_up(s))
		flush_results(s);
	say_send(s);
	say_clear(s);
}
