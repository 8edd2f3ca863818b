/* SPDX-License-Identifier: Apache-2.0 */
/* jread.h - reading validated values out of a JSON object, noting what is wrong.
 *
 * Floor 2 (core). Every function leaves *ret as it is (a default) when the
 * field is absent or wrong; null counts as absent. Texts are borrowed. Any thread.
 */
#pragma once
#include <jansson.h>

#include "core/problem.h"

struct jread {
	const json_t *object;
	const char *prefix; /* of the paths: "" or "options." */
	struct problem_list *p;
};

void jread_drop(json_t **j);             /* for NP_CLEANUP */
np_str jread_text(const json_t *string); /* {NULL,0} when it is not a string */
/* Whole number in [low, high]. */
void jread_u32(const struct jread *r, const char *key, uint32_t low, uint32_t high, uint32_t *ret);
/* Seconds, fractions allowed, as ms in [low, high]. */
void jread_seconds(const struct jread *r, const char *key, int64_t low_ms, int64_t high_ms,
		   int64_t *ret_ms);
void jread_bool(const struct jread *r, const char *key, bool *ret);
/* 0..max bytes of UTF-8 without NUL. */
void jread_str(const struct jread *r, const char *key, size_t max, np_str *ret);
/* Fields that are not in the list (NULL-terminated) are problems. */
void jread_only(const struct jread *r, const char *const *allowed);
/* Array of strings: at most max_n of 1..max bytes each; *ret is the array. */
void jread_strings(const struct jread *r, const char *key, size_t max_n, size_t max,
		   const json_t **ret);
/* The value, or NULL when absent or null. */
const json_t *jread_get(const struct jread *r, const char *key);
