/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <unistd.h>

#include "base/clock.h"
#include "base/crypt.h"
#include "base/file.h"
#include "base/str.h"
#include "wire/seal.h"

static const char key_bytes[SEAL_KEY_LEN + 1] = "0123456789abcdef0123456789abcdef";

static struct seal *key(void)
{
	struct seal *s = NULL;
	assert_int_equal(seal_new((np_str){ key_bytes, SEAL_KEY_LEN }, &s), NP_OK);
	return s;
}

static void is_hmac_sha256_of_context_zero_message(void **state)
{
	(void)state;
	struct seal *s = key();
	uint8_t ours[SEAL_LEN], theirs[SEAL_LEN];
	seal_mac(s, NP_STR("np:live"), NP_STR("hello"), ours);
	crypt_hmac_sha256((np_str){ key_bytes, SEAL_KEY_LEN }, (np_str){ "np:live\0hello", 13 },
			  theirs);
	assert_memory_equal(ours, theirs, SEAL_LEN);
	seal_free(s);
}

static void opens_what_it_sealed(void **state)
{
	(void)state;
	struct seal *s = key();
	struct buf b;
	np_str msg;
	buf_init(&b, 1000);
	assert_int_equal(seal_put(s, NP_STR("c"), NP_STR("message"), &b), NP_OK);
	assert_int_equal(seal_open(s, NP_STR("c"), buf_str(&b), &msg), NP_OK);
	assert_true(str_eq_c(msg, "message"));
	buf_reset(&b);
	assert_int_equal(seal_put(s, NP_STR("c"), (np_str){ NULL, 0 }, &b), NP_OK);
	assert_int_equal(seal_open(s, NP_STR("c"), buf_str(&b), &msg), NP_OK);
	assert_int_equal(msg.n, 0);
	buf_done(&b);
	seal_free(s);
}

static void refuses_every_altered_bit_other_context_and_other_key(void **state)
{
	(void)state;
	struct seal *s = key(), *other = NULL;
	struct buf b;
	np_str msg;
	buf_init(&b, 1000);
	assert_int_equal(seal_put(s, NP_STR("np:results:1"), NP_STR("message"), &b), NP_OK);
	for (size_t i = 0; i < b.n; i++) {
		b.p[i] ^= 4;
		assert_int_equal(seal_open(s, NP_STR("np:results:1"), buf_str(&b), &msg),
				 NP_E_AUTH);
		b.p[i] ^= 4;
	}
	for (size_t n = 0; n < b.n; n++)
		assert_int_equal(seal_open(s, NP_STR("np:results:1"), (np_str){ b.p, n }, &msg),
				 NP_E_AUTH);
	assert_int_equal(seal_open(s, NP_STR("np:results:2"), buf_str(&b), &msg), NP_E_AUTH);
	assert_int_equal(seal_new(NP_STR("short"), &other), NP_E_INVAL);
	assert_int_equal(seal_new((np_str){ key_bytes + 1, SEAL_KEY_LEN }, &other), NP_OK);
	assert_int_equal(seal_open(other, NP_STR("np:results:1"), buf_str(&b), &msg), NP_E_AUTH);
	buf_done(&b);
	seal_free(s);
	seal_free(other);
}

static void loads_only_a_private_file_of_64_digits(void **state)
{
	(void)state;
	char path[] = "/tmp/np-seal-XXXXXX";
	int fd = mkstemp(path);
	assert_true(fd >= 0);
	close(fd);
	struct seal *s = NULL;
	struct buf why;
	buf_init(&why, 500);
	assert_int_equal(file_write_atomic(path,
					   NP_STR("0123456789abcdef0123456789abcdef"
						  "0123456789abcdef0123456789abcdef\n"),
					   0600),
			 NP_OK);
	assert_int_equal(seal_load(path, &s, &why), NP_OK);
	seal_free(s);
	assert_int_equal(file_write_atomic(path, NP_STR("0123\n"), 0600), NP_OK);
	assert_int_equal(seal_load(path, &s, &why), NP_E_INVAL);
	assert_true(why.n > 0);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(seal_load(path, &s, &why), NP_E_NOTFOUND);
	buf_done(&why);
}

static void is_cheap(void **state)
{
	(void)state;
	enum { ROUNDS = 100000 };
	struct seal *s = key();
	uint8_t mac[SEAL_LEN];
	char msg[200] = { 1 };
	int64_t t = clock_mono_us();
	for (int i = 0; i < ROUNDS; i++) {
		seal_mac(s, NP_STR("np:results:3"), (np_str){ msg, sizeof msg }, mac);
		msg[0] = (char)mac[0];
	}
	t = clock_mono_us() - t;
	print_message("%lld seals of 200 bytes a second\n",
		      (long long)ROUNDS * 1000000 / (long long)(t + 1));
	seal_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(is_hmac_sha256_of_context_zero_message),
		cmocka_unit_test(opens_what_it_sealed),
		cmocka_unit_test(refuses_every_altered_bit_other_context_and_other_key),
		cmocka_unit_test(loads_only_a_private_file_of_64_digits),
		cmocka_unit_test(is_cheap),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
