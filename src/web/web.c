/* SPDX-License-Identifier: Apache-2.0 */
#include "web/web.h"

#include <jansson.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/role.h"
#include "base/str.h"
#include "net/admin.h"
#include "net/x509.h"
#include "pg/pgconf.h"
#include "redis/redisconf.h"
#include "web/ctx.h"
#include "web/tap.h"
#include "web/drill.h"
#include "web/files.h"
#include "web/limiter.h"
#include "web/pulse.h"
#include "web/routes.h"
#include "web/rpool.h"
#include "web/share.h"
#include "web/sse.h"
#include "web/stats.h"
#include "web/waits.h"

#define STOP_MS 8000 /* for requests that are under way */

static const struct conf_item items[] = {
	PG_CONF_ITEMS,
	REDIS_CONF_ITEMS,
	{ .key = "name", .kind = CONF_STR, .required = true },
	{ .key = "hmac_key_file", .kind = CONF_STR, .required = true },
	{ .key = "admin.listen", .kind = CONF_STR },
	ROLE_CONF_ITEMS,
	FWD_CONF_ITEMS,
	{ .key = "listen", .kind = CONF_STR, .required = true },
	{ .key = "public_url", .kind = CONF_STR, .fallback = "http://127.0.0.1:8080" },
	{ .key = "web_root", .kind = CONF_STR },
	{ .key = "gateway_address", .kind = CONF_STR },
	{ .key = "ca_address", .kind = CONF_STR },
	{ .key = "edge_root_file", .kind = CONF_STR },
	{ .key = "one_machine", .kind = CONF_BOOL },
	{ .key = "command_wait_ms", .kind = CONF_INT, .min = 10, .max = 60000, .fallback = "5000" },
	{ .key = "streams_per_organisation",
	  .kind = CONF_INT,
	  .min = 1,
	  .max = SSE_MAX,
	  .fallback = "1024" },
	{ .key = "test_wait_ms", .kind = CONF_INT, .min = 10, .max = 60000, .fallback = "10000" },
};

static const struct arg_opt opts[] = {
	{ "config", "FILE", "this role's configuration", NULL },
	{ "web-root", "DIR", "serve the dashboard from a folder while developing", NULL },
};
static const struct arg_spec spec = {
	.usage = "netpulse web --config FILE",
	.about = "API, live events, dashboard.",
	.opts = opts,
	.n = NP_LEN(opts),
};

/* What only the start and the end look at. */
struct house {
	struct web web;
	struct admin *admin;
	struct httpd_route routes[ROUTES_MAX];
	struct metric *requests[6], *took; /* by hundreds of the status */
};

static void after(void *ctx, const struct httpd_req *r, uint16_t status, int64_t took_us)
{
	struct web *w = ctx;
	struct house *h = NP_CONTAINER_OF(w, struct house, web);
	(void)r;
	metric_add(h->requests[status / 100 < 6 ? status / 100 : 0], 1);
	metric_observe_us(h->took, took_us);
}

static void count(struct house *h)
{
	static const char *const labels[6] = { "code=\"other\"", "code=\"1xx\"", "code=\"2xx\"",
					       "code=\"3xx\"",   "code=\"4xx\"", "code=\"5xx\"" };
	for (size_t i = 0; i < NP_LEN(labels); i++)
		h->requests[i] =
			metrics_get(h->web.metrics, METRIC_COUNTER, "netpulse_web_requests_total",
				    labels[i], "Requests answered.");
	h->took = metrics_get(h->web.metrics, METRIC_HIST_US, "netpulse_web_request_seconds", "",
			      "From the first byte of a request to its answer.");
}

static np_err load_root(struct web *w, const char *path, struct buf *why)
{
	if (!path)
		return NP_OK;
	NP_CLEANUP(x509_cert_free_p) X509 *cert = NULL;
	np_err e = x509_cert_load(path, &cert);
	if (e == NP_OK)
		e = x509_cert_sha256(cert, w->root_sha256);
	if (e < 0)
		buf_printf(why, "cannot read the edge root %s: %s", path, np_err_text(e));
	w->has_root = e == NP_OK;
	return e;
}

static np_err configure(struct web *w, const struct conf *c, struct buf *why)
{
	w->public_url = conf_str(c, "public_url");
	w->https = str_starts(str_from_c(w->public_url), NP_STR("https://"));
	w->one_machine = conf_bool(c, "one_machine");
	w->ca_address = conf_str(c, "ca_address");
	w->command_wait_ms = conf_int(c, "command_wait_ms");
	w->test_wait_ms = conf_int(c, "test_wait_ms");
	w->streams_max = (size_t)conf_int(c, "streams_per_organisation");
	np_err e = fwd_from(c, &w->forwarded, why);
	if (e == NP_OK)
		e = seal_load(conf_str(c, "hmac_key_file"), &w->seal, why);
	return e < 0 ? e : load_root(w, conf_str(c, "edge_root_file"), why);
}

/* The pool's size is also that of the workers who may wait for it, and a few for files. */
static np_err make_parts(struct web *w, const struct conf *c, const char *web_root)
{
	const struct pg_conf db = pg_conf_from(c);
	const struct redis_conf redis = redis_conf_from(c);
	const struct loop_cfg loop = { .threads = (uint32_t)conf_int(c, "database.pool") + 2 };
	w->loop = loop_new(&loop);
	w->metrics = metrics_new("web");
	w->pool = pg_pool_new(&db, (size_t)conf_int(c, "database.pool"));
	w->redis = rpool_new(&redis);
	w->waits = waits_new();
	w->share = share_new((size_t)conf_int(c, "database.pool") / 2);
	w->sign_ins = limiter_new();
	w->links = limiter_new();
	w->drills = limiter_new();
	w->stats = stats_cache_new();
	w->files = files_new(web_root);
	if (!w->loop || !w->metrics || !w->pool || !w->redis || !w->waits || !w->share ||
	    !w->sign_ins || !w->links || !w->drills || !w->stats || !w->files)
		return NP_E_NOMEM;
	const struct aredis_cfg bus = { .conf = redis };
	w->bus = aredis_new(w->loop, &bus);
	w->tap = w->bus ? tap_new(w, &redis) : NULL;
	w->sse = w->tap ? sse_new(w) : NULL;
	w->pulse = w->sse ? pulse_new(w) : NULL;
	w->drill = w->pulse ? drill_new(w) : NULL;
	return w->drill ? NP_OK : NP_E_NOMEM;
}

static void on_stopped(void *ctx)
{
	loop_stop(((struct web *)ctx)->loop);
}

static void on_stop(void *ctx)
{
	struct web *w = ctx;
	np_log_event(NP_INFO, "web.stopping");
	waits_hurry(w->waits);
	httpd_stop(w->httpd, clock_mono_ms() + STOP_MS, on_stopped, w);
}

static np_err listen_all(struct house *h, const struct conf *c, struct buf *why)
{
	struct web *w = &h->web;
	const struct httpd_cfg cfg = {
		.routes = h->routes,
		.n_routes = routes_fill(h->routes),
		.fallback = files_not_found,
		.fields = files_headers,
		.after = after,
		.ctx = w,
	};
	w->httpd = httpd_new(w->loop, &cfg);
	if (!w->httpd)
		return NP_E_NOMEM;
	const struct listen_cfg listen = { .address = conf_str(c, "listen") };
	np_err e = httpd_listen(w->httpd, &listen, why);
	if (e < 0)
		return e;
	const struct admin_cfg admin = { .listen = conf_str(c, "admin.listen"),
					 .metrics = w->metrics,
					 .ready = pulse_is_ready,
					 .ctx = w };
	return admin.listen ? admin_start(w->loop, &admin, &h->admin, why) : NP_OK;
}

static void close_all(struct house *h)
{
	struct web *w = &h->web;
	loop_settle(w->loop);
	admin_free(h->admin);
	if (w->share)
		wq_evict(w);
	sse_free(w->sse);
	httpd_free(w->httpd);
	drill_free(w->drill);
	pulse_free(w->pulse);
	tap_free(w->tap);
	aredis_free(w->bus);
	loop_free(w->loop);
	stats_cache_free(w->stats);
	share_free(w->share);
	limiter_free(w->drills);
	limiter_free(w->links);
	limiter_free(w->sign_ins);
	waits_free(w->waits);
	files_free(w->files);
	rpool_free(w->redis);
	pg_pool_free(w->pool);
	seal_free(w->seal);
	metrics_free(w->metrics);
}

static np_err serve(struct house *h, const struct conf *c, const char *web_root, struct buf *why)
{
	struct web *w = &h->web;
	uint64_t fds = 0;
	np_err e = loop_raise_fds(&fds);
	if (e == NP_OK && fds < LOOP_FDS_LOW)
		np_log(NP_WARN, "web.few_descriptors", KV_U64("limit", fds));
	e = configure(w, c, why);
	if (e == NP_OK)
		e = make_parts(w, c, web_root);
	if (e < 0)
		return e;
	count(h);
	e = listen_all(h, c, why);
	if (e == NP_OK)
		e = loop_on_stop(w->loop, on_stop, w);
	if (e < 0)
		return e;
	np_log(NP_INFO, "web.started", KV_C("name", conf_str(c, "name")),
	       KV_C("listen", conf_str(c, "listen")));
	return loop_run(w->loop);
}

static np_err run(const struct args *args, const struct conf *c, struct buf *why)
{
	const char *root = args_str(args, "web-root");
	struct house *h = np_zalloc(sizeof *h);
	if (!h)
		return NP_E_NOMEM;
	np_err e = serve(h, c, root ? root : conf_str(c, "web_root"), why);
	close_all(h);
	free(h);
	return e;
}

int web_main(int argc, char **argv)
{
	json_object_seed(0); /* before the first worker parses */
	return role_main(&(struct role){ .name = "web",
					 .spec = &spec,
					 .items = items,
					 .items_n = NP_LEN(items),
					 .serve = run },
			 argc, argv);
}
