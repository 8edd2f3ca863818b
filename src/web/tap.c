/* SPDX-License-Identifier: Apache-2.0 */
#include "web/tap.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/map.h"
#include "base/str.h"
#include "redis/sub.h"
#include "web/waits.h"
#include "wire/live.h"

struct tap {
	struct web *web;
	struct sub *sub;
	struct arena *arena; /* of one message */
	struct map *orgs;    /* organisation -> struct orgfeed */
	char incarnation[TAP_INCARNATION_MAX];
	struct tap_shard shard[NP_SHARDS];
	bool stale[NP_SHARDS]; /* of the message at hand */
	bool behind, was_up;
	struct metric *messages, *refused, *stales, *gaps, *results, *lag;
};

enum tap_verdict tap_stamp(struct tap_shard *s, uint64_t token, uint64_t live)
{
	if (token < s->token)
		return TAP_STALE;
	bool known = s->token == token && s->live > 0;
	bool gap = known && live > s->live + 1;
	if (!known || live > s->live)
		s->live = live;
	s->token = token;
	return gap ? TAP_GAP : TAP_TAKE;
}

static void drop_org(void *org)
{
	orgfeed_free(org);
}

struct orgfeed *tap_org(struct tap *f, uint64_t org)
{
	struct orgfeed *o = map_get(f->orgs, org);
	if (o)
		return o;
	const struct orgfeed_cfg cfg = { .loop = f->web->loop, .incarnation = f->incarnation };
	o = orgfeed_new(&cfg);
	if (o)
		orgfeed_behind(o, f->behind);
	if (o && map_put(f->orgs, org, o, NULL) < 0) {
		orgfeed_free(o);
		o = NULL;
	}
	return o;
}

static void each_org(struct tap *f, void (*fn)(struct orgfeed *o))
{
	size_t pos = 0;
	uint64_t key;
	void *o;
	while (map_next(f->orgs, &pos, &key, &o))
		fn(o);
}

static bool read_stamps(struct tap *f, const Np__I1__LiveMsg *m)
{
	bool gap = false;
	memset(f->stale, 0, sizeof f->stale);
	for (size_t i = 0; i < m->n_stamps; i++) {
		const Np__I1__ShardStamp *s = m->stamps[i];
		enum tap_verdict v = tap_stamp(&f->shard[s->shard], s->token, s->live);
		f->stale[s->shard] = v == TAP_STALE;
		metric_add(f->stales, v == TAP_STALE);
		metric_add(f->gaps, v == TAP_GAP);
		gap = gap || v == TAP_GAP;
	}
	return gap;
}

static void read_group(struct tap *f, const Np__I1__LiveGroup *g, bool all_stale)
{
	for (size_t i = 0; i < g->n_notes; i++)
		waits_note(f->web->waits, g->notes[i]->inbox_id.data);
	struct orgfeed *o = tap_org(f, g->org);
	if (!o)
		return;
	for (size_t i = 0; i < g->n_results; i++) {
		if (f->stale[g->results[i]->shard])
			continue;
		orgfeed_result(o, g->results[i]);
		metric_observe_us(f->lag, clock_wall_us() - g->results[i]->end_us);
	}
	for (size_t i = 0; i < g->n_states; i++)
		if (!f->stale[g->states[i]->shard])
			orgfeed_state(o, g->states[i]);
	for (size_t i = 0; i < g->n_incidents && !all_stale; i++)
		orgfeed_incident(o, g->incidents[i]);
	metric_add(f->results, (int64_t)g->n_results);
	orgfeed_kick(o);
}

/* What is told at the fold says so itself, or that alone when nothing can be folded; what
 * was committed shows that it is over. */
static void set_behind(struct tap *f, const Np__I1__LiveMsg *m)
{
	bool behind = m->behind || (m->n_stamps == 0 && m->n_committed == 0 && f->behind);
	if (behind == f->behind)
		return;
	f->behind = behind;
	size_t pos = 0;
	uint64_t key;
	void *org;
	while (map_next(f->orgs, &pos, &key, &org)) {
		orgfeed_behind(org, behind);
		orgfeed_kick(org);
	}
}

static bool is_all_stale(const struct tap *f, const Np__I1__LiveMsg *m)
{
	for (size_t i = 0; i < m->n_stamps; i++)
		if (!f->stale[m->stamps[i]->shard])
			return false;
	return m->n_stamps > 0;
}

static void on_message(void *ctx, np_str channel, np_str message)
{
	struct tap *f = ctx;
	Np__I1__LiveMsg *m = NULL;
	(void)channel;
	metric_add(f->messages, 1);
	arena_reset(f->arena);
	if (message.n > LIVE_MSG_MAX || live_open(f->web->seal, message, f->arena, &m) < 0) {
		metric_add(f->refused, 1);
		return;
	}
	if (read_stamps(f, m))
		each_org(f, orgfeed_reset);
	bool all_stale = is_all_stale(f, m);
	if (!all_stale)
		set_behind(f, m);
	for (size_t i = 0; i < m->n_groups; i++)
		read_group(f, m->groups[i], all_stale);
}

/* Subscribed again: what was said in between is lost. */
static void on_connected(void *ctx)
{
	struct tap *f = ctx;
	if (f->was_up)
		each_org(f, orgfeed_reset);
	f->was_up = true;
	memset(f->shard, 0, sizeof f->shard);
	np_log_event(NP_INFO, "live.connected");
}

static void on_lost(void *ctx, const char *why)
{
	(void)ctx;
	np_log(NP_WARN, "live.lost", KV_C("why", why));
}

static void count(struct tap *f)
{
	struct metrics *m = f->web->metrics;
	f->messages = metrics_get(m, METRIC_COUNTER, "netpulse_web_live_messages_total", "",
				  "Messages of engines.");
	f->refused = metrics_get(m, METRIC_COUNTER, "netpulse_web_live_refused_total", "",
				 "Messages whose seal or form did not hold.");
	f->stales = metrics_get(m, METRIC_COUNTER, "netpulse_web_live_stale_total", "",
				"Shards that spoke under an old token.");
	f->gaps = metrics_get(m, METRIC_COUNTER, "netpulse_web_live_gaps_total", "",
			      "Live messages that never came.");
	f->results = metrics_get(m, METRIC_COUNTER, "netpulse_web_live_results_total", "",
				 "Results seen live.");
	f->lag = metrics_get(m, METRIC_HIST_US, "netpulse_web_check_to_web_seconds", "",
			     "From the end of a check to this server.");
}

struct tap *tap_new(struct web *w, const struct redis_conf *redis)
{
	struct tap *f = np_zalloc(sizeof *f);
	if (!f)
		return NULL;
	f->web = w;
	snprintf(f->incarnation, sizeof f->incarnation, "%llx", (unsigned long long)rnd_u64());
	count(f);
	f->arena = arena_new(LIVE_ARENA_MAX);
	f->orgs = map_new(TAP_ORGS_MAX);
	const struct sub_cfg cfg = { .conf = *redis,
				     .message = on_message,
				     .connected = on_connected,
				     .lost = on_lost,
				     .ctx = f };
	f->sub = f->arena && f->orgs ? sub_new(w->loop, &cfg) : NULL;
	if (!f->sub || sub_add(f->sub, NP_STR(LIVE_CHANNEL)) < 0) {
		tap_free(f);
		return NULL;
	}
	return f;
}

void tap_free(struct tap *f)
{
	if (!f)
		return;
	sub_free(f->sub);
	map_free(f->orgs, drop_org);
	arena_free(f->arena);
	free(f);
}

const char *tap_incarnation(const struct tap *f)
{
	return f->incarnation;
}

bool tap_is_up(const struct tap *f)
{
	return sub_is_up(f->sub);
}

bool tap_is_behind(const struct tap *f)
{
	return f->behind;
}
