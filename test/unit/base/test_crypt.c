/* SPDX-License-Identifier: Apache-2.0 */
#include "unit/t.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/crypt.h"
#include "base/file.h"

static void known_answers(void **state)
{
	(void)state;
	uint8_t sum[CRYPT_SHA256_LEN];
	char hex[64];
	crypt_sha256(NP_STR("abc"), sum);
	str_hex(sum, sizeof sum, hex);
	assert_str(((np_str){ hex, 64 }),
		   "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	crypt_sha256((np_str){ NULL, 0 }, sum);
	str_hex(sum, sizeof sum, hex);
	assert_str(((np_str){ hex, 64 }),
		   "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
	/* RFC 4231, case 2 */
	crypt_hmac_sha256(NP_STR("Jefe"), NP_STR("what do ya want for nothing?"), sum);
	str_hex(sum, sizeof sum, hex);
	assert_str(((np_str){ hex, 64 }),
		   "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
	crypt_hmac_sha256((np_str){ NULL, 0 }, (np_str){ NULL, 0 }, sum);
	str_hex(sum, sizeof sum, hex);
	assert_str(((np_str){ hex, 64 }),
		   "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
	assert_true(crypt_mix64(1) == UINT64_C(0x5692161d100b05e5));
}

static void uuids_are_version_7_and_rise(void **state)
{
	(void)state;
	uint8_t before[16] = { 0 };
	for (int i = 0; i < 1000; i++) {
		uint8_t id[16];
		rnd_uuid(id);
		assert_int_equal(id[6] >> 4, 7);
		assert_int_equal(id[8] >> 6, 2);
		assert_true(memcmp(id, before, 7) >= 0);
		memcpy(before, id, sizeof id);
	}
}

static void equality_of_secrets(void **state)
{
	(void)state;
	assert_true(secret_eq(NP_STR("abc"), NP_STR("abc")));
	assert_false(secret_eq(NP_STR("abc"), NP_STR("abd")));
	assert_false(secret_eq(NP_STR("abc"), NP_STR("ab")));
	assert_true(secret_eq((np_str){ NULL, 0 }, NP_STR("")));
}

static void secrets_come_from_private_files_only(void **state)
{
	(void)state;
	char dir[] = "/tmp/np-test-crypt-XXXXXX";
	char path[64];
	assert_non_null(mkdtemp(dir));
	(void)snprintf(path, sizeof path, "%s/secret", dir);
	struct secret s = { .n = 99 };
	assert_err(secret_load(path, &s), NP_E_NOTFOUND);
	assert_ok(file_write_atomic(path, NP_STR("hunter2\n"), 0600));
	assert_ok(secret_load(path, &s));
	assert_str(secret_peek(&s), "hunter2");
	static const uint32_t open_modes[] = { 0640, 0604, 0660, 0644 };
	for (size_t i = 0; i < NP_LEN(open_modes); i++) {
		assert_int_equal(chmod(path, open_modes[i]), 0);
		assert_err(secret_load(path, &s), NP_E_PERM);
	}
	char big[SECRET_MAX + 1];
	memset(big, 'x', sizeof big);
	assert_ok(file_write_atomic(path, (np_str){ big, SECRET_MAX }, 0600));
	assert_ok(secret_load(path, &s));
	assert_int_equal(s.n, SECRET_MAX);
	assert_ok(file_write_atomic(path, (np_str){ big, sizeof big }, 0600));
	assert_err(secret_load(path, &s), NP_E_LIMIT);
	assert_err(secret_load(dir, &s), NP_E_INVAL);
	secret_done(&s);
	assert_int_equal(s.n, 0);
	assert_int_equal(s.bytes[0], 0);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(rmdir(dir), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(known_answers),
		cmocka_unit_test(uuids_are_version_7_and_rise),
		cmocka_unit_test(equality_of_secrets),
		cmocka_unit_test(secrets_come_from_private_files_only),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
