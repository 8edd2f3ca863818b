/* SPDX-License-Identifier: Apache-2.0 */
#include "base/np.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *const err_texts[] = {
	[-NP_OK] = "no error",
	[-NP_E_INVAL] = "malformed input",
	[-NP_E_RANGE] = "value out of range",
	[-NP_E_LIMIT] = "a limit would be passed",
	[-NP_E_NOMEM] = "out of memory",
	[-NP_E_NOTFOUND] = "not found",
	[-NP_E_EXISTS] = "exists already",
	[-NP_E_AGAIN] = "not now, try again later",
	[-NP_E_IO] = "the operating system refused",
	[-NP_E_NOSPACE] = "disk full",
	[-NP_E_PERM] = "not allowed by the system",
	[-NP_E_AUTH] = "the peer is not who it should be",
	[-NP_E_DENIED] = "the peer is known and may not",
	[-NP_E_TIMEOUT] = "deadline passed",
	[-NP_E_CLOSED] = "the other side is gone",
	[-NP_E_PROTO] = "the peer broke the protocol",
	[-NP_E_CORRUPT] = "stored bytes are damaged",
	[-NP_E_VERSION] = "made by another version",
	[-NP_E_CRYPTO] = "the TLS library refused",
	[-NP_E_DB] = "the database refused the content",
	[-NP_E_DB_GONE] = "the database is not reachable",
	[-NP_E_FENCED] = "this owner lost the shard",
	[-NP_E_REGISTRY] = "the registry of checkers changed",
	[-NP_E_ALREADY] = "committed already",
	[-NP_E_BUSY] = "somebody else holds it",
	[-NP_E_CANCELED] = "given up on purpose",
};
static_assert(NP_LEN(err_texts) == -NP_ERR_FIRST + 1, "name every error");

const char *np_err_text(np_err e)
{
	if (e > 0 || e < NP_ERR_FIRST)
		return "unknown error";
	return err_texts[-e];
}

np_err np_err_from_errno(int errno_value)
{
	static const struct {
		int from;
		np_err to;
	} rows[] = {
		{ 0, NP_OK },
		{ EINVAL, NP_E_INVAL },
		{ ERANGE, NP_E_RANGE },
		{ EOVERFLOW, NP_E_RANGE },
		{ EFBIG, NP_E_LIMIT },
		{ EMFILE, NP_E_LIMIT },
		{ ENFILE, NP_E_LIMIT },
		{ ENAMETOOLONG, NP_E_LIMIT },
		{ E2BIG, NP_E_LIMIT },
		{ ENOMEM, NP_E_NOMEM },
		{ ENOBUFS, NP_E_NOMEM },
		{ ENOENT, NP_E_NOTFOUND },
		{ ENOTDIR, NP_E_NOTFOUND },
		{ ESRCH, NP_E_NOTFOUND },
		{ EEXIST, NP_E_EXISTS },
		{ ENOTEMPTY, NP_E_EXISTS },
		{ EADDRINUSE, NP_E_EXISTS },
		{ EAGAIN, NP_E_AGAIN },
		{ EINTR, NP_E_AGAIN },
		{ ENOSPC, NP_E_NOSPACE },
		{ EDQUOT, NP_E_NOSPACE },
		{ EACCES, NP_E_PERM },
		{ EPERM, NP_E_PERM },
		{ EROFS, NP_E_PERM },
		{ ETIMEDOUT, NP_E_TIMEOUT },
		{ EPIPE, NP_E_CLOSED },
		{ ECONNRESET, NP_E_CLOSED },
		{ ECONNREFUSED, NP_E_CLOSED },
		{ ENOTCONN, NP_E_CLOSED },
		{ EPROTO, NP_E_PROTO },
		{ EBUSY, NP_E_BUSY },
		{ ETXTBSY, NP_E_BUSY },
		{ ECANCELED, NP_E_CANCELED },
	};
	for (size_t i = 0; i < NP_LEN(rows); i++)
		if (rows[i].from == errno_value)
			return rows[i].to;
	return NP_E_IO;
}

void np_close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

void np_free_ptr(void *pp)
{
	void *p;
	memcpy(&p, pp, sizeof p); /* the variable may have any pointer type */
	free(p);
	p = NULL;
	memcpy(pp, &p, sizeof p);
}

/* A test's countdown, one per thread; 0: allocations never fail on purpose. */
static _Thread_local uint64_t oom_countdown;

void np_oom_at(uint64_t n)
{
	oom_countdown = n;
}

/* May this allocation be tried? Then both factors are at least 1: NULL means failure only. */
static bool may_allocate(size_t *count, size_t *size)
{
	size_t bytes;
	if (oom_countdown > 0 && --oom_countdown == 0)
		return false;
	if (*count == 0 || *size == 0)
		*count = *size = 1;
	return !__builtin_mul_overflow(*count, *size, &bytes) && bytes <= PTRDIFF_MAX;
}

void *np_zalloc(size_t size)
{
	return np_calloc(1, size);
}

void *np_calloc(size_t count, size_t size)
{
	return may_allocate(&count, &size) ? calloc(count, size) : NULL;
}

void *np_reallocarray(void *p, size_t count, size_t size)
{
	return may_allocate(&count, &size) ? reallocarray(p, count, size) : NULL;
}

char *np_strdup(np_str s)
{
	if (s.n > 0 && memchr(s.p, 0, s.n))
		return NULL;
	char *copy = np_calloc(s.n + 1, 1);
	if (copy && s.n > 0)
		memcpy(copy, s.p, s.n);
	return copy;
}
