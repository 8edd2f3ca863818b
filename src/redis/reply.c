/* SPDX-License-Identifier: Apache-2.0 */
#include "redis/reply.h"

#include <hiredis/hiredis.h>

#include "base/str.h"

/* A redis_reply is hiredis' redisReply under another name. */
static const redisReply *reply_hi(const struct redis_reply *r)
{
	return (const redisReply *)(const void *)r;
}

void redis_reply_free(struct redis_reply *r)
{
	if (r != NULL)
		freeReplyObject(r);
}

void redis_reply_free_p(struct redis_reply **r)
{
	redis_reply_free(*r);
	*r = NULL;
}

bool redis_reply_is_nil(const struct redis_reply *r)
{
	return r == NULL || reply_hi(r)->type == REDIS_REPLY_NIL;
}

static bool redis_reply_is_error(const struct redis_reply *r)
{
	return r != NULL && reply_hi(r)->type == REDIS_REPLY_ERROR;
}

np_str redis_reply_str(const struct redis_reply *r)
{
	const redisReply *h = reply_hi(r);
	if (h == NULL || (h->type != REDIS_REPLY_STRING && h->type != REDIS_REPLY_STATUS &&
			  h->type != REDIS_REPLY_ERROR))
		return (np_str){ 0 };
	return (np_str){ h->str, (size_t)h->len };
}

int64_t redis_reply_int(const struct redis_reply *r)
{
	int64_t v = 0;
	if (r != NULL && reply_hi(r)->type == REDIS_REPLY_INTEGER)
		return reply_hi(r)->integer;
	return str_to_i64(redis_reply_str(r), &v) < 0 ? 0 : v;
}

size_t redis_reply_len(const struct redis_reply *r)
{
	return r != NULL && reply_hi(r)->type == REDIS_REPLY_ARRAY ? reply_hi(r)->elements : 0;
}

const struct redis_reply *redis_reply_at(const struct redis_reply *r, size_t i)
{
	if (i >= redis_reply_len(r))
		return NULL;
	return (const struct redis_reply *)(const void *)reply_hi(r)->element[i];
}

static const struct {
	const char *prefix;
	np_err err;
} reply_errors[] = {
	{ "OOM ", NP_E_NOSPACE },       { "MISCONF ", NP_E_NOSPACE }, { "NOPERM ", NP_E_DENIED },
	{ "NOAUTH ", NP_E_AUTH },       { "WRONGPASS ", NP_E_AUTH },  { "LOADING ", NP_E_AGAIN },
	{ "BUSY ", NP_E_AGAIN },        { "READONLY ", NP_E_AGAIN },  { "MASTERDOWN ", NP_E_AGAIN },
	{ "CLUSTERDOWN ", NP_E_AGAIN }, { "TRYAGAIN ", NP_E_AGAIN },
};

np_err redis_reply_err(const struct redis_reply *r)
{
	if (r == NULL)
		return NP_E_CLOSED;
	if (!redis_reply_is_error(r))
		return NP_OK;
	for (size_t i = 0; i < NP_LEN(reply_errors); i++)
		if (str_starts(redis_reply_str(r), str_from_c(reply_errors[i].prefix)))
			return reply_errors[i].err;
	return NP_E_PROTO;
}

np_err redis_reply_info_u64(np_str info, const char *name, uint64_t *ret)
{
	while (info.n > 0) {
		np_str line, key, value;
		str_cut(info, '\n', &line, &info);
		if (str_cut(str_trim(line), ':', &key, &value) && str_eq_c(key, name))
			return str_to_u64(value, ret);
	}
	return NP_E_NOTFOUND;
}
