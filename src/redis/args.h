/* SPDX-License-Identifier: Apache-2.0 */
/* args.h - the words of one Redis command, binary safe, and stream ids.
 *
 * Floor 3 (redis). Caller's storage; texts are borrowed until it is sent,
 * numbers are kept inside. Too many words is our bug (asserted).
 */
#pragma once
#include "base/np.h"

#define REDIS_ARGS_MAX 48
#define REDIS_ARGS_NUM 24 /* bytes of one number or id */

struct redis_args {
	size_t n;
	np_str at[REDIS_ARGS_MAX];
	char num[REDIS_ARGS_MAX][2 * REDIS_ARGS_NUM];
};

struct redis_id {
	uint64_t ms, seq;
}; /* of a stream entry */

/* Starts over with the command's name. Not copied by value afterwards: points into itself. */
void redis_args_init(struct redis_args *a, const char *name);
void redis_args_add(struct redis_args *a, np_str s);
void redis_args_c(struct redis_args *a, const char *s);
void redis_args_i64(struct redis_args *a, int64_t v);
void redis_args_u64(struct redis_args *a, uint64_t v);
void redis_args_id(struct redis_args *a, struct redis_id id); /* "ms-seq" */

NP_NODISCARD np_err redis_id_parse(np_str s, struct redis_id *ret);
int redis_id_cmp(struct redis_id a, struct redis_id b); /* <0, 0, >0 */
struct redis_id redis_id_next(struct redis_id id);
