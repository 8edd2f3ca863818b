/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/str.h"
#include "wire/frame.h"
#include "wire/pballoc.h"

static void feed_all(struct frame_in *f, np_str bytes, struct buf *seen)
{
	np_str frame;
	enum frame_rc rc;
	while ((rc = frame_feed(f, &bytes, &frame)) == FRAME_DONE) {
		assert_int_equal(buf_add(seen, frame), NP_OK);
		assert_int_equal(buf_add_byte(seen, '|'), NP_OK);
	}
	assert_int_equal(rc, FRAME_MORE);
	assert_int_equal(bytes.n, 0);
}

static void add_frame(struct buf *b, const char *content)
{
	assert_int_equal(buf_add_be32(b, (uint32_t)strlen(content)), NP_OK);
	assert_int_equal(buf_add_c(b, content), NP_OK);
}

static void any_split_gives_the_same_frames(void **state)
{
	(void)state;
	struct buf in, seen;
	buf_init(&in, 1000);
	buf_init(&seen, 1000);
	add_frame(&in, "a");
	add_frame(&in, "bcdef");
	add_frame(&in, "0123456789");
	for (size_t i = 0; i <= in.n; i++)
		for (size_t j = i; j <= in.n; j++) {
			struct frame_in f;
			frame_in_init(&f, 100);
			buf_reset(&seen);
			feed_all(&f, (np_str){ in.p, i }, &seen);
			feed_all(&f, (np_str){ in.p + i, j - i }, &seen);
			feed_all(&f, (np_str){ in.p + j, in.n - j }, &seen);
			assert_true(str_eq_c(buf_str(&seen), "a|bcdef|0123456789|"));
			frame_in_done(&f);
		}
	buf_done(&in);
	buf_done(&seen);
}

static void holds_no_memory_between_frames(void **state)
{
	(void)state;
	struct buf in, seen;
	buf_init(&in, 100);
	buf_init(&seen, 100);
	add_frame(&in, "abcdef");
	struct frame_in f;
	frame_in_init(&f, 100);
	feed_all(&f, (np_str){ in.p, 7 }, &seen);
	assert_non_null(f.part.p);
	feed_all(&f, (np_str){ in.p + 7, in.n - 7 }, &seen);
	assert_null(f.part.p);
	frame_in_done(&f);
	buf_done(&in);
	buf_done(&seen);
}

static void refuses_empty_and_long_frames_at_their_length(void **state)
{
	(void)state;
	static const np_str rows[] = {
		{ "\0\0\0\0", 4 },
		{ "\0\0\0\x65", 4 },
		{ "\xff\xff\xff\xff", 4 },
		{ "\x80\0\0\0abcdef", 10 },
	};
	for (size_t i = 0; i < NP_LEN(rows); i++)
		for (size_t cut = 0; cut <= 4; cut++) {
			struct frame_in f;
			np_str frame, head = { rows[i].p, cut };
			np_str rest = { rows[i].p + cut, rows[i].n - cut };
			frame_in_init(&f, 100);
			enum frame_rc rc = frame_feed(&f, &head, &frame);
			if (rc == FRAME_MORE)
				rc = frame_feed(&f, &rest, &frame);
			assert_int_equal(rc, FRAME_BAD);
			frame_in_done(&f);
		}
}

static void announced_bytes_are_not_allocated(void **state)
{
	(void)state;
	struct frame_in f;
	frame_in_init(&f, FRAME_MAX);
	np_str in = { "\0\x0f\xff\xffx", 5 }, frame;
	assert_int_equal(frame_feed(&f, &in, &frame), FRAME_MORE);
	assert_true(f.part.cap < 4096);
	frame_in_done(&f);
}

/* Encode with fn-like calls, cut the frame out, hand back its content. */
static np_str content_of(struct buf *b, struct frame_in *f)
{
	np_str in = buf_str(b), frame;
	frame_in_init(f, FRAME_MAX);
	assert_int_equal(frame_feed(f, &in, &frame), FRAME_DONE);
	assert_int_equal(in.n, 0);
	return frame;
}

static void hello_and_ping_and_slow_come_back(void **state)
{
	(void)state;
	struct arena *a = arena_new(FRAME_ARENA_MAX);
	struct buf b;
	struct frame_in f;
	enum frame_up kind;
	np_str body;
	buf_init(&b, FRAME_MAX);
	Np__V1__Epoch ep = NP__V1__EPOCH__INIT;
	ep.epoch = 77;
	ep.shard = 15;
	ep.first_seq = 5;
	ep.last_seq = 9;
	Np__V1__Epoch *eps[] = { &ep };
	char version[] = "1.2.3";
	Np__V1__Hello h = NP__V1__HELLO__INIT;
	h.version = version;
	h.n_epochs = 1;
	h.epochs = eps;
	assert_int_equal(frame_put_hello(&b, &h), NP_OK);
	assert_int_equal(frame_up_open(content_of(&b, &f), &kind, &body), NP_OK);
	assert_int_equal(kind, FRAME_HELLO);
	Np__V1__Hello *hello = NULL;
	assert_int_equal(frame_hello(a, body, &hello), NP_OK);
	assert_string_equal(hello->version, "1.2.3");
	assert_int_equal(hello->epochs[0]->last_seq, 9);

	buf_reset(&b);
	Np__V1__Ping p = NP__V1__PING__INIT;
	p.nonce = UINT64_MAX;
	assert_int_equal(frame_put_ping(&b, &p), NP_OK);
	assert_int_equal(frame_up_open(content_of(&b, &f), &kind, &body), NP_OK);
	assert_int_equal(kind, FRAME_PING);
	Np__V1__Ping *ping = NULL;
	assert_int_equal(frame_ping(a, body, &ping), NP_OK);
	assert_true(ping->nonce == UINT64_MAX);

	buf_reset(&b);
	Np__V1__Slow s = NP__V1__SLOW__INIT;
	s.shard = 3;
	s.monitor = 19;
	s.slot_us = 1;
	assert_int_equal(frame_put_slow(&b, &s), NP_OK);
	assert_int_equal(frame_up_open(content_of(&b, &f), &kind, &body), NP_OK);
	assert_int_equal(kind, FRAME_SLOW);
	Np__V1__Slow *slow = NULL;
	assert_int_equal(frame_slow(a, body, &slow), NP_OK);
	assert_int_equal(slow->monitor, 19);
	buf_done(&b);
	arena_free(a);
}

static void a_batch_travels_verbatim(void **state)
{
	(void)state;
	struct buf b;
	struct frame_in f;
	enum frame_up kind;
	np_str body;
	buf_init(&b, FRAME_MAX);
	char big[300];
	memset(big, 'x', sizeof big);
	for (size_t n = 0; n <= sizeof big; n += 50) { /* lengths of one and two bytes */
		buf_reset(&b);
		assert_int_equal(frame_put_batch(&b, (np_str){ big, n }), NP_OK);
		assert_int_equal(frame_up_open(content_of(&b, &f), &kind, &body), NP_OK);
		assert_int_equal(kind, FRAME_BATCH);
		assert_true(str_eq(body, (np_str){ big, n }));
	}
	buf_done(&b);
}

static void refuses_what_is_not_one_up_message(void **state)
{
	(void)state;
	static const np_str rows[] = {
		{ NULL, 0 },               /* nothing */
		{ "\x0a\x00\x12\x00", 4 }, /* two members */
		{ "\x2a\x00", 2 },         /* unknown member */
		{ "\x08\x01", 2 },         /* a number */
		{ "\x0a\x05q", 3 },        /* longer than it is */
		{ "\x0a", 1 },             /* cut */
		{ "\x03", 1 },             /* group */
		{ "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", 11 },
	};
	enum frame_up kind;
	np_str body;
	for (size_t i = 0; i < NP_LEN(rows); i++)
		assert_int_equal(frame_up_open(rows[i], &kind, &body), NP_E_PROTO);
}

static void refuses_a_hello_out_of_range(void **state)
{
	(void)state;
	static const np_str rows[] = {
		{ "\x0a\x02"
		  "a\0",
		  4 },                                     /* NUL in the version */
		{ "\x0a\x01\xff", 3 },                     /* not UTF-8 */
		{ "\x12\x06\x08\x01\x10\x10\x18\x01", 8 }, /* shard 16 */
		{ "\x12\x04\x08\x01\x10\x01", 6 },         /* first_seq 0 */
		{ "\x12\x02\x18\x01", 4 },                 /* epoch 0 */
	};
	struct arena *a = arena_new(FRAME_ARENA_MAX);
	Np__V1__Hello *h = NULL;
	for (size_t i = 0; i < NP_LEN(rows); i++)
		assert_int_equal(frame_hello(a, rows[i], &h), NP_E_PROTO);
	assert_int_equal(frame_hello(a, (np_str){ NULL, 0 }, &h), NP_OK);
	arena_free(a);
}

static void down_messages_come_back(void **state)
{
	(void)state;
	struct arena *a = arena_new(FRAME_ARENA_MAX);
	struct buf b;
	struct frame_in f;
	Np__V1__Down *d = NULL;
	buf_init(&b, FRAME_MAX);
	char target[] = "https://example.net/", empty[] = "{}";
	Np__V1__Monitor m = NP__V1__MONITOR__INIT;
	m.monitor = 17;
	m.shard = 1;
	m.target = target;
	m.options_json = empty;
	Np__V1__Monitor *ms[] = { &m };
	Np__V1__Assign as = NP__V1__ASSIGN__INIT;
	as.generation = 4;
	as.full = true;
	as.n_upsert = 1;
	as.upsert = ms;
	assert_int_equal(frame_put_assign(&b, &as), NP_OK);
	assert_int_equal(frame_down(a, content_of(&b, &f), &d), NP_OK);
	assert_int_equal(d->kind_case, NP__V1__DOWN__KIND_ASSIGN);
	assert_string_equal(d->assign->upsert[0]->target, target);

	buf_reset(&b);
	uint64_t seqs[] = { 3, 9 };
	Np__V1__Reject r = NP__V1__REJECT__INIT;
	r.n_seqs = 2;
	r.seqs = seqs;
	assert_int_equal(frame_put_reject(&b, &r), NP_OK);
	assert_int_equal(frame_down(a, content_of(&b, &f), &d), NP_OK);
	assert_int_equal(d->reject->seqs[1], 9);

	assert_int_equal(frame_down(a, (np_str){ NULL, 0 }, &d), NP_E_PROTO);
	buf_done(&b);
	arena_free(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(any_split_gives_the_same_frames),
		cmocka_unit_test(holds_no_memory_between_frames),
		cmocka_unit_test(refuses_empty_and_long_frames_at_their_length),
		cmocka_unit_test(announced_bytes_are_not_allocated),
		cmocka_unit_test(hello_and_ping_and_slow_come_back),
		cmocka_unit_test(a_batch_travels_verbatim),
		cmocka_unit_test(refuses_what_is_not_one_up_message),
		cmocka_unit_test(refuses_a_hello_out_of_range),
		cmocka_unit_test(down_messages_come_back),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
