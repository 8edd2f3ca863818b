/* SPDX-License-Identifier: Apache-2.0 */
/* np.h - what every file includes: errors as values, text slices, attributes.
 *
 * Floor 1 (base). Nothing here allocates or keeps state. `np_err` is 0 on
 * success and negative on failure; results leave through the last parameter
 * (`ret_x`), untouched on failure. Text is `np_str`: borrowed, not terminated.
 */
#pragma once
#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/banned.h"

typedef int np_err;

enum np_err_code {
	NP_OK = 0,
	NP_E_INVAL = -1,     /* malformed input */
	NP_E_RANGE = -2,     /* well formed, out of range */
	NP_E_LIMIT = -3,     /* a stated maximum would be passed */
	NP_E_NOMEM = -4,     /* allocation failed */
	NP_E_NOTFOUND = -5,  /* no such thing */
	NP_E_EXISTS = -6,    /* there already */
	NP_E_AGAIN = -7,     /* not now: try later */
	NP_E_IO = -8,        /* the operating system refused */
	NP_E_NOSPACE = -9,   /* disk full */
	NP_E_PERM = -10,     /* not allowed by the system */
	NP_E_AUTH = -11,     /* peer is not who it should be */
	NP_E_DENIED = -12,   /* peer is known and may not */
	NP_E_TIMEOUT = -13,  /* deadline passed */
	NP_E_CLOSED = -14,   /* other side is gone */
	NP_E_PROTO = -15,    /* peer broke the protocol */
	NP_E_CORRUPT = -16,  /* stored bytes are damaged */
	NP_E_VERSION = -17,  /* made by another version */
	NP_E_CRYPTO = -18,   /* the TLS library refused */
	NP_E_DB = -19,       /* database error of content; details beside it */
	NP_E_DB_GONE = -20,  /* database not reachable or out of resources: try again */
	NP_E_FENCED = -21,   /* this owner lost the shard */
	NP_E_REGISTRY = -22, /* the registry of checkers changed under the commit */
	NP_E_ALREADY = -23,  /* this very commit is already there */
	NP_E_BUSY = -24,     /* somebody else holds it */
	NP_E_CANCELED = -25, /* given up on purpose */
	NP_ERR_FIRST = -25,  /* lowest code: sizes the table of names */
};

#define NP_NODISCARD __attribute__((warn_unused_result))
#define NP_NONNULL(...) __attribute__((nonnull(__VA_ARGS__)))
#define NP_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))
#define NP_UNUSED __attribute__((unused))
#define NP_CLEANUP(fn) __attribute__((cleanup(fn)))

#define NP_LEN(a) (sizeof(a) / sizeof((a)[0]))
#define NP_CONTAINER_OF(ptr, type, member) ((type *)(void *)((char *)(ptr)-offsetof(type, member)))

/* Text: borrowed bytes, not NUL-terminated; {NULL, 0} is the empty text. */
typedef struct np_str {
	const char *p;
	size_t n;
} np_str;

#define NP_STR(lit) ((np_str){ "" lit "", sizeof(lit) - 1 })
#define NP_FMT(s) (int)(s).n, (s).n ? (s).p : ""

/* Hand a pointer over: yields its value and nulls the variable. */
#define np_take(ptr_var)                                \
	__extension__({                                 \
		__typeof__(ptr_var) *np_p = &(ptr_var); \
		__typeof__(ptr_var) np_v = *np_p;       \
		*np_p = NULL;                           \
		np_v;                                   \
	})

#define NP_MS_US ((int64_t)1000)
#define NP_SEC_MS ((int64_t)1000)
#define NP_SEC_US ((int64_t)1000000)
#define NP_MIN_MS (60 * NP_SEC_MS)
#define NP_MIN_US (60 * NP_SEC_US)
#define NP_HOUR_US (60 * NP_MIN_US)
#define NP_DAY_US (24 * NP_HOUR_US)

/* Number of shards of an installation: fixed, since streams and rows carry it. */
#define NP_SHARDS 16

/* One plain English phrase for an error ("disk full"); never NULL. */
const char *np_err_text(np_err e);
/* errno value -> nearest np_err (NP_E_IO when nothing fits). */
NP_NODISCARD np_err np_err_from_errno(int errno_value);

/* Cleanup helpers for NP_CLEANUP: accept the pointer to the variable. */
void np_close_fd(int *fd);  /* closes when >= 0, sets -1 */
void np_free_ptr(void *pp); /* free(*(void **)pp) and null it */

/* Allocation that tests can make fail (np_oom_at). NULL on failure; sizes are
 * checked for overflow. New blocks are zeroed (what realloc adds is not). Free with free(). */
NP_NODISCARD void *np_zalloc(size_t size);
NP_NODISCARD void *np_calloc(size_t count, size_t size);
/* realloc to count*size bytes; on failure the old block stays valid. */
NP_NODISCARD void *np_reallocarray(void *p, size_t count, size_t size);
/* NUL-terminated copy of a slice, caller frees; NULL on failure or inner NUL. */
NP_NODISCARD char *np_strdup(np_str s);
/* Tests only: make the n-th following allocation of this thread fail (0: never). */
void np_oom_at(uint64_t n);
