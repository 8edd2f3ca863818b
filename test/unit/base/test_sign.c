/* SPDX-License-Identifier: Apache-2.0 */
#include "unit/t.h"

#include "base/sign.h"

/* RFC 8032, 7.1, test 2 */
static const char seed[] = "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb";
static const char public[] = "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c";
static const char signature[] = "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
				"085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00";

static void known_answer(void **state)
{
	(void)state;
	NP_CLEANUP(sign_key_free_p) struct sign_key *k = NULL;
	uint8_t key[SIGN_PUBLIC_LEN], sig[SIGN_LEN];
	char hex[2 * SIGN_LEN];
	assert_ok(sign_key_new(str_from_c(seed), &k));
	sign_key_public(k, key);
	str_hex(key, sizeof key, hex);
	assert_str(((np_str){ hex, 64 }), public);
	assert_ok(sign_make(k, NP_STR("\x72"), sig));
	str_hex(sig, sizeof sig, hex);
	assert_str(((np_str){ hex, sizeof hex }), signature);
	assert_ok(sign_check(key, NP_STR("\x72"), sig));
}

static void another_text_key_or_signature_fails(void **state)
{
	(void)state;
	NP_CLEANUP(sign_key_free_p) struct sign_key *k = NULL;
	uint8_t key[SIGN_PUBLIC_LEN], sig[SIGN_LEN];
	assert_ok(sign_key_new(str_from_c(seed), &k));
	sign_key_public(k, key);
	assert_ok(sign_make(k, NP_STR("text"), sig));
	assert_ok(sign_check(key, NP_STR("text"), sig));
	assert_err(sign_check(key, NP_STR("texT"), sig), NP_E_AUTH);
	for (size_t i = 0; i < sizeof sig * 8; i += 37) {
		sig[i / 8] ^= (uint8_t)(1 << i % 8);
		assert_err(sign_check(key, NP_STR("text"), sig), NP_E_AUTH);
		sig[i / 8] ^= (uint8_t)(1 << i % 8);
	}
	key[3] ^= 4;
	assert_true(sign_check(key, NP_STR("text"), sig) < 0);
}

static void only_a_whole_seed_is_a_key(void **state)
{
	(void)state;
	struct sign_key *k = NULL;
	assert_err(sign_key_new(NP_STR("00"), &k), NP_E_INVAL);
	assert_err(sign_key_new((np_str){ seed, 63 }, &k), NP_E_INVAL);
	assert_err(sign_key_new(NP_STR("zz"), &k), NP_E_INVAL);
	assert_true(sign_key_load("/nonexistent", &k) < 0);
	assert_null(k);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(known_answer),
		cmocka_unit_test(another_text_key_or_signature_fails),
		cmocka_unit_test(only_a_whole_seed_is_a_key),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
