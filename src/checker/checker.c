/* SPDX-License-Identifier: Apache-2.0 */
#include "checker/checker.h"

#include <fcntl.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/crypt.h"
#include "base/log.h"
#include "base/role.h"
#include "checker/assign.h"
#include "checker/icmp.h"
#include "checker/uplink.h"
#include "net/admin.h"
#include "wire/batch.h"

#define STOP_MS 2000       /* to get rid of what is unsent */
#define OWN_ADDRS_MS 60000 /* the machine's addresses are read again */
#define PROJECT_URL "https://github.com/netpulse/netpulse"

static const struct conf_item items[] = {
	{ .key = "name", .kind = CONF_STR },
	{ .key = "dir", .kind = CONF_STR, .required = true },
	{ .key = "admin.listen", .kind = CONF_STR },
	ROLE_CONF_ITEMS,
	{ .key = "spool.max_bytes",
	  .kind = CONF_INT,
	  .min = 4 * 1024 * 1024,
	  .max = INT64_MAX,
	  .fallback = "268435456" },
	{ .key = "canaries", .kind = CONF_LIST },
	{ .key = "resolver", .kind = CONF_LIST },
	{ .key = "concurrency", .kind = CONF_INT, .min = 1, .max = 10000, .fallback = "256" },
	{ .key = "icmp_fds", .kind = CONF_LIST },
	{ .key = "ca_file", .kind = CONF_STR },
};
static const struct arg_opt opts[] = {
	{ "config", "FILE", "this role's configuration", NULL },
};
static const struct arg_spec spec = {
	.usage = "netpulse checker --config FILE",
	.about = "Run the checks that the gateway assigns, keep results until they are stored.",
	.opts = opts,
	.n = NP_LEN(opts),
};

struct checker {
	const struct conf *conf;
	const char *dir;
	struct loop *loop;
	struct metrics *metrics;
	struct check_env env;
	struct enrol_identity id;
	struct canary *canary;
	struct runner *runner;
	struct spool *spool;
	struct assign *assign;
	struct uplink *uplink;
	struct admin *admin;
	struct loop_timer *stop, *own;
	int64_t stop_ms;
	bool stopping;
	char user_agent[256];
	struct buf *why;
};

/* ---- from room to room --------------------------------------------------------------------------- */

static void on_result(void *ctx, uint32_t shard, const struct res_record *r)
{
	struct checker *c = ctx;
	NP_CLEANUP(buf_done) struct buf item;
	buf_init(&item, BATCH_ITEM_MAX);
	np_err e = batch_item_result(&item, r);
	if (e < 0) { /* only memory can be short here */
		np_log(NP_ERROR, "result.not_kept", KV_U64("monitor", r->monitor), KV_ERR(e));
		return;
	}
	(void)spool_add(c->spool, shard, r->slot_us, buf_str(&item));
}

static void on_slow(void *ctx, uint32_t shard, const struct res_record *r)
{
	struct checker *c = ctx;
	uplink_slow(c->uplink, shard, r->monitor, r->slot_us, r->attempt);
}

static void on_more(void *ctx)
{
	struct checker *c = ctx;
	if (c->uplink)
		uplink_more(c->uplink);
}

static void on_assign(void *ctx, const Np__V1__Assign *m)
{
	assign_take(((struct checker *)ctx)->assign, m);
}

static void on_job(void *ctx, const Np__V1__Job *m)
{
	runner_check_now(((struct checker *)ctx)->runner, m->monitor);
}

static uint64_t on_generation(void *ctx)
{
	return assign_generation(((struct checker *)ctx)->assign);
}

static bool is_ready(void *ctx)
{
	const struct checker *c = ctx;
	return !c->stopping && uplink_is_up(c->uplink) && assign_is_known(c->assign);
}

/* ---- making -------------------------------------------------------------------------------------- */

static np_err join_list(const struct conf *conf, const char *key, struct buf *out)
{
	const char *const *list = NULL;
	size_t n = conf_list(conf, key, &list);
	for (size_t i = 0; i < n; i++)
		buf_printf(out, "%s%s", i ? "," : "", list[i]);
	return buf_failed(out);
}

static np_err make_resolvers(struct checker *c)
{
	NP_CLEANUP(buf_done) struct buf csv;
	buf_init(&csv, 4096);
	np_err e = join_list(c->conf, "resolver", &csv);
	if (e < 0)
		return e;
	struct resolv_cfg cfg = { .servers = csv.n ? buf_c(&csv) : NULL };
	e = resolv_new(c->loop, &cfg, &c->env.names, c->why);
	if (e < 0)
		return e;
	cfg.raw = true;
	return resolv_new(c->loop, &cfg, &c->env.queries, c->why);
}

static np_err make_icmp(struct checker *c)
{
	const char *const *list = NULL;
	size_t n = conf_list(c->conf, "icmp_fds", &list);
	int fd[2] = { -1, -1 };
	for (size_t i = 0; i < n && i < 2; i++) {
		int64_t v = -1;
		if (str_to_i64(str_from_c(list[i]), &v) < 0 || v < -1 || v > INT32_MAX ||
		    (v >= 0 && fcntl((int)v, F_SETFL, O_NONBLOCK) < 0)) {
			buf_printf(c->why, "icmp_fds: %s is not an open descriptor", list[i]);
			return NP_E_INVAL;
		}
		fd[i] = (int)v;
	}
	np_err e = icmp_new(c->loop, fd[0], fd[1], &c->env.icmp);
	if (e == NP_OK && !icmp_can(c->env.icmp, AF_INET))
		np_log(NP_WARN, "icmp.unavailable",
		       KV_C("hint",
			    "start it with CAP_NET_RAW, or widen net.ipv4.ping_group_range"));
	return e;
}

static np_err make_env(struct checker *c)
{
	c->env.loop = c->loop;
	(void)snprintf(c->user_agent, sizeof c->user_agent, "NetPulse/%s (+%s; region=%s)",
		       NP_VERSION, PROJECT_URL, c->id.region);
	c->env.user_agent = c->user_agent;
	np_err e = curlm_new(c->loop, c->user_agent, &c->env.curl);
	if (e == NP_OK)
		e = certs_new(conf_str(c->conf, "ca_file"), &c->env.certs, c->why);
	if (e == NP_OK)
		e = make_resolvers(c);
	if (e == NP_OK)
		e = make_icmp(c);
	if (e == NP_OK && addr_own_load(&c->env.own) < 0)
		np_log_event(NP_WARN, "addresses.unreadable");
	return e;
}

static np_err make_runner(struct checker *c)
{
	const char *const *list = NULL;
	size_t n = conf_list(c->conf, "canaries", &list);
	np_err e = canary_new(&c->env, list, n, &c->canary, c->why);
	if (e < 0)
		return e;
	const struct runner_cfg cfg = {
		.env = &c->env,
		.canary = c->canary,
		.metrics = c->metrics,
		.concurrency = (uint32_t)conf_int(c->conf, "concurrency"),
		.result = on_result,
		.slow = on_slow,
		.ctx = c,
	};
	return runner_new(&cfg, &c->runner);
}

static np_err make_spool(struct checker *c)
{
	char path[512];
	(void)snprintf(path, sizeof path, "%s/spool", c->dir);
	const struct spool_cfg cfg = {
		.loop = c->loop,
		.dir = path,
		.max_bytes = conf_int(c->conf, "spool.max_bytes"),
		.start_ms = clock_wall_us() / NP_MS_US,
		.random = (uint16_t)rnd_u64(),
		.metrics = c->metrics,
		.more = on_more,
		.ctx = c,
	};
	return spool_open(&cfg, &c->spool, c->why);
}

static np_err make_uplink(struct checker *c)
{
	const struct uplink_cfg cfg = {
		.loop = c->loop,
		.dir = c->dir,
		.id = c->id,
		.spool = c->spool,
		.metrics = c->metrics,
		.assign = on_assign,
		.job = on_job,
		.generation = on_generation,
		.ctx = c,
	};
	return uplink_new(&cfg, &c->uplink, c->why);
}

static np_err make_assign(struct checker *c)
{
	char path[512];
	(void)snprintf(path, sizeof path, "%s/assignment", c->dir);
	np_err e = assign_new(c->loop, c->runner, path, &c->assign);
	if (e < 0)
		return e;
	np_err read = assign_load(c->assign);
	if (read == NP_OK)
		np_log(NP_INFO, "assignment.remembered",
		       KV_U64("monitors", runner_monitors(c->runner)));
	else if (read != NP_E_NOTFOUND)
		np_log(NP_WARN, "assignment.unreadable", KV_ERR(read));
	return NP_OK;
}

static np_err make_admin(struct checker *c)
{
	const struct admin_cfg cfg = { .listen = conf_str(c->conf, "admin.listen"),
				       .metrics = c->metrics,
				       .ready = is_ready,
				       .ctx = c };
	return cfg.listen ? admin_start(c->loop, &cfg, &c->admin, c->why) : NP_OK;
}

/* ---- time and stopping ------------------------------------------------------------------------------ */

static void on_own(void *ctx)
{
	struct checker *c = ctx;
	(void)!addr_own_load(&c->env.own);
	loop_timer_at(c->own, loop_now_ms(c->loop) + OWN_ADDRS_MS);
}

static void on_stopping(void *ctx)
{
	struct checker *c = ctx;
	if (uplink_is_done(c->uplink) || loop_now_ms(c->loop) >= c->stop_ms) {
		loop_stop(c->loop);
		return;
	}
	loop_timer_at(c->stop, loop_now_ms(c->loop) + 20);
}

static void on_stop(void *ctx)
{
	struct checker *c = ctx;
	if (c->stopping) {
		loop_stop(c->loop); /* told twice */
		return;
	}
	c->stopping = true;
	np_log(NP_INFO, "checker.stopping", KV_U64("in_flight", runner_in_flight(c->runner)),
	       KV_U64("unanswered", spool_unanswered(c->spool)));
	runner_stop(c->runner);
	c->stop_ms = loop_now_ms(c->loop) + STOP_MS;
	loop_timer_at(c->stop, loop_now_ms(c->loop));
}

static void on_reload(void *ctx)
{
	uplink_reload(((struct checker *)ctx)->uplink);
}

/* ---- the role --------------------------------------------------------------------------------------- */

static np_err make_all(struct checker *c)
{
	uint64_t fds = 0;
	c->loop = loop_new(NULL);
	if (!c->loop)
		return NP_E_NOMEM;
	if (loop_raise_fds(&fds) < 0 || fds < LOOP_FDS_LOW)
		np_log(NP_WARN, "limit.descriptors_low", KV_U64("limit", fds));
	np_err e = enrol_load(c->dir, clock_wall_us(), &c->id, c->why);
	if (e == NP_E_NOTFOUND)
		buf_printf(c->why, "%s(run `netpulse join --dir %s` first)", c->why->n ? " " : "",
			   c->dir);
	if (e == NP_OK && c->id.n_gateways == 0) {
		buf_printf(c->why, "the identity in %s names no gateway", c->dir);
		e = NP_E_INVAL;
	}
	static np_err (*const steps[])(struct checker *) = {
		make_env, make_runner, make_spool, make_uplink, make_assign, make_admin,
	};
	for (size_t i = 0; e == NP_OK && i < NP_LEN(steps); i++)
		e = steps[i](c);
	if (e == NP_OK)
		e = loop_on_stop(c->loop, on_stop, c);
	if (e == NP_OK)
		e = loop_on_reload(c->loop, on_reload, c);
	c->stop = e == NP_OK ? loop_timer_new(c->loop, on_stopping, c) : NULL;
	c->own = c->stop ? loop_timer_new(c->loop, on_own, c) : NULL;
	return e < 0 || c->own ? e : NP_E_NOMEM;
}

static void free_all(struct checker *c)
{
	if (!c->loop)
		return;
	/* first what could come back while the spool is waited for */
	loop_timer_free(c->stop);
	loop_timer_free(c->own);
	admin_free(c->admin);
	uplink_free(c->uplink);
	c->uplink = NULL;
	assign_free(c->assign);
	runner_free(c->runner);
	canary_free(c->canary);
	spool_close(c->spool);
	icmp_free(c->env.icmp);
	resolv_free(c->env.queries);
	resolv_free(c->env.names);
	certs_free(c->env.certs);
	curlm_free(c->env.curl);
	loop_free(c->loop);
}

static np_err run(struct checker *c)
{
	c->dir = conf_str(c->conf, "dir");
	c->metrics = metrics_new("checker");
	np_err e = c->metrics ? make_all(c) : NP_E_NOMEM;
	if (e == NP_OK) {
		np_log(NP_INFO, "checker.started", KV_C("region", c->id.region),
		       KV_U64("epoch", spool_epoch(c->spool)),
		       KV_U64("unanswered", spool_unanswered(c->spool)));
		loop_timer_at(c->own, loop_now_ms(c->loop) + OWN_ADDRS_MS);
		e = loop_run(c->loop);
	}
	free_all(c);
	metrics_free(c->metrics);
	return e;
}

static np_err serve(const struct args *args NP_UNUSED, const struct conf *conf, struct buf *why)
{
	struct checker c = { .conf = conf, .why = why };
	return run(&c);
}

int checker_main(int argc, char **argv)
{
	return role_main(&(struct role){ .name = "checker",
					 .spec = &spec,
					 .items = items,
					 .items_n = NP_LEN(items),
					 .serve = serve },
			 argc, argv);
}
