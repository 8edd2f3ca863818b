/* SPDX-License-Identifier: Apache-2.0 */
#include "ca/ca.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/role.h"
#include "base/str.h"
#include "ca/desk.h"
#include "ca/init.h"
#include "ca/request.h"
#include "net/admin.h"
#include "pg/pgconf.h"
#include "redis/aredis.h"
#include "redis/redisconf.h"
#include "wire/job.h"

#define UPKEEP_MS 2000 /* look at the database, at files, at half-lives */
#define STOP_MS 5000
#define REFUSED_LOG_MS 1000 /* one line a second at most for handshakes that fail */

static const struct conf_item items[] = {
	PG_CONF_ITEMS,
	REDIS_CONF_ITEMS,
	ROLE_CONF_ITEMS,
	{ .key = "name", .kind = CONF_STR, .required = true },
	{ .key = "hmac_key_file", .kind = CONF_STR, .required = true },
	{ .key = "admin.listen", .kind = CONF_STR },
	{ .key = "listen", .kind = CONF_STR, .required = true },
	{ .key = "dir", .kind = CONF_STR, .required = true },
	{ .key = "gateway_address", .kind = CONF_STR, .required = true },
	{ .key = "tls.cert_file", .kind = CONF_STR, .required = true },
	{ .key = "tls.key_file", .kind = CONF_STR, .required = true },
	{ .key = "tls.edge_root_file", .kind = CONF_STR, .required = true },
};

static const struct arg_opt opts[] = {
	{ "config", "FILE", "this role's configuration", NULL },
};
static const struct arg_spec spec = {
	.usage = "netpulse ca --config FILE\n       netpulse ca init --dir DIR [options]",
	.about =
		"Enrol checkers by one-time token and renew their certificates. Holds the keys of the\n"
		"certificate authorities; `ca init` makes them.",
	.opts = opts,
	.n = NP_LEN(opts),
};

struct ca {
	struct loop *loop;
	struct metrics *metrics;
	struct tls *tls;
	struct desk *desk;
	struct httpd *server;
	struct admin *admin;
	struct seal *seal;
	struct aredis *bus;
	struct loop_timer *tick;
	int64_t refused_logged_ms;
	struct metric *handshakes_refused;
	bool stopping;
};

static void post_enrol(struct httpd_req *r, void *ctx)
{
	desk_enrol(((struct ca *)ctx)->desk, r);
}

static void post_renew(struct httpd_req *r, void *ctx)
{
	desk_renew(((struct ca *)ctx)->desk, r);
}

static const struct httpd_route routes[] = {
	{ .method = "POST",
	  .pattern = "/v1/enrol",
	  .body_max = REQUEST_BODY_MAX,
	  .fn = post_enrol },
	{ .method = "POST",
	  .pattern = "/v1/renew",
	  .body_max = REQUEST_BODY_MAX,
	  .fn = post_renew },
};

/* A lost nudge costs a gateway's poll of one second. */
static void on_changed(void *ctx)
{
	struct ca *a = ctx;
	NP_CLEANUP(buf_done) struct buf b;
	buf_init(&b, 256);
	np_err e = job_put_nudge(a->seal, JOB_N_CHECKER, &b);
	if (e == NP_OK)
		e = aredis_publish(a->bus, str_from_c(JOB_REGISTRY_CHANNEL), buf_str(&b));
	(void)e;
}

static void on_refused(void *ctx, const struct addr *peer, const char *why)
{
	struct ca *a = ctx;
	char text[ADDR_TEXT_MAX];
	metric_add(a->handshakes_refused, 1);
	if (loop_now_ms(a->loop) - a->refused_logged_ms < REFUSED_LOG_MS)
		return;
	a->refused_logged_ms = loop_now_ms(a->loop);
	(void)addr_print(peer, text);
	np_log(NP_WARN, "ca.handshake_refused", KV_C("peer", text), KV_C("why", why));
}

static void reload(struct ca *a)
{
	NP_CLEANUP(buf_done) struct buf why;
	buf_init(&why, 1024);
	if (tls_reload(a->tls, &why) == NP_OK)
		np_log_event(NP_INFO, "ca.certificate_reloaded");
	else
		np_log(NP_ERROR, "ca.certificate_not_reloaded", KV_STR("why", buf_str(&why)));
}

static void on_tick(void *ctx)
{
	struct ca *a = ctx;
	if (a->stopping)
		return;
	desk_upkeep(a->desk);
	if (tls_is_stale(a->tls))
		reload(a);
	loop_timer_at(a->tick, clock_mono_ms() + UPKEEP_MS);
}

static void on_stopped(void *ctx)
{
	loop_stop(((struct ca *)ctx)->loop);
}

static void on_stop(void *ctx)
{
	struct ca *a = ctx;
	if (a->stopping)
		return;
	a->stopping = true;
	httpd_stop(a->server, clock_mono_ms() + STOP_MS, on_stopped, a);
}

static bool is_ready(void *ctx)
{
	const struct ca *a = ctx;
	return desk_is_ready(a->desk) && !a->stopping;
}

static np_err start_tls(struct ca *a, const struct conf *c, struct buf *why)
{
	const struct tls_cfg cfg = { .use = TLS_ENROL_SERVER,
				     .cert_file = conf_str(c, "tls.cert_file"),
				     .key_file = conf_str(c, "tls.key_file"),
				     .root_file = conf_str(c, "tls.edge_root_file") };
	return tls_new(&cfg, &a->tls, why);
}

static np_err start_desk(struct ca *a, const struct conf *c, struct buf *why)
{
	struct vault *v = NULL;
	np_err e = vault_open(conf_str(c, "dir"), &v, why);
	if (e < 0)
		return e;
	const struct desk_cfg cfg = { .loop = a->loop,
				      .dir = conf_str(c, "dir"),
				      .vault = v,
				      .database = pg_conf_from(c),
				      .gateway = conf_str(c, "gateway_address"),
				      .metrics = a->metrics,
				      .changed = on_changed,
				      .ctx = a };
	a->desk = desk_new(&cfg);
	if (!a->desk) {
		vault_free(v);
		return NP_E_NOMEM;
	}
	return NP_OK;
}

static np_err start_server(struct ca *a, const struct conf *c, struct buf *why)
{
	const struct httpd_cfg http = { .routes = routes, .n_routes = NP_LEN(routes), .ctx = a };
	const struct listen_cfg where = {
		.address = conf_str(c, "listen"), .tls = a->tls, .on_refused = on_refused, .ctx = a
	};
	a->server = httpd_new(a->loop, &http);
	np_err e = a->server ? httpd_listen(a->server, &where, why) : NP_E_NOMEM;
	if (e == NP_OK && conf_str(c, "admin.listen")) {
		const struct admin_cfg cfg = { .listen = conf_str(c, "admin.listen"),
					       .metrics = a->metrics,
					       .ready = is_ready,
					       .ctx = a };
		e = admin_start(a->loop, &cfg, &a->admin, why);
	}
	return e;
}

static np_err start(struct ca *a, const struct conf *c, struct buf *why)
{
	const struct aredis_cfg bus = { .conf = redis_conf_from(c) };
	np_err e = seal_load(conf_str(c, "hmac_key_file"), &a->seal, why);
	if (e == NP_OK)
		e = start_tls(a, c, why);
	if (e == NP_OK)
		e = start_desk(a, c, why);
	if (e < 0)
		return e;
	a->bus = aredis_new(a->loop, &bus);
	a->tick = loop_timer_new(a->loop, on_tick, a);
	if (!a->bus || !a->tick)
		return NP_E_NOMEM;
	e = start_server(a, c, why);
	if (e == NP_OK)
		e = loop_on_stop(a->loop, on_stop, a);
	if (e == NP_OK)
		on_tick(a);
	return e;
}

static void wind_up(struct ca *a)
{
	httpd_free(a->server);
	admin_free(a->admin);
	loop_timer_free(a->tick);
	while (a->desk && !desk_is_idle(a->desk))
		loop_run_for(a->loop, 10); /* what runs on the pool comes back first */
	desk_free(a->desk);
	if (a->bus)
		aredis_free(a->bus);
	tls_free(a->tls);
	seal_free(a->seal);
	loop_free(a->loop);
	metrics_free(a->metrics);
}

static np_err serve(const struct args *args NP_UNUSED, const struct conf *c, struct buf *why)
{
	struct ca a = { .loop = loop_new(NULL), .metrics = metrics_new("ca") };
	uint64_t fds;
	np_err e = a.loop && a.metrics ? loop_raise_fds(&fds) : NP_E_NOMEM;
	if (e == NP_OK) {
		a.handshakes_refused = metrics_get(a.metrics, METRIC_COUNTER,
						   "netpulse_ca_handshakes_refused_total", "",
						   "TLS handshakes that failed");
		e = start(&a, c, why);
	}
	if (e == NP_OK) {
		np_log(NP_INFO, "ca.started", KV_C("listen", conf_str(c, "listen")));
		e = loop_run(a.loop);
		np_log_event(NP_INFO, "ca.stopped");
	}
	if (a.loop && a.metrics)
		wind_up(&a);
	return e;
}

int ca_main(int argc, char **argv)
{
	if (argc > 1 && strcmp(argv[1], "init") == 0)
		return init_main(argc - 1, argv + 1);
	return role_main(&(struct role){ .name = "ca",
					 .spec = &spec,
					 .items = items,
					 .items_n = NP_LEN(items),
					 .serve = serve },
			 argc, argv);
}
