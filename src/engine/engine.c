/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/engine.h"

#include <pthread.h>

#include "base/clock.h"
#include "base/crypt.h"
#include "base/log.h"
#include "base/role.h"
#include "base/str.h"
#include "engine/committer.h"
#include "engine/folder.h"
#include "engine/keeper.h"
#include "net/admin.h"
#include "pg/pgconf.h"
#include "redis/redisconf.h"
#include "redis/sub.h"
#include "wire/job.h"

static const struct conf_item items[] = {
	PG_CONF_ITEMS,
	REDIS_CONF_ITEMS,
	{ .key = "name", .kind = CONF_STR, .required = true },
	{ .key = "hmac_key_file", .kind = CONF_STR, .required = true },
	{ .key = "admin.listen", .kind = CONF_STR },
	ROLE_CONF_ITEMS,
	{ .key = "shards.want", .kind = CONF_INT, .min = 1, .max = NP_SHARDS, .fallback = "16" },
	{ .key = "lease_ms", .kind = CONF_INT, .min = 500, .max = 60000, .fallback = "3000" },
	{ .key = "snapshot.every_ms",
	  .kind = CONF_INT,
	  .min = 100,
	  .max = 3600000,
	  .fallback = "30000" },
	{ .key = "snapshot.items",
	  .kind = CONF_INT,
	  .min = 1,
	  .max = 100000000,
	  .fallback = "500000" },
};

static const struct arg_opt opts[] = {
	{ "config", "FILE", "this role's configuration", NULL },
};
static const struct arg_spec spec = {
	.usage = "netpulse engine --config FILE",
	.about = "Fold results into votes, verdicts and incidents; commit; publish.",
	.opts = opts,
	.n = NP_LEN(opts),
};

struct engine {
	struct loop *loop;
	struct metrics *metrics;
	struct seal *seal;
	struct admin *admin;
	struct sub *sub;
	char owner[KEEPER_OWNER_MAX];
	uint32_t want;
	struct mbox *to_folder, *to_keeper, *to_committer;
	struct folder *folder;
	struct keeper *keeper;
	struct committer *committer;
	bool running[3];
	pthread_t thread[3]; /* folder, keeper, committer */
};

/* ---- main thread ---- */

static void on_stop(void *ctx)
{
	loop_stop(((struct engine *)ctx)->loop);
}

static bool is_ready(void *ctx)
{
	const struct engine *e = ctx;
	return folder_held(e->folder) >= keeper_share(e->keeper);
}

static void nudge(struct engine *e, uint32_t what)
{
	struct msg *m = msg_new(MSG_NUDGE);
	if (!m)
		return;
	m->nudge = what;
	if (mbox_send(e->to_keeper, m) < 0)
		msg_free(m); /* it is behind: its polls will do */
}

static void on_message(void *ctx, np_str channel, np_str message)
{
	struct engine *e = ctx;
	enum job_nudge what;
	if (str_eq_c(channel, JOB_INBOX_CHANNEL))
		nudge(e, MSG_N_INBOX);
	else if (job_open_nudge(e->seal, message, &what) == NP_OK)
		nudge(e, what == JOB_N_CHANNEL ? MSG_N_CHANNELS : MSG_N_REGISTRY);
}

static void on_connected(void *ctx)
{
	nudge(ctx, MSG_N_INBOX | MSG_N_REGISTRY | MSG_N_CHANNELS);
}

/* ---- threads ---- */

static void *run_folder(void *ctx)
{
	folder_run(((struct engine *)ctx)->folder);
	return NULL;
}

static void *run_keeper(void *ctx)
{
	keeper_run(((struct engine *)ctx)->keeper);
	return NULL;
}

static void *run_committer(void *ctx)
{
	committer_run(((struct engine *)ctx)->committer);
	return NULL;
}

static np_err start_threads(struct engine *e)
{
	void *(*const run[])(void *) = { run_folder, run_keeper, run_committer };
	for (size_t i = 0; i < NP_LEN(run); i++) {
		if (pthread_create(&e->thread[i], NULL, run[i], e) != 0)
			return NP_E_LIMIT;
		e->running[i] = true;
	}
	return NP_OK;
}

static void join(struct engine *e, size_t i)
{
	if (e->running[i])
		(void)pthread_join(e->thread[i], NULL);
	e->running[i] = false;
}

/* What is folded is committed, if that works at once; then the leases go back. */
static void stop_threads(struct engine *e)
{
	if (e->folder)
		folder_stop(e->folder);
	join(e, 0);
	if (e->committer)
		committer_stop(e->committer);
	join(e, 2);
	if (e->keeper)
		keeper_stop(e->keeper);
	mbox_close(e->to_folder); /* nobody listens any more */
	nudge(e, 0);
	join(e, 1);
}

/* ---- building ---- */

static np_err make_parts(struct engine *e, const struct conf *c)
{
	struct pg_conf db = pg_conf_from(c);
	struct redis_conf redis = redis_conf_from(c);
	e->to_folder = mbox_new(MSG_QUEUE);
	e->to_keeper = mbox_new(MSG_QUEUE);
	e->to_committer = mbox_new(COMMITTER_QUEUE);
	if (!e->to_folder || !e->to_keeper || !e->to_committer)
		return NP_E_NOMEM;
	e->folder = folder_new(
		&(struct folder_cfg){ .redis = redis,
				      .seal = e->seal,
				      .engine = conf_str(c, "name"),
				      .want = e->want,
				      .snapshot_ms = conf_int(c, "snapshot.every_ms"),
				      .snapshot_items = (size_t)conf_int(c, "snapshot.items"),
				      .in = e->to_folder,
				      .keeper = e->to_keeper,
				      .committer = e->to_committer,
				      .metrics = e->metrics });
	e->keeper = keeper_new(&(struct keeper_cfg){ .db = db,
						     .owner = e->owner,
						     .want = e->want,
						     .lease_ms = conf_int(c, "lease_ms"),
						     .in = e->to_keeper,
						     .folder = e->to_folder,
						     .metrics = e->metrics });
	e->committer = committer_new(&(struct committer_cfg){ .db = db,
							      .redis = redis,
							      .seal = e->seal,
							      .engine = conf_str(c, "name"),
							      .in = e->to_committer,
							      .folder = e->to_folder,
							      .metrics = e->metrics });
	return e->folder && e->keeper && e->committer ? NP_OK : NP_E_NOMEM;
}

static np_err listen_to(struct engine *e, const struct conf *c, struct buf *why)
{
	const struct sub_cfg sub = { .conf = redis_conf_from(c),
				     .message = on_message,
				     .connected = on_connected,
				     .ctx = e };
	e->sub = sub_new(e->loop, &sub);
	if (!e->sub)
		return NP_E_NOMEM;
	np_err err = sub_add(e->sub, NP_STR(JOB_INBOX_CHANNEL));
	if (err == NP_OK)
		err = sub_add(e->sub, NP_STR(JOB_REGISTRY_CHANNEL));
	if (err == NP_OK && conf_str(c, "admin.listen"))
		err = admin_start(e->loop,
				  &(struct admin_cfg){ .listen = conf_str(c, "admin.listen"),
						       .metrics = e->metrics,
						       .ready = is_ready,
						       .ctx = e },
				  &e->admin, why);
	return err == NP_OK ? loop_on_stop(e->loop, on_stop, e) : err;
}

static np_err start(struct engine *e, const struct conf *c, struct buf *why)
{
	e->loop = loop_new(NULL);
	e->metrics = metrics_new("engine");
	if (!e->loop || !e->metrics)
		return NP_E_NOMEM;
	e->want = (uint32_t)conf_int(c, "shards.want");
	/* Another process is another owner, even under the same name. */
	(void)snprintf(e->owner, sizeof e->owner, "%.60s/%016llx", conf_str(c, "name"),
		       (unsigned long long)rnd_u64());
	np_err err = seal_load(conf_str(c, "hmac_key_file"), &e->seal, why);
	if (err == NP_OK)
		err = make_parts(e, c);
	if (err == NP_OK)
		err = listen_to(e, c, why);
	return err == NP_OK ? start_threads(e) : err;
}

static void end(struct engine *e)
{
	if (e->to_folder && e->to_keeper && e->to_committer)
		stop_threads(e);
	admin_free(e->admin);
	sub_free(e->sub);
	folder_free(e->folder);
	keeper_free(e->keeper);
	committer_free(e->committer);
	if (e->to_folder)
		mbox_free(e->to_folder, msg_drop);
	if (e->to_keeper)
		mbox_free(e->to_keeper, msg_drop);
	if (e->to_committer)
		mbox_free(e->to_committer, msg_drop);
	seal_free(e->seal);
	loop_free(e->loop);
	metrics_free(e->metrics);
}

static np_err serve(const struct args *args NP_UNUSED, const struct conf *c, struct buf *why)
{
	struct engine e = { 0 };
	np_err err = start(&e, c, why);
	if (err == NP_OK) {
		np_log(NP_INFO, "engine.started", KV_C("name", conf_str(c, "name")),
		       KV_U64("shards", e.want));
		err = loop_run(e.loop);
	}
	end(&e);
	return err;
}

int engine_main(int argc, char **argv)
{
	return role_main(&(struct role){ .name = "engine",
					 .spec = &spec,
					 .items = items,
					 .items_n = NP_LEN(items),
					 .serve = serve },
			 argc, argv);
}
