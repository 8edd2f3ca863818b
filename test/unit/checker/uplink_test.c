/* SPDX-License-Identifier: Apache-2.0 */
/* The uplink against a gateway of the test's own: real mTLS, real frames, any behaviour. */
#include "fakegw.h"

#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "core/monitor.h"
#include "spoolrig.h"
#include "wire/batch.h"

static void add(struct world *w, uint32_t id)
{
	NP_CLEANUP(buf_done) struct buf item;
	struct res_record r = RES_RECORD_INIT;
	uint32_t shard = mon_shard(id + 1);
	buf_init(&item, BATCH_ITEM_MAX);
	r.monitor = id + 1;
	r.revision = 1;
	r.slot_us = SLOT_0 + (int64_t)id * 1000;
	r.start_us = r.slot_us;
	r.status = RES_OK;
	assert_ok(batch_item_result(&item, &r));
	(void)spool_add(w->spool, shard, r.slot_us, buf_str(&item));
}

/* ---- the checker's side ------------------------------------------------------------------------------ */

static void on_more(void *ctx)
{
	struct world *w = ctx;
	if (w->uplink)
		uplink_more(w->uplink);
}

static void on_assign(void *ctx, const Np__V1__Assign *m)
{
	((struct world *)ctx)->assigned += m->n_upsert;
}

static void on_job(void *ctx, const Np__V1__Job *m)
{
	(void)m;
	((struct world *)ctx)->jobs++;
}

static uint64_t on_generation(void *ctx)
{
	(void)ctx;
	return 0;
}

static void copy(struct world *w, const char *from, const char *to, uint32_t mode)
{
	NP_CLEANUP(buf_done) struct buf b;
	buf_init(&b, X509_PEM_MAX);
	assert_ok(file_read(pki_path(&w->pki, from), &b));
	assert_ok(file_write_atomic(pki_path(&w->pki, to), buf_str(&b), mode));
}

static void world_up(struct world *w)
{
	static int serial;
	NP_CLEANUP(buf_done) struct buf why;
	buf_init(&why, 500);
	*w = (struct world){ .poison = -1 };
	w->loop = loop_new(NULL);
	w->metrics = metrics_new("checker");
	pki_init(&w->pki);
	copy(w, "checker.pem", "cert.pem", 0644);
	copy(w, "checker.key", "key.pem", 0600);
	copy(w, "edge.pem", "root.pem", 0644);
	frame_in_init(&w->in, FRAME_UP_MAX);
	gw_up(w);
	w->port = gw_listen(w);
	(void)snprintf(w->spool_dir, sizeof w->spool_dir, "/tmp/np-uplink-%d-%d", (int)getpid(),
		       serial++);
	const struct spool_cfg sc = { .loop = w->loop,
				      .dir = w->spool_dir,
				      .start_ms = clock_wall_us() / 1000,
				      .metrics = w->metrics,
				      .more = on_more,
				      .ctx = w };
	assert_ok(spool_open(&sc, &w->spool, &why));
	struct uplink_cfg uc = { .loop = w->loop,
				 .dir = w->pki.dir,
				 .spool = w->spool,
				 .backoff_max_ms = 30,
				 .metrics = w->metrics,
				 .assign = on_assign,
				 .job = on_job,
				 .generation = on_generation,
				 .ctx = w };
	uc.id.n_gateways = 1;
	uc.id.not_before_us = clock_wall_us();
	uc.id.not_after_us = clock_wall_us() + NP_DAY_US;
	(void)snprintf(uc.id.gateways[0], sizeof uc.id.gateways[0], "127.0.0.1:%u", w->port);
	assert_ok(uplink_new(&uc, &w->uplink, &why));
}

static void world_down(struct world *w)
{
	uplink_free(w->uplink);
	w->uplink = NULL;
	spool_close(w->spool);
	gw_hang_up(w);
	frame_in_done(&w->in);
	httpd_free(w->httpd);
	tls_free(w->tls);
	loop_run_for(w->loop, 10);
	loop_free(w->loop);
	metrics_free(w->metrics);
	static const char *const files[] = { "cert.pem", "key.pem", "root.pem" };
	for (size_t i = 0; i < NP_LEN(files); i++)
		(void)unlink(pki_path(&w->pki, files[i]));
	pki_done(&w->pki);
	srig_empty_dir(w->spool_dir);
	(void)rmdir(w->spool_dir);
}

static void until(struct world *w, bool (*done)(const struct world *w))
{
	int64_t end = clock_mono_ms() + T_PATIENCE_MS;
	while (!done(w) && clock_mono_ms() < end)
		loop_run_for(w->loop, 5);
	assert_true(done(w));
}

static bool is_up(const struct world *w)
{
	return uplink_is_up(w->uplink);
}

static bool is_greeted(const struct world *w)
{
	return w->hellos >= 1;
}

static bool is_told(const struct world *w)
{
	return w->jobs == 1 && w->assigned == 1;
}

static bool is_slow(const struct world *w)
{
	return w->slows == 1;
}

static bool is_sent_once(const struct world *w)
{
	return w->batches >= 16;
}

static bool is_clean(const struct world *w)
{
	return spool_unanswered(w->spool) == 0;
}

/* ---- tests --------------------------------------------------------------------------------------------- */

static void all_arrives_and_is_forgotten(void **state)
{
	(void)state;
	struct world w;
	world_up(&w);
	for (uint32_t i = 0; i < 1000; i++)
		add(&w, i);
	until(&w, is_clean);
	for (uint32_t i = 1000; i < 2000; i++) {
		add(&w, i);
		if (i % 50 == 0)
			loop_run_for(w.loop, 1);
	}
	until(&w, is_clean);
	assert_int_equal(w.stored_n, 2000);
	assert_int_equal(w.hellos, 1);
	assert_int_equal(w.instance, 0);
	world_down(&w);
}

static void it_is_up_only_after_welcome(void **state)
{
	(void)state;
	struct world w;
	world_up(&w);
	w.no_welcome = true;
	until(&w, is_greeted);
	assert_false(uplink_is_up(w.uplink));
	add(&w, 1);
	for (int i = 0; i < 20; i++)
		loop_run_for(w.loop, 5);
	assert_int_equal(w.batches, 0);
	world_down(&w);
}

/* How fast is bench's business; here: it goes without waiting for more. */
static void one_result_alone_is_answered(void **state)
{
	(void)state;
	struct world w;
	world_up(&w);
	until(&w, is_up);
	for (uint32_t i = 0; i < 50; i++) {
		add(&w, i);
		until(&w, is_clean);
	}
	assert_int_equal(w.stored_n, 50);
	world_down(&w);
}

static void what_is_not_answered_is_sent_again(void **state)
{
	(void)state;
	struct world w;
	world_up(&w);
	until(&w, is_up);
	w.lose = true;
	for (uint32_t i = 0; i < 160; i++)
		add(&w, i);
	until(&w, is_sent_once);
	loop_run_for(w.loop, 50);
	assert_int_equal(w.batches, 16);
	assert_int_equal(w.stored_n, 0);
	w.lose = false;
	until(&w, is_clean);
	assert_int_equal(w.stored_n, 160);
	world_down(&w);
}

static void a_closing_gateway_loses_and_doubles_nothing(void **state)
{
	(void)state;
	struct world w;
	world_up(&w);
	w.close_after = 7;
	for (uint32_t i = 0; i < ITEMS; i++) {
		add(&w, i);
		if (i % 20 == 0)
			loop_run_for(w.loop, 1);
	}
	until(&w, is_clean);
	assert_int_equal(w.stored_n, ITEMS);
	assert_int_equal(w.lost, 0);
	assert_true(w.hellos > 5);
	for (size_t i = 0; i < ITEMS; i++)
		assert_int_equal(w.stored[i], 1);
	world_down(&w);
}

static void an_item_that_nobody_can_take_becomes_a_loss(void **state)
{
	(void)state;
	struct world w;
	world_up(&w);
	w.poison = 37;
	for (uint32_t i = 0; i < 320; i++)
		add(&w, i);
	until(&w, is_clean);
	assert_int_equal(w.stored_n, 319);
	assert_int_equal(w.lost, 1);
	assert_int_equal(w.stored[37], 0);
	world_down(&w);
}

static void pauses_are_kept_and_words_are_heard(void **state)
{
	(void)state;
	struct world w;
	struct buf b;
	world_up(&w);
	until(&w, is_up);
	Np__V1__Pause pause = NP__V1__PAUSE__INIT;
	pause.for_ms = 400;
	pause.why = (char *)(uintptr_t) "busy";
	buf_init(&b, 1024);
	assert_ok(frame_put_pause(&b, &pause));
	Np__V1__Job job = NP__V1__JOB__INIT;
	job.monitor = 5;
	job.revision = 1;
	assert_ok(frame_put_job(&b, &job));
	Np__V1__Monitor m = NP__V1__MONITOR__INIT, *list[] = { &m };
	m.monitor = 5;
	m.revision = 1;
	m.kind = MON_TCP;
	m.target = (char *)(uintptr_t) "127.0.0.1:1";
	Np__V1__Assign as = NP__V1__ASSIGN__INIT;
	as.full = true;
	as.n_upsert = 1;
	as.upsert = list;
	assert_ok(frame_put_assign(&b, &as));
	int64_t said_ms = clock_mono_ms();
	gw_say(&w, &b);
	until(&w, is_told);
	add(&w, 1);
	uplink_slow(w.uplink, 1, 5, SLOT_0, 0);
	until(&w, is_slow);
	until(&w, is_clean);
	assert_true(clock_mono_ms() - said_ms >= 400);
	assert_int_equal(w.stored_n, 1);
	world_down(&w);
}

static bool is_welcome_again(const struct world *w)
{
	return w->welcomes == 2 && uplink_is_up(w->uplink);
}

static void a_new_identity_takes_over_and_loses_nothing(void **state)
{
	(void)state;
	struct world w;
	char about[300];
	world_up(&w);
	until(&w, is_up);
	(void)snprintf(about, sizeof about,
		       "{\"checker\":\"" PKI_UUID "\",\"region\":\"" PKI_REGION
		       "\",\"ca\":\"127.0.0.1:1\",\"gateways\":[\"127.0.0.1:%u\"]}",
		       w.port);
	assert_ok(file_write_atomic(pki_path(&w.pki, "identity.json"), str_from_c(about), 0644));
	for (uint32_t i = 0; i < 2000; i++) {
		add(&w, i);
		if (i == 500)
			uplink_reload(w.uplink);
		if (i % 20 == 0)
			loop_run_for(w.loop, 1);
	}
	until(&w, is_welcome_again);
	until(&w, is_clean);
	assert_int_equal(w.stored_n, 2000);
	assert_int_equal(w.lost, 0);
	(void)unlink(pki_path(&w.pki, "identity.json"));
	world_down(&w);
}

static void an_unreadable_new_identity_changes_nothing(void **state)
{
	(void)state;
	struct world w;
	world_up(&w);
	until(&w, is_up);
	uplink_reload(w.uplink);
	assert_true(uplink_is_up(w.uplink));
	add(&w, 1);
	until(&w, is_clean);
	world_down(&w);
}

int main(void)
{
	np_log_init("test", NP_ERROR);
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_arrives_and_is_forgotten),
		cmocka_unit_test(it_is_up_only_after_welcome),
		cmocka_unit_test(one_result_alone_is_answered),
		cmocka_unit_test(what_is_not_answered_is_sent_again),
		cmocka_unit_test(a_closing_gateway_loses_and_doubles_nothing),
		cmocka_unit_test(an_item_that_nobody_can_take_becomes_a_loss),
		cmocka_unit_test(pauses_are_kept_and_words_are_heard),
		cmocka_unit_test(a_new_identity_takes_over_and_loses_nothing),
		cmocka_unit_test(an_unreadable_new_identity_changes_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
