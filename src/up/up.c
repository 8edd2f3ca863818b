/* SPDX-License-Identifier: Apache-2.0 */
#include "up/up.h"

#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/str.h"
#include "up/boot.h"
#include "up/logfile.h"
#include "up/scrape.h"

#define ROTATE_EVERY_MS 10000

struct up {
	struct up_options o;
	struct place place;
	struct loop *loop;
	struct procs *procs;
	struct scrape *scrape;
	struct loop_timer *rotate;
	bool stopping;
};

static void on_stop(void *ctx)
{
	struct up *u = ctx;
	u->stopping = true;
	loop_stop(u->loop);
}

static void rotate_one(struct up *u, const char *name)
{
	np_err e = logfile_rotate(&u->place, name, PROC_LOG_MAX);
	if (e < 0)
		np_log(NP_WARN, "log.rotate_failed", KV_C("name", name), KV_ERR(e));
}

static void on_rotate(void *ctx)
{
	struct up *u = ctx;
	static const char *const servers[] = { "postgres", "pgbouncer", "redis" };
	for (size_t i = 0; i < NP_LEN(servers); i++)
		rotate_one(u, servers[i]);
	for (enum role r = 0; r < ROLE_N; r++)
		rotate_one(u, roles[r].name);
	for (size_t i = 0; i < u->o.n_regions; i++) {
		char name[48];
		(void)snprintf(name, sizeof name, "checker-%s", u->o.regions[i]);
		rotate_one(u, name);
	}
	loop_timer_at(u->rotate, clock_mono_ms() + ROTATE_EVERY_MS);
}

static np_err prepare(struct up *u, struct buf *why)
{
	u->loop = loop_new(NULL);
	if (u->loop == NULL)
		return NP_E_NOMEM;
	np_err e = loop_on_stop(u->loop, on_stop, u);
	if (e < 0)
		return e;
	u->procs = procs_new(u->loop, &u->place);
	u->rotate = loop_timer_new(u->loop, on_rotate, u);
	if (u->procs == NULL || u->rotate == NULL)
		return NP_E_NOMEM;
	uint64_t fds = 0;
	e = loop_raise_fds(&fds);
	if (e == NP_OK && fds < LOOP_FDS_LOW)
		np_log(NP_WARN, "limits.descriptors_low", KV_U64("limit", fds),
		       KV_C("hint", "raise it with `ulimit -n 20000` before start"));
	return boot_check_ports(&u->o, why);
}

static np_err serve(struct up *u, struct buf *why)
{
	np_err e = boot_run(u->procs, &u->place, &u->o, why);
	if (e < 0 || u->stopping)
		return e;
	if (u->o.metrics != NULL &&
	    (e = scrape_start(u->loop, &u->place, &u->o, &u->scrape, why)) < 0)
		return e;
	loop_timer_at(u->rotate, clock_mono_ms() + ROTATE_EVERY_MS);
	(void)printf("ready http://%s\nadministrator's token: %s/admin.token\n", u->o.http,
		     u->o.dir);
	(void)fflush(stdout);
	return loop_run(u->loop);
}

static void stop_all(struct up *u)
{
	loop_settle(u->loop);
	scrape_free(u->scrape);
	if (u->procs != NULL)
		procs_stop(u->procs);
	procs_free(u->procs);
	loop_timer_free(u->rotate);
	if (u->loop != NULL)
		loop_free(u->loop);
	place_leave(&u->place);
}

int up_main(int argc, char **argv)
{
	struct up u = { .place.lock_fd = -1 };
	NP_CLEANUP(buf_done) struct buf why;
	buf_init(&why, 4096);
	np_log_init("up", NP_INFO);
	np_err e = up_options_parse(argc, argv, &u.o, &why);
	if (e == NP_E_CANCELED || e == NP_E_INVAL) {
		if (e == NP_E_INVAL)
			(void)fprintf(stderr, "netpulse up: %s\n", buf_c(&why));
		up_options_done(&u.o);
		return e == NP_E_CANCELED ? 0 : 2;
	}
	if (e == NP_OK && (e = place_enter(&u.o, &u.place, &why)) == NP_OK) {
		if ((e = prepare(&u, &why)) == NP_OK)
			e = serve(&u, &why);
		stop_all(&u);
	}
	if (e < 0 && !u.stopping)
		(void)fprintf(stderr, "netpulse up: %s\n",
			      why.n > 0 ? buf_c(&why) : np_err_text(e));
	up_options_done(&u.o);
	return e < 0 && !u.stopping ? 1 : 0;
}
