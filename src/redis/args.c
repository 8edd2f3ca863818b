/* SPDX-License-Identifier: Apache-2.0 */
#include "redis/args.h"

#include "base/str.h"

void redis_args_init(struct redis_args *a, const char *name)
{
	a->n = 0;
	redis_args_c(a, name);
}

void redis_args_add(struct redis_args *a, np_str s)
{
	assert(a->n < REDIS_ARGS_MAX);
	/* hiredis wants a pointer even to nothing */
	a->at[a->n++] = s.n > 0 ? s : NP_STR("");
}

void redis_args_c(struct redis_args *a, const char *s)
{
	redis_args_add(a, str_from_c(s));
}

void redis_args_i64(struct redis_args *a, int64_t v)
{
	assert(a->n < REDIS_ARGS_MAX);
	snprintf(a->num[a->n], sizeof a->num[0], "%lld", (long long)v);
	redis_args_c(a, a->num[a->n]);
}

void redis_args_u64(struct redis_args *a, uint64_t v)
{
	assert(a->n < REDIS_ARGS_MAX);
	snprintf(a->num[a->n], sizeof a->num[0], "%llu", (unsigned long long)v);
	redis_args_c(a, a->num[a->n]);
}

void redis_args_id(struct redis_args *a, struct redis_id id)
{
	assert(a->n < REDIS_ARGS_MAX);
	snprintf(a->num[a->n], sizeof a->num[0], "%llu-%llu", (unsigned long long)id.ms,
		 (unsigned long long)id.seq);
	redis_args_c(a, a->num[a->n]);
}

np_err redis_id_parse(np_str s, struct redis_id *ret)
{
	struct redis_id id;
	np_str head, tail;
	np_err e;
	if (!str_cut(s, '-', &head, &tail))
		return NP_E_INVAL;
	e = str_to_u64(head, &id.ms);
	if (e == NP_OK)
		e = str_to_u64(tail, &id.seq);
	if (e == NP_OK)
		*ret = id;
	return e;
}

int redis_id_cmp(struct redis_id a, struct redis_id b)
{
	if (a.ms != b.ms)
		return a.ms < b.ms ? -1 : 1;
	return a.seq < b.seq ? -1 : a.seq > b.seq;
}

struct redis_id redis_id_next(struct redis_id id)
{
	if (id.seq < UINT64_MAX)
		return (struct redis_id){ .ms = id.ms, .seq = id.seq + 1 };
	return (struct redis_id){ .ms = id.ms + 1 };
}
