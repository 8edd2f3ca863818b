/* SPDX-License-Identifier: Apache-2.0 */
/* Slots, attempts, retries, revisions, overload and canaries, with real checks. */
#include "rig.h"

#include <stdio.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "checker/dueheap.h"
#include "checker/runner.h"
#include "core/schedule.h"

#define MAX_RESULTS 20000

struct seen {
	struct res_record r;
	char text[320];
};
struct lab {
	struct rig rig;
	struct metrics *metrics;
	struct canary *canary;
	struct runner *runner;
	struct seen *seen;
	size_t n, slow;
};

static void on_result(void *ctx, uint32_t shard, const struct res_record *r)
{
	struct lab *l = ctx;
	(void)shard;
	assert_int_equal(res_validate(r), RES_F_OK);
	assert_true(l->n < MAX_RESULTS);
	l->seen[l->n].r = *r;
	(void)snprintf(l->seen[l->n].text, sizeof l->seen[l->n].text, "%.*s", NP_FMT(r->text));
	l->n++;
}

static void on_slow(void *ctx, uint32_t shard, const struct res_record *r)
{
	(void)shard;
	(void)r;
	((struct lab *)ctx)->slow++;
}

static void lab_up(struct lab *l, uint32_t concurrency, const char *canary)
{
	NP_CLEANUP(buf_done) struct buf why;
	buf_init(&why, 500);
	*l = (struct lab){ 0 };
	rig_up(&l->rig, NULL);
	l->metrics = metrics_new("checker");
	l->seen = calloc(MAX_RESULTS, sizeof *l->seen);
	assert_non_null(l->seen);
	assert_ok(canary_new(&l->rig.env, &canary, canary ? 1 : 0, &l->canary, &why));
	const struct runner_cfg cfg = { .env = &l->rig.env,
					.canary = l->canary,
					.metrics = l->metrics,
					.concurrency = concurrency,
					.result = on_result,
					.slow = on_slow,
					.ctx = l };
	assert_ok(runner_new(&cfg, &l->runner));
}

static void lab_down(struct lab *l)
{
	runner_free(l->runner);
	canary_free(l->canary);
	rig_down(&l->rig);
	metrics_free(l->metrics);
	free(l->seen);
}

struct mon_spec {
	uint64_t no;
	uint32_t revision, interval_ms, retries, timeout_ms;
	uint16_t port;
	bool load;
};

static void set(struct lab *l, const struct mon_spec *s)
{
	Np__V1__Monitor m = NP__V1__MONITOR__INIT;
	struct check_def *def = NULL;
	char target[64];
	(void)snprintf(target, sizeof target, "127.0.0.1:%u", s->port);
	m.monitor = s->no;
	m.revision = s->revision ? s->revision : 1;
	m.shard = mon_shard(s->no);
	m.kind = MON_TCP;
	m.target = target;
	m.interval_ms = s->interval_ms ? s->interval_ms : 60000;
	m.timeout_ms = s->timeout_ms ? s->timeout_ms : 30000;
	m.retries = s->retries;
	m.retry_interval_ms = 1000;
	m.private_ok = true;
	m.load = s->load;
	m.region_count = 1;
	assert_ok(def_new(&m, &def));
	runner_set(l->runner, def);
}

static void run(struct lab *l, int64_t ms)
{
	int64_t end = clock_mono_ms() + ms;
	while (clock_mono_ms() < end)
		loop_run_for(l->rig.env.loop, 10);
}

/* Until so many results are there. */
static void run_until(struct lab *l, size_t n)
{
	int64_t end = clock_mono_ms() + T_PATIENCE_MS;
	while (clock_mono_ms() < end && l->n < n)
		loop_run_for(l->rig.env.loop, 10);
	assert_true(l->n >= n);
}

static void serve_accept(struct server *s, int fd)
{
	(void)s;
	(void)fd;
}

/* ---- tests ---------------------------------------------------------------------------------------- */

static void the_heap_gives_the_earliest_first(void **state)
{
	(void)state;
	struct dueheap *h = due_new();
	static struct due_node nodes[10000];
	uint64_t x = 1;
	for (int round = 0; round < 30000; round++) {
		x = x * 6364136223846793005 + 1442695040888963407;
		struct due_node *n = &nodes[(x >> 33) % NP_LEN(nodes)];
		if ((x >> 20) % 4 == 0)
			due_clear(h, n);
		else
			assert_ok(due_set(h, n, (int64_t)(x >> 40)));
	}
	int64_t last = -1;
	struct due_node *n;
	size_t left = due_len(h);
	while ((n = due_first(h))) {
		assert_true(n->due_us >= last);
		last = n->due_us;
		due_clear(h, n);
		left--;
	}
	assert_int_equal(left, 0);
	due_free(h);
}

static void the_first_check_opens_a_slot_at_its_start(void **state)
{
	(void)state;
	struct lab l;
	struct server s = { 0 };
	server_up(&s, serve_accept);
	lab_up(&l, 0, NULL);
	int64_t before = clock_wall_us();
	set(&l, &(struct mon_spec){ .no = 5, .port = s.port });
	run_until(&l, 1);
	assert_int_equal(l.n, 1);
	assert_int_equal(l.seen[0].r.status, RES_OK);
	assert_true(l.seen[0].r.slot_us >= before && l.seen[0].r.slot_us <= clock_wall_us());
	assert_int_equal(l.seen[0].r.attempt, 0);
	set(&l, &(struct mon_spec){ .no = 5, .port = s.port }); /* known: nothing */
	run(&l, 100);
	assert_int_equal(l.n, 1);
	runner_check_now(l.runner, 5);
	run_until(&l, 2);
	assert_int_equal(l.seen[1].r.slot_us, l.seen[0].r.slot_us);
	assert_int_equal(l.seen[1].r.attempt, 1);
	assert_int_equal(l.seen[1].r.address.n, 0); /* told once */
	set(&l, &(struct mon_spec){ .no = 5, .revision = 2, .port = s.port });
	run_until(&l, 3);
	assert_int_equal(l.seen[2].r.revision, 2);
	assert_int_equal(l.seen[2].r.attempt, 0);
	assert_true(l.seen[2].r.slot_us > l.seen[0].r.slot_us);
	lab_down(&l);
	server_down(&s);
}

static void a_failure_is_tried_again_as_attempts_of_its_slot(void **state)
{
	(void)state;
	struct lab l;
	lab_up(&l, 0, NULL);
	set(&l,
	    &(struct mon_spec){
		    .no = 5, .port = server_dead_port(), .retries = 2, .interval_ms = 3600000 });
	run_until(&l, 3);
	run(&l, 1300); /* and no fourth */
	assert_int_equal(l.n, 3);
	for (uint32_t i = 0; i < 3; i++) {
		assert_int_equal(l.seen[i].r.status, RES_FAIL);
		assert_int_equal(l.seen[i].r.cls, RES_C_REFUSED);
		assert_int_equal(l.seen[i].r.attempt, i);
		assert_int_equal(l.seen[i].r.slot_us, l.seen[0].r.slot_us);
	}
	int64_t gap = l.seen[1].r.start_us - l.seen[0].r.start_us;
	assert_true(gap >= 1000000);
	lab_down(&l);
}

static void what_is_not_named_in_a_full_assignment_goes(void **state)
{
	(void)state;
	struct lab l;
	uint16_t port = server_dead_port();
	lab_up(&l, 0, NULL);
	for (uint64_t i = 1; i <= 10; i++)
		set(&l, &(struct mon_spec){ .no = i, .port = port });
	runner_full_begin(l.runner);
	for (uint64_t i = 4; i <= 6; i++)
		set(&l, &(struct mon_spec){ .no = i, .port = port });
	runner_full_end(l.runner);
	assert_int_equal(runner_monitors(l.runner), 3);
	set(&l, &(struct mon_spec){ .no = 5, .port = port, .load = true });
	assert_int_equal(runner_monitors(l.runner), 2);
	lab_down(&l);
}

/* A listener that never accepts and whose queue is full. */
static int black_hole(uint16_t *ret_port, int fill[4])
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof a;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof a), 0);
	assert_int_equal(listen(fd, 0), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&a, &len), 0);
	for (size_t i = 0; i < 4; i++) {
		fill[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
		(void)!connect(fill[i], (struct sockaddr *)&a, sizeof a);
	}
	*ret_port = ntohs(a.sin_port);
	return fd;
}

static void attempts_never_overlap_and_missed_slots_are_counted(void **state)
{
	(void)state;
	struct lab l;
	uint16_t port;
	int fill[4], fd = black_hole(&port, fill);
	lab_up(&l, 0, NULL);
	/* time-outs of 5.5 s with slots every 5 s: one of two is skipped */
	set(&l,
	    &(struct mon_spec){ .no = 5, .port = port, .interval_ms = 5000, .timeout_ms = 5500 });
	run_until(&l, 2);
	assert_int_equal(l.n, 2);
	assert_int_equal(l.slow, 2);
	assert_true(l.seen[1].r.slot_us > l.seen[0].r.slot_us);
	assert_true(l.seen[0].r.skipped + l.seen[1].r.skipped >= 1);
	lab_down(&l);
	for (size_t i = 0; i < 4; i++)
		np_close_fd(&fill[i]);
	np_close_fd(&fd);
}

static void slots_stand_on_the_grid_and_do_not_drift(void **state)
{
	(void)state;
	struct lab l;
	enum { N = 2000, INTERVAL_MS = 5000 };
	uint16_t port = server_dead_port();
	static int64_t slots[N + 1];
	size_t counted = 0;
	lab_up(&l, 64, NULL);
	for (uint64_t i = 1; i <= N; i++)
		set(&l, &(struct mon_spec){ .no = i, .port = port, .interval_ms = INTERVAL_MS });
	run_until(&l, 2 * N);
	for (size_t i = 0; i < l.n; i++) {
		const struct res_record *r = &l.seen[i].r;
		int64_t phase = sched_phase_us(r->monitor, 0, 1, INTERVAL_MS * 1000);
		assert_int_equal(r->status, RES_FAIL);
		if (r->slot_us % (INTERVAL_MS * 1000) != phase)
			continue; /* the first, in a slot of its own */
		assert_true(r->slot_us > slots[r->monitor]);
		slots[r->monitor] = r->slot_us;
		assert_int_equal(r->skipped, 0);
		assert_true(r->start_us >= r->slot_us - 2000);
		counted++;
	}
	assert_true(counted >= N);
	lab_down(&l);
}

static void a_clock_that_is_set_moves_the_waiting_not_the_grid(void **state)
{
	(void)state;
	struct lab l;
	uint16_t port = server_dead_port();
	lab_up(&l, 0, NULL);
	set(&l, &(struct mon_spec){ .no = 5, .port = port, .interval_ms = 60000 });
	run_until(&l, 1);
	/* an hour ahead, and back: neither a burst nor a long silence */
	runner_clock_moved(l.runner, 3600 * NP_SEC_US);
	run(&l, 200);
	runner_clock_moved(l.runner, -3600 * NP_SEC_US);
	run(&l, 200);
	assert_true(l.n <= 2);
	lab_down(&l);
}

static void an_overloaded_checker_says_so(void **state)
{
	(void)state;
	struct lab l;
	uint16_t port;
	int fill[4], fd = black_hole(&port, fill);
	lab_up(&l, 1, NULL);
	/* one place, and a monitor that hangs in it: the other one cannot begin */
	set(&l,
	    &(struct mon_spec){ .no = 1, .port = port, .interval_ms = 5000, .timeout_ms = 400 });
	run_until(&l, 1);
	set(&l, &(struct mon_spec){
			.no = 2, .port = port, .interval_ms = 3600000, .timeout_ms = 60000 });
	run_until(&l, 2);
	if (l.seen[1].r.cls == RES_C_TIMEOUT) /* its slot came before the place was taken */
		run_until(&l, 3);
	const struct res_record *last = &l.seen[l.n - 1].r;
	assert_int_equal(last->monitor, 1);
	assert_int_equal(last->status, RES_UNKNOWN);
	assert_int_equal(last->cls, RES_C_OVERLOAD);
	lab_down(&l);
	for (size_t i = 0; i < 4; i++)
		np_close_fd(&fill[i]);
	np_close_fd(&fd);
}

static void when_all_canaries_fail_a_failure_is_unknown(void **state)
{
	(void)state;
	struct lab l;
	char canary[64];
	uint16_t port = server_dead_port();
	(void)snprintf(canary, sizeof canary, "127.0.0.1:%u", server_dead_port());
	lab_up(&l, 0, canary);
	for (uint64_t i = 1; i <= 50; i++)
		set(&l, &(struct mon_spec){ .no = i, .port = port });
	run_until(&l, 50);
	assert_int_equal(l.n, 50);
	for (size_t i = 0; i < l.n; i++) {
		assert_int_equal(l.seen[i].r.status, RES_UNKNOWN);
		assert_int_equal(l.seen[i].r.cls, RES_C_NETWORK);
		assert_non_null(strstr(l.seen[i].text, "none of its canaries answers"));
	}
	lab_down(&l);
	struct server s = { 0 };
	server_up(&s, serve_accept);
	(void)snprintf(canary, sizeof canary, "127.0.0.1:%u", s.port);
	lab_up(&l, 0, canary);
	set(&l, &(struct mon_spec){ .no = 1, .port = port });
	run_until(&l, 1);
	assert_int_equal(l.seen[0].r.status, RES_FAIL);
	lab_down(&l);
	server_down(&s);
}

static void removal_during_an_attempt_ends_it_silently(void **state)
{
	(void)state;
	struct lab l;
	uint16_t port;
	int fill[4], fd = black_hole(&port, fill);
	lab_up(&l, 0, NULL);
	for (uint64_t i = 1; i <= 20; i++)
		set(&l, &(struct mon_spec){ .no = i, .port = port, .timeout_ms = 500 });
	assert_int_equal(runner_in_flight(l.runner), 20);
	for (uint64_t i = 1; i <= 20; i++)
		runner_remove(l.runner, i);
	assert_int_equal(runner_in_flight(l.runner), 0);
	run(&l, 700);
	assert_int_equal(l.n, 0);
	lab_down(&l);
	for (size_t i = 0; i < 4; i++)
		np_close_fd(&fill[i]);
	np_close_fd(&fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_heap_gives_the_earliest_first),
		cmocka_unit_test(the_first_check_opens_a_slot_at_its_start),
		cmocka_unit_test(a_failure_is_tried_again_as_attempts_of_its_slot),
		cmocka_unit_test(what_is_not_named_in_a_full_assignment_goes),
		cmocka_unit_test(attempts_never_overlap_and_missed_slots_are_counted),
		cmocka_unit_test(slots_stand_on_the_grid_and_do_not_drift),
		cmocka_unit_test(a_clock_that_is_set_moves_the_waiting_not_the_grid),
		cmocka_unit_test(an_overloaded_checker_says_so),
		cmocka_unit_test(when_all_canaries_fail_a_failure_is_unknown),
		cmocka_unit_test(removal_during_an_attempt_ends_it_silently),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
