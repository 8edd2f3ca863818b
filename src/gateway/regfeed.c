/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/regfeed.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/str.h"
#include "gateway/store.h"

#define SERIALS_MAX 256 /* told in one read */

struct regfeed {
	struct regfeed_cfg cfg;
	struct pg_conn *conn; /* the worker's while `running` */
	struct loop_timer *timer;
	bool running, again, loaded, up, stopped;
	bool told;               /* its state was logged */
	struct gw_checker *used; /* list: serials to be told */
	struct metric *m_reads, *m_failed, *m_unreadable, *m_age;
	int64_t merged_ms;
	/* of the read under way */
	np_err err;
	struct store_rows rows;
	char since[STORE_XID_MAX], next[STORE_XID_MAX];
	struct regfeed_serial {
		uint64_t checker;
		char serial[IDENT_SERIAL_MAX + 1];
		bool told;
	} serial[SERIALS_MAX];
	size_t n_serials;
};

static void tell_serials(struct regfeed *f)
{
	for (size_t i = 0; i < f->n_serials; i++) {
		struct regfeed_serial *s = &f->serial[i];
		s->told = store_serial_used(f->conn, s->checker, s->serial) == NP_OK;
		if (!s->told)
			return;
	}
}

/* Transaction numbers that went backwards: another cluster, everything anew. */
static bool went_back(const char *since, const char *next)
{
	uint64_t a = 0, b = 0;
	if (str_to_u64(str_from_c(since), &a) < 0 || str_to_u64(str_from_c(next), &b) < 0)
		return true;
	return b < a;
}

static void run(void *ctx)
{
	struct regfeed *f = ctx;
	np_err e = pg_conn_ready(f->conn, clock_mono_ms() + FEED_DEADLINE_MS);
	if (e == NP_OK) {
		tell_serials(f);
		e = store_xmin(f->conn, f->next);
	}
	if (e == NP_OK && went_back(f->since, f->next))
		memcpy(f->since, "0", 2);
	if (e == NP_OK)
		e = store_read(f->conn, f->since, &f->rows);
	f->err = e;
}

static void count_failed(np_err e, size_t *failed)
{
	if (e < 0)
		++*failed;
}

static void merge(struct regfeed *f)
{
	struct world *w = f->cfg.world;
	struct store_rows *r = &f->rows;
	size_t failed = 0;
	for (size_t i = 0; i < r->n_regions; i++)
		count_failed(world_put_region(w, &r->regions[i]), &failed);
	for (size_t i = 0; i < r->n_checkers; i++)
		count_failed(world_put_checker(w, &r->checkers[i]), &failed);
	for (size_t i = 0; i < r->n_memberships; i++)
		count_failed(world_put_membership(w, &r->memberships[i]), &failed);
	for (size_t i = 0; i < r->n_monitors; i++)
		count_failed(world_put_monitor(w, &r->monitors[i]), &failed);
	for (size_t i = 0; i < r->n_gone; i++)
		world_del_monitor(w, r->gone[i]);
	world_put_private(w, &r->private_orgs, r->n_private);
	metric_add(f->m_unreadable, (int64_t)r->unreadable);
	if (failed == 0)
		memcpy(f->since, f->next, sizeof f->since); /* else: the same rows again */
}

static void forget_told(struct regfeed *f)
{
	for (size_t i = 0; i < f->n_serials; i++) {
		struct gw_checker *c = world_checker(f->cfg.world, f->serial[i].checker);
		if (!c)
			continue;
		if (!f->serial[i].told)
			regfeed_serial_used(f, c);
		else if (strcmp(c->used_serial, f->serial[i].serial) == 0)
			c->used_serial[0] = '\0';
	}
	f->n_serials = 0;
}

static void note_state(struct regfeed *f, bool up)
{
	if (f->told && up == f->up)
		return;
	if (!up)
		np_log(NP_WARN, "registry.away", KV_ERR(f->err),
		       KV_C("why", pg_conn_error(f->conn)->message));
	else if (f->told)
		np_log_event(NP_INFO, "registry.back");
	f->told = true;
	f->up = up;
}

static void done(void *ctx)
{
	struct regfeed *f = ctx;
	f->running = false;
	forget_told(f);
	note_state(f, f->err == NP_OK);
	metric_add(f->err == NP_OK ? f->m_reads : f->m_failed, 1);
	if (f->err == NP_OK && !f->stopped) {
		merge(f);
		f->merged_ms = loop_now_ms(f->cfg.loop);
		f->loaded = true;
		world_settle(f->cfg.world);
		f->cfg.merged(f->cfg.ctx);
	}
	store_rows_free(&f->rows);
	if (f->stopped)
		return;
	/* A failed read is not repeated for a nudge: the database has its back-off. */
	loop_timer_at(f->timer,
		      loop_now_ms(f->cfg.loop) + (f->again && f->err == NP_OK ? 5 : FEED_EVERY_MS));
	f->again = false;
}

static void take_serials(struct regfeed *f)
{
	while (f->used && f->n_serials < SERIALS_MAX) {
		struct gw_checker *c = f->used;
		f->used = c->used_next;
		c->used_next = NULL;
		struct regfeed_serial *s = &f->serial[f->n_serials++];
		s->checker = c->id;
		memcpy(s->serial, c->used_serial, sizeof s->serial);
		s->told = false;
	}
}

static void start(void *ctx)
{
	struct regfeed *f = ctx;
	if (f->stopped)
		return;
	metric_set(f->m_age, (loop_now_ms(f->cfg.loop) - f->merged_ms) * NP_MS_US);
	if (f->running) {
		f->again = true;
		return;
	}
	take_serials(f);
	f->running = loop_work(f->cfg.loop, run, done, f) == NP_OK;
	if (!f->running) {
		f->err = NP_E_LIMIT;
		forget_told(f);
		loop_timer_at(f->timer, loop_now_ms(f->cfg.loop) + FEED_EVERY_MS);
	}
}

struct regfeed *regfeed_new(const struct regfeed_cfg *cfg)
{
	struct regfeed *f = np_zalloc(sizeof *f);
	if (!f)
		return NULL;
	f->cfg = *cfg;
	memcpy(f->since, "0", 2);
	f->conn = pg_conn_new(&cfg->pg);
	f->timer = loop_timer_new(cfg->loop, start, f);
	if (!f->conn || !f->timer) {
		regfeed_stop(f);
		regfeed_free(f);
		return NULL;
	}
	f->m_reads =
		metrics_get(cfg->metrics, METRIC_COUNTER, "netpulse_gateway_registry_reads_total",
			    "", "Reads of the registry that worked");
	f->m_failed = metrics_get(cfg->metrics, METRIC_COUNTER,
				  "netpulse_gateway_registry_reads_failed_total", "",
				  "Reads of the registry that failed");
	f->m_unreadable = metrics_get(cfg->metrics, METRIC_COUNTER,
				      "netpulse_gateway_registry_unreadable_total", "",
				      "Definitions of monitors that made no sense");
	f->m_age =
		metrics_get(cfg->metrics, METRIC_GAUGE_US, "netpulse_gateway_registry_age_seconds",
			    "", "Time since the registry was last read");
	loop_timer_at(f->timer, 0);
	return f;
}

void regfeed_stop(struct regfeed *f)
{
	f->stopped = true;
	loop_timer_free(np_take(f->timer));
}

void regfeed_free(struct regfeed *f)
{
	if (!f)
		return;
	assert(!f->running && !f->timer);
	pg_conn_free(f->conn);
	free(f);
}

void regfeed_nudge(struct regfeed *f)
{
	if (f->stopped)
		return;
	if (f->running)
		f->again = true;
	else
		loop_timer_at(f->timer, 0);
}

bool regfeed_is_loaded(const struct regfeed *f)
{
	return f->loaded;
}

void regfeed_serial_used(struct regfeed *f, struct gw_checker *c)
{
	for (struct gw_checker *k = f->used; k; k = k->used_next)
		if (k == c)
			return;
	c->used_next = f->used;
	f->used = c;
	regfeed_nudge(f);
}
