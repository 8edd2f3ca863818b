/* SPDX-License-Identifier: Apache-2.0 */
#include "alerter/alerter.h"

#include "alerter/courier.h"
#include "alerter/heartbeat.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/role.h"
#include "base/str.h"
#include "net/admin.h"
#include "pg/pgconf.h"
#include "redis/redisconf.h"
#include "redis/sub.h"

static const struct conf_item items[] = {
	PG_CONF_ITEMS,
	REDIS_CONF_ITEMS,
	{ .key = "name", .kind = CONF_STR, .required = true },
	{ .key = "hmac_key_file", .kind = CONF_STR }, /* seals the links that acknowledge */
	{ .key = "admin.listen", .kind = CONF_STR },
	ROLE_CONF_ITEMS,
	{ .key = "public_url", .kind = CONF_STR, .fallback = "http://127.0.0.1:8080" },
	{ .key = "concurrency",
	  .kind = CONF_INT,
	  .min = 1,
	  .max = OUTBOX_CLAIM_MAX,
	  .fallback = "64" },
	{ .key = "smtp.url", .kind = CONF_STR },
	{ .key = "smtp.from", .kind = CONF_STR },
	{ .key = "smtp.secret_file", .kind = CONF_STR },
	{ .key = "ca_file", .kind = CONF_STR },
	{ .key = "heartbeat.url", .kind = CONF_STR },
	{ .key = "heartbeat.url_file", .kind = CONF_STR },
	{ .key = "heartbeat.every_s", .kind = CONF_INT, .min = 1, .max = 86400, .fallback = "60" },
	/* "slack=https://proxy.example:8443": where requests of a kind go instead */
	{ .key = "services", .kind = CONF_LIST },
	{ .key = "retry.first", .kind = CONF_MS, .min = 1, .max = 60000 },
	{ .key = "retry.max", .kind = CONF_MS, .min = 1, .max = 86400000 },
	{ .key = "attempt_timeout", .kind = CONF_MS, .min = 10, .max = 30000 },
};

static const struct arg_opt opts[] = {
	{ "config", "FILE", "this role's configuration", NULL },
};
static const struct arg_spec spec = {
	.usage = "netpulse alerter --config FILE",
	.about = "Deliver notices: claim them from the outbox, send, record, try again.",
	.opts = opts,
	.n = NP_LEN(opts),
};

struct alerter {
	struct loop *loop;
	struct metrics *metrics;
	struct courier *courier;
	struct heartbeat *heartbeat; /* NULL: none */
	struct seal *seal;
	struct arena *texts; /* of the configuration, cut */
	struct admin *admin;
	struct sub *sub;
};

static void on_stop(void *ctx)
{
	loop_stop(((struct alerter *)ctx)->loop);
}

static bool is_ready(void *ctx)
{
	return courier_is_ready(((struct alerter *)ctx)->courier);
}

static void on_nudge(void *ctx, np_str channel, np_str message)
{
	(void)channel, (void)message;
	courier_nudge(((struct alerter *)ctx)->courier);
}

static void on_connected(void *ctx)
{
	courier_nudge(((struct alerter *)ctx)->courier);
}

/* "kind=base": cut in place of the configuration's own text, which lives as long as we do. */
static np_err read_bases(const struct conf *c, struct arena *a, struct send_cfg *ret,
			 struct buf *why)
{
	const char *const *item = NULL;
	size_t n = conf_list(c, "services", &item);
	for (size_t i = 0; i < n; i++) {
		np_str kind, base;
		bool fine = str_cut(str_from_c(item[i]), '=', &kind, &base) && i < SEND_BASES_MAX &&
			    chn_kind_of(kind) != NULL && str_starts(base, NP_STR("http"));
		if (!fine) {
			(void)buf_printf(why, "services: want KIND=https://HOST:PORT, not %s",
					 item[i]);
			return NP_E_INVAL;
		}
		ret->base[i].kind = arena_c(a, kind);
		ret->base[i].base = arena_c(a, base);
		if (ret->base[i].kind == NULL || ret->base[i].base == NULL)
			return NP_E_NOMEM;
	}
	return NP_OK;
}

static np_err load_seal(struct alerter *a, const struct conf *c, struct buf *why)
{
	const char *path = conf_str(c, "hmac_key_file");
	return path == NULL ? NP_OK : seal_load(path, &a->seal, why);
}

static np_err start_heartbeat(struct alerter *a, const struct conf *c, struct buf *why)
{
	const struct heartbeat_cfg cfg = {
		.database = pg_conf_from(c),
		.name = conf_str(c, "name"),
		.url = conf_str(c, "heartbeat.url"),
		.url_file = conf_str(c, "heartbeat.url_file"),
		.ca_file = conf_str(c, "ca_file"),
		.every_ms = conf_int(c, "heartbeat.every_s") * NP_SEC_MS,
		.metrics = a->metrics,
	};
	if (cfg.url == NULL && cfg.url_file == NULL)
		return NP_OK;
	return heartbeat_start(&cfg, &a->heartbeat, why);
}

static np_err start(struct alerter *a, const struct conf *c, struct buf *why)
{
	np_err e = load_seal(a, c, why);
	if (e < 0)
		return e;
	struct courier_cfg cfg = {
		.database = pg_conf_from(c),
		.name = conf_str(c, "name"),
		.concurrency = (size_t)conf_int(c, "concurrency"),
		.metrics = a->metrics,
		.send = { .smtp_url = conf_str(c, "smtp.url"),
			  .smtp_from = conf_str(c, "smtp.from"),
			  .smtp_secret_file = conf_str(c, "smtp.secret_file"),
			  .ca_file = conf_str(c, "ca_file"),
			  .total_ms = conf_int(c, "attempt_timeout"),
			  .words = { .public_url = str_from_c(conf_str(c, "public_url")),
				     .seal = a->seal } },
		.pace = { .first_ms = conf_int(c, "retry.first"),
			  .max_ms = conf_int(c, "retry.max") },
	};
	if (cfg.send.smtp_url != NULL && cfg.send.smtp_from == NULL) {
		(void)buf_add_c(why, "smtp.url also needs smtp.from, the sender's address");
		return NP_E_INVAL;
	}
	e = read_bases(c, a->texts, &cfg.send, why);
	if (e == NP_OK)
		e = courier_start(&cfg, &a->courier);
	if (e == NP_OK)
		e = start_heartbeat(a, c, why);
	if (e < 0)
		return e;
	const struct sub_cfg sub = {
		.conf = redis_conf_from(c), .message = on_nudge, .connected = on_connected, .ctx = a
	};
	a->sub = sub_new(a->loop, &sub);
	if (a->sub == NULL)
		return NP_E_NOMEM;
	e = sub_add(a->sub, NP_STR("np:outbox"));
	if (e == NP_OK && conf_str(c, "admin.listen") != NULL)
		e = admin_start(a->loop,
				&(struct admin_cfg){ .listen = conf_str(c, "admin.listen"),
						     .metrics = a->metrics,
						     .ready = is_ready,
						     .ctx = a },
				&a->admin, why);
	return e == NP_OK ? loop_on_stop(a->loop, on_stop, a) : e;
}

static np_err run(struct alerter *a, const struct conf *c, struct buf *why)
{
	a->loop = loop_new(NULL);
	a->metrics = metrics_new("alerter");
	a->texts = arena_new(CONF_FILE_MAX);
	if (a->loop == NULL || a->metrics == NULL || a->texts == NULL)
		return NP_E_NOMEM;
	np_err e = start(a, c, why);
	if (e == NP_OK) {
		np_log(NP_INFO, "alerter.started", KV_C("name", conf_str(c, "name")));
		e = loop_run(a->loop);
	}
	admin_free(a->admin);
	sub_free(a->sub);
	heartbeat_stop(a->heartbeat);
	courier_stop(a->courier);
	loop_free(a->loop);
	metrics_free(a->metrics);
	seal_free(a->seal);
	arena_free(a->texts);
	return e;
}

static np_err serve(const struct args *args NP_UNUSED, const struct conf *c, struct buf *why)
{
	struct alerter a = { 0 };
	return curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK ? run(&a, c, why) : NP_E_NOMEM;
}

int alerter_main(int argc, char **argv)
{
	return role_main(&(struct role){ .name = "alerter",
					 .spec = &spec,
					 .items = items,
					 .items_n = NP_LEN(items),
					 .serve = serve },
			 argc, argv);
}
