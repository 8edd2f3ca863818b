/* SPDX-License-Identifier: Apache-2.0 */
/* problem.h - a list of what is wrong with an input, field by field.
 *
 * Floor 2 (core). Fixed size, by value; what does not fit is counted. Paths are
 * as the caller wrote the field ("assertions[2].op"). Any thread.
 */
#pragma once
#include "base/np.h"

#define PROBLEM_MAX 24
#define PROBLEM_PATH_MAX 96
#define PROBLEM_TEXT_MAX 160

struct problem {
	char path[PROBLEM_PATH_MAX]; /* NUL-terminated, clipped */
	char text[PROBLEM_TEXT_MAX]; /* what is wrong and what is allowed, one phrase */
};

struct problem_list {
	size_t n;    /* entries in item */
	size_t more; /* further ones that did not fit */
	struct problem item[PROBLEM_MAX];
};

/* Append one; path is `prefix` + `field` ("options." + "method"). */
void problem_add(struct problem_list *l, const char *prefix, const char *field, const char *fmt,
		 ...) NP_PRINTF(4, 5);
static inline bool problem_any(const struct problem_list *l)
{
	return l->n > 0;
}
