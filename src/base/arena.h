/* SPDX-License-Identifier: Apache-2.0 */
/* arena.h - memory that dies together: a request, a check run, a fan-out round.
 *
 * Floor 1 (base). One owner, one thread. Grows in chunks up to `max` bytes;
 * past it, allocation answers NULL. Nothing is freed singly.
 */
#pragma once
#include "base/np.h"

struct arena;

/* At most `max` bytes in all. NULL on no memory. */
NP_NODISCARD struct arena *arena_new(size_t max);
void arena_free(struct arena *a);    /* NULL is fine */
void arena_free_p(struct arena **a); /* for NP_CLEANUP */
void arena_reset(struct arena *a);   /* everything in it is gone; first chunk is kept */

/* Zeroed, aligned for any type; NULL past the maximum or on no memory. */
NP_NODISCARD void *arena_alloc(struct arena *a, size_t size);
NP_NODISCARD void *arena_calloc(struct arena *a, size_t count, size_t size);
/* Copy of a slice, NUL after it; {NULL,0} on failure. */
np_str arena_str(struct arena *a, np_str s);
/* Copy as C string; NULL on failure. */
NP_NODISCARD const char *arena_c(struct arena *a, np_str s);
/* Formatted text; {NULL,0} on failure. */
np_str arena_printf(struct arena *a, const char *fmt, ...) NP_PRINTF(2, 3);
