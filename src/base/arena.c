/* SPDX-License-Identifier: Apache-2.0 */
#include "base/arena.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ARENA_FIRST = 4096, ARENA_ALIGN = 16 };

struct chunk {
	struct chunk *older;
	size_t used, cap;
	_Alignas(ARENA_ALIGN) unsigned char bytes[];
};

struct arena {
	struct chunk *newest;
	size_t max, held; /* held: capacity of all chunks */
};

struct arena *arena_new(size_t max)
{
	struct arena *a = np_zalloc(sizeof *a);
	if (a)
		a->max = max;
	return a;
}

/* Frees chunks until `keep` is the newest. */
static void drop_until(struct arena *a, const struct chunk *keep)
{
	while (a->newest != keep) {
		struct chunk *c = a->newest;
		a->newest = c->older;
		a->held -= c->cap;
		free(c);
	}
}

void arena_free(struct arena *a)
{
	if (!a)
		return;
	drop_until(a, NULL);
	free(a);
}

void arena_free_p(struct arena **a)
{
	arena_free(np_take(*a));
}

void arena_reset(struct arena *a)
{
	struct chunk *first = a->newest;
	while (first && first->older)
		first = first->older;
	drop_until(a, first);
	if (first)
		first->used = 0;
}

/* A chunk with room for `size` bytes becomes the newest; false: limit or no memory. */
static bool grow(struct arena *a, size_t size)
{
	size_t left = a->max - a->held;
	if (size > left)
		return false;
	size_t cap = a->newest ? a->newest->cap * 2 : ARENA_FIRST;
	if (cap < size)
		cap = size;
	if (cap > left)
		cap = left;
	struct chunk *c = np_reallocarray(NULL, 1, sizeof *c + cap);
	if (!c)
		return false;
	*c = (struct chunk){ .older = a->newest, .cap = cap };
	a->newest = c;
	a->held += cap;
	return true;
}

void *arena_alloc(struct arena *a, size_t size)
{
	size_t padded;
	if (__builtin_add_overflow(size > 0 ? size : 1, (size_t)ARENA_ALIGN - 1, &padded))
		return NULL;
	padded -= padded % ARENA_ALIGN;
	struct chunk *c = a->newest;
	if (!c || padded > c->cap - c->used) {
		if (!grow(a, padded))
			return NULL;
		c = a->newest;
	}
	void *p = c->bytes + c->used;
	c->used += padded;
	return memset(p, 0, size);
}

void *arena_calloc(struct arena *a, size_t count, size_t size)
{
	size_t bytes;
	if (__builtin_mul_overflow(count, size, &bytes))
		return NULL;
	return arena_alloc(a, bytes);
}

np_str arena_str(struct arena *a, np_str s)
{
	char *copy = s.n < SIZE_MAX ? arena_alloc(a, s.n + 1) : NULL;
	if (!copy)
		return (np_str){ NULL, 0 };
	if (s.n > 0)
		memcpy(copy, s.p, s.n);
	return (np_str){ copy, s.n };
}

const char *arena_c(struct arena *a, np_str s)
{
	return arena_str(a, s).p;
}

np_str arena_printf(struct arena *a, const char *fmt, ...)
{
	va_list first;
	va_list second;
	va_start(first, fmt);
	va_copy(second, first);
	int n = vsnprintf(NULL, 0, fmt, first);
	va_end(first);
	char *text = n < 0 ? NULL : arena_alloc(a, (size_t)n + 1);
	if (text)
		(void)vsnprintf(text, (size_t)n + 1, fmt, second);
	va_end(second);
	return text ? (np_str){ text, (size_t)n } : (np_str){ NULL, 0 };
}
