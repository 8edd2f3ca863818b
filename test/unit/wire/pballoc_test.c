/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/str.h"
#include "results.pb-c.h"
#include "wire/pballoc.h"

static void a_million_empty_messages_stop_at_the_cap(void **state)
{
	(void)state;
	struct buf b;
	buf_init(&b, 1 << 20);
	while (b.n + 2 <= b.max)
		assert_int_equal(pballoc_put_bytes(&b, 4, (np_str){ NULL, 0 }), NP_OK);
	struct arena *a = arena_new(1 << 20);
	ProtobufCMessage *m = NULL;
	assert_int_equal(pballoc_unpack(a, &np__v1__batch__descriptor, buf_str(&b), &m),
			 NP_E_PROTO);
	buf_done(&b);
	arena_free(a);
}

static void texts_keep_their_nul(void **state)
{
	(void)state;
	struct arena *a = arena_new(1 << 16);
	ProtobufCMessage *m = NULL;
	np_str in = { "\x0a\x03"
		      "a\0b",
		      5 };
	assert_int_equal(pballoc_unpack(a, &np__v1__welcome__descriptor, in, &m), NP_OK);
	Np__V1__Welcome *w = (Np__V1__Welcome *)m;
	assert_true(str_eq(pballoc_str(w->region), (np_str){ "a\0b", 3 }));
	assert_false(pballoc_str_ok(w->region, 10));
	assert_int_equal(pballoc_unpack(a, &np__v1__welcome__descriptor, (np_str){ NULL, 0 }, &m),
			 NP_OK);
	w = (Np__V1__Welcome *)m;
	assert_int_equal(pballoc_str(w->region).n, 0);
	in = (np_str){ "\x0a\x00", 2 };
	assert_int_equal(pballoc_unpack(a, &np__v1__welcome__descriptor, in, &m), NP_OK);
	w = (Np__V1__Welcome *)m;
	assert_int_equal(pballoc_str(w->region).n, 0);
	assert_true(pballoc_str_ok(w->region, 0));
	in = (np_str){ "\x0a\x02ok", 4 };
	assert_int_equal(pballoc_unpack(a, &np__v1__welcome__descriptor, in, &m), NP_OK);
	w = (Np__V1__Welcome *)m;
	assert_true(pballoc_str_ok(w->region, 2));
	assert_false(pballoc_str_ok(w->region, 1));
	arena_free(a);
}

static void fields_are_walked_and_bad_ones_refused(void **state)
{
	(void)state;
	np_str in = { "\x08\x96\x01\x12\x02hi\x1d"
		      "1234"
		      "\x21"
		      "12345678",
		      21 };
	struct pballoc_field f;
	assert_int_equal(pballoc_next(&in, &f), NP_OK);
	assert_int_equal(f.number, 1);
	assert_int_equal(f.value, 150);
	assert_int_equal(pballoc_next(&in, &f), NP_OK);
	assert_true(str_eq_c(f.bytes, "hi"));
	assert_int_equal(pballoc_next(&in, &f), NP_OK);
	assert_int_equal(f.type, 5);
	assert_int_equal(pballoc_next(&in, &f), NP_OK);
	assert_int_equal(in.n, 0);
	static const np_str bad[] = {
		{ NULL, 0 },
		{ "\x08", 1 },
		{ "\x0a\x7f", 2 },
		{ "\x00\x00", 2 },
		{ "\x0b", 1 },
		{ "\x1d\x01", 2 },
		{ "\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 11 },
		{ "\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 12 },
	};
	for (size_t i = 0; i < NP_LEN(bad); i++) {
		in = bad[i];
		assert_int_equal(pballoc_next(&in, &f), NP_E_PROTO);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_million_empty_messages_stop_at_the_cap),
		cmocka_unit_test(texts_keep_their_nul),
		cmocka_unit_test(fields_are_walked_and_bad_ones_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
