/* SPDX-License-Identifier: Apache-2.0 */
#include "base/crypt.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/sha.h>

#include "base/clock.h"

void secret_done(struct secret *s)
{
	OPENSSL_cleanse(s, sizeof *s);
}

np_str secret_peek(const struct secret *s)
{
	return (np_str){ (const char *)s->bytes, s->n };
}

/* Reads to the end; NP_E_LIMIT when there is more than `size` bytes. */
static np_err read_all(int fd, uint8_t *p, size_t size, size_t *ret_n)
{
	size_t n = 0;
	while (n <= size) {
		/* One byte more than fits tells whether the file ends here. */
		uint8_t extra;
		ssize_t got = read(fd, n < size ? p + n : &extra, n < size ? size - n : 1);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return np_err_from_errno(errno);
		if (got == 0) {
			*ret_n = n;
			return NP_OK;
		}
		n += (size_t)got;
	}
	return NP_E_LIMIT;
}

np_err secret_load(const char *path, struct secret *ret)
{
	NP_CLEANUP(np_close_fd) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat st;
	if (fd < 0 || fstat(fd, &st) != 0)
		return np_err_from_errno(errno);
	if (!S_ISREG(st.st_mode))
		return NP_E_INVAL;
	if (st.st_mode & (S_IRWXG | S_IRWXO))
		return NP_E_PERM;
	NP_CLEANUP(secret_done) struct secret s = { .n = 0 };
	np_err e = read_all(fd, s.bytes, sizeof s.bytes, &s.n);
	if (e < 0)
		return e;
	if (s.n > 0 && s.bytes[s.n - 1] == '\n')
		s.n--;
	*ret = s;
	return NP_OK;
}

bool secret_eq(np_str a, np_str b)
{
	return a.n == b.n && (a.n == 0 || CRYPTO_memcmp(a.p, b.p, a.n) == 0);
}

void rnd_bytes(void *ret, size_t n)
{
	uint8_t *p = ret;
	while (n > 0) {
		ssize_t got = getrandom(p, n, 0);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			abort(); /* nothing that runs without randomness is safe */
		p += got;
		n -= (size_t)got;
	}
}

uint64_t rnd_u64(void)
{
	uint64_t v;
	rnd_bytes(&v, sizeof v);
	return v;
}

void rnd_uuid(uint8_t ret_id[16])
{
	int64_t us = clock_wall_us();
	uint64_t ms = (uint64_t)us / 1000;
	/* RFC 9562 §6.2 method 3: the fraction of the millisecond goes before the randomness. */
	uint64_t fraction = (uint64_t)us % 1000 * 4096 / 1000;
	rnd_bytes(ret_id, 16);
	for (size_t i = 0; i < 6; i++)
		ret_id[i] = (uint8_t)(ms >> (40 - 8 * i));
	ret_id[6] = (uint8_t)(0x70 | fraction >> 8);
	ret_id[7] = (uint8_t)fraction;
	ret_id[8] = (uint8_t)(0x80 | (ret_id[8] & 0x3f));
}

void crypt_sha256(np_str data, uint8_t ret[CRYPT_SHA256_LEN])
{
	const char *p = data.n > 0 ? data.p : "";
	const uint8_t *done = SHA256((const uint8_t *)p, data.n, ret);
	assert(done); /* the default provider always has it */
}

void crypt_hmac_sha256(np_str key, np_str data, uint8_t ret[CRYPT_SHA256_LEN])
{
	assert(key.n <= INT_MAX);
	const char *k = key.n > 0 ? key.p : "";
	const char *p = data.n > 0 ? data.p : "";
	unsigned int n = 0;
	const uint8_t *done =
		HMAC(EVP_sha256(), k, (int)key.n, (const uint8_t *)p, data.n, ret, &n);
	assert(done && n == CRYPT_SHA256_LEN);
}

uint64_t crypt_mix64(uint64_t x)
{
	x ^= x >> 30;
	x *= UINT64_C(0xbf58476d1ce4e5b9);
	x ^= x >> 27;
	x *= UINT64_C(0x94d049bb133111eb);
	return x ^ x >> 31;
}
