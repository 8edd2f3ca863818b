/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/gateway.h"

#include "base/clock.h"
#include "base/crypt.h"
#include "base/log.h"
#include "base/role.h"
#include "base/str.h"
#include "gateway/admit.h"
#include "gateway/answer.h"
#include "gateway/bus.h"
#include "gateway/peer.h"
#include "gateway/post.h"
#include "gateway/heard.h"
#include "gateway/pressure.h"
#include "net/admin.h"
#include "pg/pgconf.h"
#include "redis/redisconf.h"
#include "wire/seal.h"

#define FRAME_BUF_MAX (FRAME_MAX + 64)
#define ARENA_MAX \
	((size_t)16 * 1024 * 1024) /* the largest decoded message, and what is made of it */
#define QUEUE_BYTES_FALLBACK "536870912"
#define MEMORY_BYTES_FALLBACK "268435456"

static const struct conf_item items[] = {
	PG_CONF_ITEMS,
	REDIS_CONF_ITEMS,
	{ .key = "name", .kind = CONF_STR, .required = true },
	{ .key = "hmac_key_file", .kind = CONF_STR, .required = true },
	{ .key = "admin.listen", .kind = CONF_STR },
	ROLE_CONF_ITEMS,
	{ .key = "listen", .kind = CONF_STR, .required = true },
	{ .key = "tls.cert_file", .kind = CONF_STR, .required = true },
	{ .key = "tls.key_file", .kind = CONF_STR, .required = true },
	{ .key = "tls.edge_root_file", .kind = CONF_STR, .required = true },
	{ .key = "queue.max_bytes",
	  .kind = CONF_INT,
	  .min = 0,
	  .max = INT64_MAX,
	  .fallback = QUEUE_BYTES_FALLBACK },
	{ .key = "memory.max_bytes",
	  .kind = CONF_INT,
	  .min = 0,
	  .max = INT64_MAX,
	  .fallback = MEMORY_BYTES_FALLBACK },
};
static const struct arg_opt opts[] = {
	{ "config", "FILE", "this role's configuration", NULL },
};
static const struct arg_spec spec = {
	.usage = "netpulse gateway --config FILE",
	.about = "Take results from checkers over mutual TLS and queue them for the engines.",
	.opts = opts,
	.n = NP_LEN(opts),
};

struct gateway {
	struct gw g;
	const struct conf *conf;
	struct admin *admin;
	struct loop_timer *tick, *linger;
	uint32_t ticks;
	bool listening;
	np_err err; /* why the loop was stopped */
	struct buf *why;
};

static void listen_when_known(struct gateway *w);

/* ---- what the world tells ---------------------------------------------------------------- */

static void on_changed(void *ctx, struct gw_checker *c, uint64_t monitor)
{
	(void)ctx;
	if (c->peer)
		peer_mark(c->peer, monitor);
}

static void on_settled(void *ctx)
{
	struct gateway *w = ctx;
	peers_flush_assign(&w->g);
	listen_when_known(w);
}

static void on_banned(void *ctx, struct gw_checker *c)
{
	admit_ban(&((struct gateway *)ctx)->g, c);
}

/* ---- listening --------------------------------------------------------------------------- */

static const struct httpd_route routes[] = {
	{ .method = "GET", .pattern = "/v1/stream", .fn = peer_stream },
	{ .method = "POST",
	  .pattern = "/v1/results",
	  .body_max = POST_BODY_MAX,
	  .fn = post_results },
};

static void on_refused(void *ctx, const struct addr *peer, const char *why)
{
	struct gw *g = ctx;
	(void)peer;
	gw_count(g, GW_C_REFUSED_TLS);
	np_log(NP_DEBUG, "handshake.failed", KV_C("why", why));
}

static np_err start_listening(struct gateway *w)
{
	struct gw *g = &w->g;
	const struct httpd_cfg hc = {
		.routes = routes,
		.n_routes = NP_LEN(routes),
		.before = admit_request,
		.ctx = g,
	};
	const struct listen_cfg lc = {
		.address = conf_str(w->conf, "listen"),
		.tls = g->tls,
		.on_refused = on_refused,
		.ctx = g,
	};
	g->httpd = httpd_new(g->loop, &hc);
	if (!g->httpd)
		return NP_E_NOMEM;
	np_err e = httpd_listen(g->httpd, &lc, w->why);
	if (e < 0)
		return e;
	w->listening = true;
	np_log(NP_INFO, "gateway.listening", KV_C("address", lc.address),
	       KV_U64("checkers", world_checkers(g->world)),
	       KV_U64("monitors", world_monitors(g->world)));
	return NP_OK;
}

/* Not before the whole registry is merged and every owner picked: checkers would be unknown, or
 * told to forget what they run. */
static void listen_when_known(struct gateway *w)
{
	struct gw *g = &w->g;
	if (w->listening || g->stopping || !regfeed_is_loaded(g->feed) ||
	    !world_is_settled(g->world))
		return;
	np_err e = start_listening(w);
	if (e < 0) {
		w->err = e;
		loop_stop(g->loop);
	}
}

static bool is_ready(void *ctx)
{
	const struct gateway *w = ctx;
	return w->listening && !w->g.stopping && regfeed_is_loaded(w->g.feed) &&
	       aredis_is_up(w->g.redis) && w->g.acks_up;
}

static void on_merged(void *ctx)
{
	struct gateway *w = ctx;
	peers_flush_assign(&w->g);
	listen_when_known(w);
}

/* ---- time -------------------------------------------------------------------------------- */

static void reload_tls(void *ctx)
{
	struct gateway *w = ctx;
	NP_CLEANUP(buf_done) struct buf why;
	buf_init(&why, 1024);
	np_err e = tls_reload(w->g.tls, &why);
	if (e < 0)
		np_log(NP_ERROR, "tls.reload_failed", KV_ERR(e), KV_STR("why", buf_str(&why)));
	else
		np_log_event(NP_INFO, "tls.reloaded");
}

static void set_gauges(struct gateway *w)
{
	struct gw *g = &w->g;
	metric_set(g->gauge[GW_G_STREAMS], (int64_t)peers_len(g->peers));
	metric_set(g->gauge[GW_G_CONNS], g->httpd ? (int64_t)httpd_conns(g->httpd) : 0);
	metric_set(g->gauge[GW_G_HANDSHAKES], g->httpd ? (int64_t)httpd_handshakes(g->httpd) : 0);
	metric_set(g->gauge[GW_G_READY], is_ready(w));
	metric_set(g->gauge[GW_G_PENDING], (int64_t)pends_len(g->pends));
	metric_set(g->gauge[GW_G_PENDING_BYTES], (int64_t)pends_bytes(g->pends));
	metric_set(g->gauge[GW_G_CHECKERS], (int64_t)world_checkers(g->world));
	metric_set(g->gauge[GW_G_MONITORS], (int64_t)world_monitors(g->world));
	metric_set(g->gauge[GW_G_PRESSED], pressure_now(g) != NULL);
}

static void on_tick(void *ctx)
{
	struct gateway *w = ctx;
	struct gw *g = &w->g;
	answer_overdue(g);
	peers_tick(g);
	set_gauges(w);
	if (++w->ticks % GW_TLS_EVERY_TICKS == 0 && tls_is_stale(g->tls))
		reload_tls(w);
	loop_timer_at(w->tick, loop_now_ms(g->loop) + GW_TICK_MS);
}

/* ---- stopping: no new batches, the answers under way, then the end ---------------------------- */

static void on_lingered(void *ctx)
{
	struct gateway *w = ctx;
	struct gw *g = &w->g;
	if (pends_len(g->pends) > 0 && loop_now_ms(g->loop) < w->g.stop_ms) {
		loop_timer_at(w->linger, loop_now_ms(g->loop) + 20);
		return;
	}
	peers_close_all(g);
	heard_flush(g);
	loop_stop(g->loop);
}

static void on_httpd_stopped(void *ctx)
{
	(void)ctx; /* the lingering ends it all */
}

static void on_stop(void *ctx)
{
	struct gateway *w = ctx;
	struct gw *g = &w->g;
	if (g->stopping) {
		loop_stop(g->loop); /* told twice */
		return;
	}
	np_log_event(NP_INFO, "gateway.stopping");
	g->stopping = true;
	g->stop_ms = loop_now_ms(g->loop) + GW_STOP_MS;
	if (g->httpd)
		httpd_stop(g->httpd, g->stop_ms, on_httpd_stopped, w);
	loop_timer_at(w->linger, 0);
}

/* ---- start and end -------------------------------------------------------------------------- */

static np_err make_parts(struct gateway *w)
{
	struct gw *g = &w->g;
	const struct world_cfg wc = { .loop = g->loop,
				      .changed = on_changed,
				      .settled = on_settled,
				      .banned = on_banned,
				      .ctx = w };
	g->arena = arena_new(ARENA_MAX);
	g->world = world_new(&wc);
	g->peers = peers_new();
	g->pends = pends_new();
	g->presence = heard_new(g);
	w->tick = loop_timer_new(g->loop, on_tick, w);
	w->linger = loop_timer_new(g->loop, on_lingered, w);
	bool made =
		g->arena && g->world && g->peers && g->pends && g->presence && w->tick && w->linger;
	return made ? NP_OK : NP_E_NOMEM;
}

static np_err make_tls(struct gateway *w)
{
	const struct tls_cfg tc = {
		.use = TLS_LINK_SERVER,
		.cert_file = conf_str(w->conf, "tls.cert_file"),
		.key_file = conf_str(w->conf, "tls.key_file"),
		.root_file = conf_str(w->conf, "tls.edge_root_file"),
	};
	return tls_new(&tc, &w->g.tls, w->why);
}

static np_err make_links(struct gateway *w)
{
	struct gw *g = &w->g;
	const struct pressure_cfg pc = {
		.queue_max = (uint64_t)conf_int(w->conf, "queue.max_bytes"),
		.memory_max = (uint64_t)conf_int(w->conf, "memory.max_bytes"),
	};
	const struct regfeed_cfg fc = { .loop = g->loop,
					.world = g->world,
					.metrics = g->metrics,
					.pg = pg_conf_from(w->conf),
					.merged = on_merged,
					.ctx = w };
	const struct redis_conf rc = redis_conf_from(w->conf);
	g->feed = regfeed_new(&fc);
	if (!g->feed)
		return NP_E_NOMEM;
	np_err e = bus_start(g, &rc);
	if (e < 0)
		return e;
	g->pressure = pressure_new(g, &pc);
	return g->pressure ? NP_OK : NP_E_NOMEM;
}

static np_err make_admin(struct gateway *w)
{
	struct gw *g = &w->g;
	const struct admin_cfg ac = { .listen = conf_str(w->conf, "admin.listen"),
				      .metrics = g->metrics,
				      .ready = is_ready,
				      .ctx = w };
	np_err e = ac.listen ? admin_start(g->loop, &ac, &w->admin, w->why) : NP_OK;
	if (e == NP_OK)
		e = loop_on_stop(g->loop, on_stop, w);
	return e < 0 ? e : loop_on_reload(g->loop, reload_tls, w);
}

static void raise_fds(void)
{
	uint64_t limit = 0;
	if (loop_raise_fds(&limit) < 0 || limit < LOOP_FDS_LOW)
		np_log(NP_WARN, "descriptors.few", KV_U64("limit", limit),
		       KV_C("hint", "raise the open files limit (ulimit -n 20000)"));
}

static np_err start(struct gateway *w)
{
	struct gw *g = &w->g;
	raise_fds();
	np_err e = seal_load(conf_str(w->conf, "hmac_key_file"), &g->seal, w->why);
	if (e == NP_OK)
		e = make_tls(w);
	if (e == NP_OK)
		e = make_parts(w);
	if (e == NP_OK)
		e = make_links(w);
	if (e == NP_OK)
		e = make_admin(w);
	if (e == NP_OK)
		loop_timer_at(w->tick, 0);
	return e;
}

/* In the order that lets each still use what it needs; works for half-made ones. */
static void end(struct gateway *w)
{
	struct gw *g = &w->g;
	g->stopping = true;
	admin_free(w->admin);
	if (g->feed)
		regfeed_stop(g->feed);
	if (g->world)
		world_stop(g->world);
	if (g->peers)
		peers_close_all(g);
	while (g->pends && pends_len(g->pends) > 0)
		answer_again(g, pends_first(g->pends), "the gateway is stopping");
	bus_stop(g);
	httpd_free(np_take(g->httpd));
	pressure_free(g->pressure);
	heard_free(g->presence);
	loop_timer_free(w->tick);
	loop_timer_free(w->linger);
	loop_free(g->loop);
	regfeed_free(g->feed);
	pends_free(g->pends);
	peers_free(g->peers);
	world_free(g->world);
	tls_free(g->tls);
	arena_free(g->arena);
	buf_done(&g->frame);
	buf_done(&g->record);
	seal_free(g->seal);
	metrics_free(g->metrics);
}

static np_err serve(const struct args *args NP_UNUSED, const struct conf *c, struct buf *why)
{
	struct gateway w = { .conf = c, .why = why };
	struct gw *g = &w.g;
	g->name = conf_str(c, "name");
	g->incarnation = (uint64_t)clock_wall_us() << 8 | (rnd_u64() & 0xff);
	buf_init(&g->frame, FRAME_BUF_MAX);
	buf_init(&g->record, QUEUE_RECORD_MAX);
	if (strlen(g->name) > QUEUE_GATEWAY_MAX) {
		(void)buf_printf(why, "name: at most %d characters", QUEUE_GATEWAY_MAX);
		return NP_E_INVAL;
	}
	g->loop = loop_new(NULL);
	g->metrics = metrics_new("gateway");
	if (!g->loop || !g->metrics) {
		metrics_free(g->metrics);
		loop_free(g->loop);
		return NP_E_NOMEM;
	}
	gw_metrics(g);
	np_err e = start(&w);
	if (e == NP_OK)
		e = loop_run(g->loop);
	if (e == NP_OK)
		e = w.err;
	end(&w);
	return e;
}

int gateway_main(int argc, char **argv)
{
	return role_main(&(struct role){ .name = "gateway",
					 .spec = &spec,
					 .items = items,
					 .items_n = NP_LEN(items),
					 .serve = serve },
			 argc, argv);
}
