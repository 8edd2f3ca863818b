/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/str.h"
#include "wire/ack.h"
#include "wire/job.h"
#include "wire/live.h"
#include "wire/queue.h"

static struct seal *seal;
static struct arena *arena;
static struct buf b;

static int setup(void **state)
{
	(void)state;
	buf_init(&b, LIVE_MSG_MAX);
	arena = arena_new(LIVE_ARENA_MAX);
	return seal_new(NP_STR("0123456789abcdef0123456789abcdef"), &seal) == NP_OK ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	seal_free(seal);
	arena_free(arena);
	buf_done(&b);
	return 0;
}

static void names_are_those_of_the_contract(void **state)
{
	(void)state;
	char k[ACK_CHANNEL_MAX];
	assert_true(str_eq_c(queue_key(15, k), "np:results:15"));
	assert_true(str_eq_c(ack_channel(NP_STR("gateway-1"), k), "np:ack:gateway-1"));
	assert_true(str_eq_c(job_channel(3, k), "np:jobs:3"));
	assert_true(str_eq_c(live_last_key(UINT64_MAX, k), "np:last:18446744073709551615"));
	assert_true(str_eq_c(live_strip_key(7, k), "np:strip:7"));
}

static void queue_records_open_only_on_their_shard(void **state)
{
	(void)state;
	char gw[] = "gateway-1", why[] = "slot";
	Np__I1__Mark mark = NP__I1__MARK__INIT;
	mark.index = 2;
	mark.reason = why;
	Np__I1__Mark *marks[] = { &mark };
	Np__I1__QueueRecord r = NP__I1__QUEUE_RECORD__INIT, *back = NULL;
	r.gateway = gw;
	r.checker = 4;
	r.region = 2;
	r.batch = pballoc_from_str(NP_STR("bytes"));
	r.n_marks = 1;
	r.marks = marks;
	buf_reset(&b);
	assert_int_equal(queue_put(seal, 3, &r, &b), NP_OK);
	assert_int_equal(queue_open(seal, 3, buf_str(&b), arena, &back), NP_OK);
	assert_true(str_eq_c(pballoc_bytes(back->batch), "bytes"));
	assert_string_equal(back->marks[0]->reason, "slot");
	assert_int_equal(queue_open(seal, 4, buf_str(&b), arena, &back), NP_E_AUTH);
	r.checker = 0; /* a batch of nobody */
	buf_reset(&b);
	assert_int_equal(queue_put(seal, 3, &r, &b), NP_OK);
	assert_int_equal(queue_open(seal, 3, buf_str(&b), arena, &back), NP_E_PROTO);
}

static void acks_open_only_at_their_gateway(void **state)
{
	(void)state;
	Np__I1__AckRecord r = NP__I1__ACK_RECORD__INIT;
	r.kind = NP__I1__ACK_RECORD__KIND__REWIND;
	r.n = 9;
	Np__I1__AckRecord *rs[] = { &r };
	Np__I1__AckBatch m = NP__I1__ACK_BATCH__INIT, *back = NULL;
	m.n_acks = 1;
	m.acks = rs;
	buf_reset(&b);
	assert_int_equal(ack_put(seal, NP_STR("g1"), &m, &b), NP_OK);
	assert_int_equal(ack_open(seal, NP_STR("g1"), buf_str(&b), arena, &back), NP_OK);
	assert_int_equal(back->acks[0]->n, 9);
	assert_int_equal(ack_open(seal, NP_STR("g2"), buf_str(&b), arena, &back), NP_E_AUTH);
	r.shard = NP_SHARDS;
	buf_reset(&b);
	assert_int_equal(ack_put(seal, NP_STR("g1"), &m, &b), NP_OK);
	assert_int_equal(ack_open(seal, NP_STR("g1"), buf_str(&b), arena, &back), NP_E_PROTO);
	r.shard = 0;
	r.kind = (Np__I1__AckRecord__Kind)7;
	buf_reset(&b);
	assert_int_equal(ack_put(seal, NP_STR("g1"), &m, &b), NP_OK);
	assert_int_equal(ack_open(seal, NP_STR("g1"), buf_str(&b), arena, &back), NP_E_PROTO);
}

static void live_messages_and_last_results_come_back(void **state)
{
	(void)state;
	char engine[] = "engine-1";
	uint8_t id[16] = { 1 };
	Np__I1__LiveResult r = NP__I1__LIVE_RESULT__INIT, *last = NULL;
	r.monitor = 5;
	r.monitor_id = (ProtobufCBinaryData){ .len = 16, .data = id };
	Np__I1__LiveResult *rs[] = { &r };
	Np__I1__LiveGroup g = NP__I1__LIVE_GROUP__INIT;
	g.n_results = 1;
	g.results = rs;
	Np__I1__LiveGroup *gs[] = { &g };
	Np__I1__LiveMsg m = NP__I1__LIVE_MSG__INIT, *back = NULL;
	m.engine = engine;
	m.n_groups = 1;
	m.groups = gs;
	buf_reset(&b);
	assert_int_equal(live_put(seal, &m, &b), NP_OK);
	assert_int_equal(live_open(seal, buf_str(&b), arena, &back), NP_OK);
	assert_int_equal(back->groups[0]->results[0]->monitor, 5);
	r.monitor_id.len = 3;
	buf_reset(&b);
	assert_int_equal(live_put(seal, &m, &b), NP_OK);
	assert_int_equal(live_open(seal, buf_str(&b), arena, &back), NP_E_PROTO);
	r.monitor_id.len = 16;
	buf_reset(&b);
	assert_int_equal(live_put_last(seal, &r, &b), NP_OK);
	assert_int_equal(live_open_last(seal, 5, buf_str(&b), arena, &last), NP_OK);
	assert_int_equal(live_open_last(seal, 6, buf_str(&b), arena, &last), NP_E_AUTH);
}

static void jobs_and_nudges_come_back(void **state)
{
	(void)state;
	Np__I1__JobRecord j = NP__I1__JOB_RECORD__INIT, *back = NULL;
	j.monitor = 9;
	j.region = 2;
	buf_reset(&b);
	assert_int_equal(job_put(seal, &j, &b), NP_OK);
	assert_int_equal(job_open(seal, 2, buf_str(&b), arena, &back), NP_OK);
	assert_int_equal(back->monitor, 9);
	assert_int_equal(job_open(seal, 3, buf_str(&b), arena, &back), NP_E_AUTH);
	enum job_nudge what;
	for (unsigned i = JOB_N_CHECKER; i < JOB_NUDGE_N; i++) {
		buf_reset(&b);
		assert_int_equal(job_put_nudge(seal, (enum job_nudge)i, &b), NP_OK);
		assert_int_equal(job_open_nudge(seal, buf_str(&b), &what), NP_OK);
		assert_int_equal(what, i);
	}
	assert_int_equal(job_open_nudge(seal, NP_STR("x"), &what), NP_E_AUTH);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_are_those_of_the_contract),
		cmocka_unit_test(queue_records_open_only_on_their_shard),
		cmocka_unit_test(acks_open_only_at_their_gateway),
		cmocka_unit_test(live_messages_and_last_results_come_back),
		cmocka_unit_test(jobs_and_nudges_come_back),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
