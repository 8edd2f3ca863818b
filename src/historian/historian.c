/* SPDX-License-Identifier: Apache-2.0 */
#include "historian/historian.h"

#include "base/log.h"
#include "base/role.h"
#include "historian/auditor.h"
#include "historian/sealer.h"
#include "historian/worker.h"
#include "net/admin.h"
#include "pg/pgconf.h"

#define HISTORIAN_DAYS_MAX 36500

/* redis.* and hmac_key_file are common to all roles; the historian needs neither. */
static const struct conf_item items[] = {
	PG_CONF_ITEMS,
	{ .key = "redis.socket", .kind = CONF_STR },
	{ .key = "redis.user", .kind = CONF_STR },
	{ .key = "redis.password_file", .kind = CONF_STR },
	{ .key = "hmac_key_file", .kind = CONF_STR },
	{ .key = "name", .kind = CONF_STR, .required = true },
	{ .key = "admin.listen", .kind = CONF_STR },
	ROLE_CONF_ITEMS,
	{ .key = "audit.key_file", .kind = CONF_STR },
	{ .key = "audit.heads_file", .kind = CONF_STR },
	{ .key = "audit.heads_every_ms",
	  .kind = CONF_INT,
	  .min = 100,
	  .max = 3600000,
	  .fallback = "60000" },
	{ .key = "keep.log_days",
	  .kind = CONF_INT,
	  .min = 1,
	  .max = HISTORIAN_DAYS_MAX,
	  .fallback = "7" },
	{ .key = "keep.chunk_days",
	  .kind = CONF_INT,
	  .min = 1,
	  .max = HISTORIAN_DAYS_MAX,
	  .fallback = "30" },
	{ .key = "keep.rollup_5m_days",
	  .kind = CONF_INT,
	  .min = 2,
	  .max = HISTORIAN_DAYS_MAX,
	  .fallback = "14" },
	{ .key = "keep.rollup_1h_days",
	  .kind = CONF_INT,
	  .min = 2,
	  .max = HISTORIAN_DAYS_MAX,
	  .fallback = "400" },
	{ .key = "keep.incident_days",
	  .kind = CONF_INT,
	  .min = 1,
	  .max = HISTORIAN_DAYS_MAX,
	  .fallback = "1095" },
	{ .key = "keep.state_days",
	  .kind = CONF_INT,
	  .min = 1,
	  .max = HISTORIAN_DAYS_MAX,
	  .fallback = "400" },
	{ .key = "keep.command_days",
	  .kind = CONF_INT,
	  .min = 1,
	  .max = HISTORIAN_DAYS_MAX,
	  .fallback = "7" },
	{ .key = "keep.drill_days",
	  .kind = CONF_INT,
	  .min = 1,
	  .max = HISTORIAN_DAYS_MAX,
	  .fallback = "90" },
	{ .key = "keep.head_days",
	  .kind = CONF_INT,
	  .min = 1,
	  .max = HISTORIAN_DAYS_MAX,
	  .fallback = "30" },
	{ .key = "auditor.every_ms",
	  .kind = CONF_INT,
	  .min = 100,
	  .max = 600000,
	  .fallback = "15000" },
	{ .key = "auditor.clear_s", .kind = CONF_INT, .min = 1, .max = 3600, .fallback = "60" },
	{ .key = "auditor.disk", .kind = CONF_STR },
	{ .key = "drill.every_s",
	  .kind = CONF_INT,
	  .min = 0,
	  .max = 31 * 86400,
	  .fallback = "86400" },
	{ .key = "drill.limit_s", .kind = CONF_INT, .min = 5, .max = 3600, .fallback = "180" },
};

static const struct arg_opt opts[] = {
	{ "config", "FILE", "this role's configuration", NULL },
};
static const struct arg_spec spec = {
	.usage = "netpulse historian --config FILE",
	.about =
		"Turn the log into history: packed results, roll-ups, retention. Seal the audit chain.",
	.opts = opts,
	.n = NP_LEN(opts),
};

struct historian {
	struct loop *loop;
	struct metrics *metrics;
	struct worker *worker;
	struct sealer *sealer;
	struct auditor *auditor;
	struct admin *admin;
};

static void on_stop(void *ctx)
{
	loop_stop(((struct historian *)ctx)->loop);
}

static bool is_ready(void *ctx)
{
	return worker_is_ready(((struct historian *)ctx)->worker);
}

/* A pair: a key without a file, or a file without a key, would sign nothing unnoticed. */
static np_err start_sealer(struct historian *h, const struct conf *c, struct buf *why)
{
	const struct sealer_cfg cfg = {
		.database = pg_conf_from(c),
		.name = conf_str(c, "name"),
		.key_file = conf_str(c, "audit.key_file"),
		.heads_file = conf_str(c, "audit.heads_file"),
		.heads_every_ms = conf_int(c, "audit.heads_every_ms"),
		.metrics = h->metrics,
	};
	if ((cfg.key_file == NULL) != (cfg.heads_file == NULL)) {
		(void)buf_add_c(why, "audit.key_file and audit.heads_file go together");
		return NP_E_INVAL;
	}
	if (cfg.key_file == NULL)
		np_log_event(NP_WARN, "historian.heads_not_signed");
	np_err e = sealer_start(&cfg, &h->sealer);
	if (e < 0)
		(void)buf_printf(why, "the sealer does not start (audit.key_file: %s): %s",
				 cfg.key_file != NULL ? cfg.key_file : "none", np_err_text(e));
	return e;
}

static np_err start_auditor(struct historian *h, const struct conf *c)
{
	const struct auditor_cfg cfg = {
		.database = pg_conf_from(c),
		.name = conf_str(c, "name"),
		.disk = conf_str(c, "auditor.disk"),
		.rules = { .every_ms = conf_int(c, "auditor.every_ms"),
			   .clear_s = (int32_t)conf_int(c, "auditor.clear_s"),
			   .drill_every_s = (int32_t)conf_int(c, "drill.every_s"),
			   .drill_limit_s = (int32_t)conf_int(c, "drill.limit_s") },
		.metrics = h->metrics,
	};
	return auditor_start(&cfg, &h->auditor);
}

static np_err start(struct historian *h, const struct conf *c, struct buf *why)
{
	const struct worker_cfg cfg = {
		.database = pg_conf_from(c),
		.name = conf_str(c, "name"),
		.keep = { .log_days = (int32_t)conf_int(c, "keep.log_days"),
			  .chunk_days = (int32_t)conf_int(c, "keep.chunk_days"),
			  .rollup_5m_days = (int32_t)conf_int(c, "keep.rollup_5m_days"),
			  .rollup_1h_days = (int32_t)conf_int(c, "keep.rollup_1h_days"),
			  .incident_days = (int32_t)conf_int(c, "keep.incident_days"),
			  .state_days = (int32_t)conf_int(c, "keep.state_days"),
			  .command_days = (int32_t)conf_int(c, "keep.command_days"),
			  .drill_days = (int32_t)conf_int(c, "keep.drill_days"),
			  .head_days = (int32_t)conf_int(c, "keep.head_days") },
		.metrics = h->metrics,
	};
	np_err e = loop_on_stop(h->loop, on_stop, h);
	if (e == NP_OK)
		e = worker_start(&cfg, &h->worker);
	if (e == NP_OK)
		e = start_sealer(h, c, why);
	if (e == NP_OK)
		e = start_auditor(h, c);
	if (e == NP_OK && conf_str(c, "admin.listen") != NULL) {
		const struct admin_cfg admin = { .listen = conf_str(c, "admin.listen"),
						 .metrics = h->metrics,
						 .ready = is_ready,
						 .ctx = h };
		e = admin_start(h->loop, &admin, &h->admin, why);
	}
	return e;
}

static np_err serve(const struct args *args NP_UNUSED, const struct conf *c, struct buf *why)
{
	struct historian h = { .loop = loop_new(NULL), .metrics = metrics_new("historian") };
	np_err e = h.loop != NULL && h.metrics != NULL ? start(&h, c, why) : NP_E_NOMEM;
	if (e == NP_OK) {
		np_log(NP_INFO, "historian.started", KV_C("name", conf_str(c, "name")));
		e = loop_run(h.loop);
	}
	admin_free(h.admin);
	auditor_stop(h.auditor);
	sealer_stop(h.sealer); /* before the worker gives back all leases of this name */
	worker_stop(h.worker);
	loop_free(h.loop);
	metrics_free(h.metrics);
	return e;
}

int historian_main(int argc, char **argv)
{
	return role_main(&(struct role){ .name = "historian",
					 .spec = &spec,
					 .items = items,
					 .items_n = NP_LEN(items),
					 .serve = serve },
			 argc, argv);
}
