/* SPDX-License-Identifier: Apache-2.0 */
#include "redis/inner.h"

#include "base/str.h"

np_err redis_publish(struct redis *r, np_str channel, np_str message)
{
	struct redis_args a;
	redis_args_init(&a, "PUBLISH");
	redis_args_add(&a, channel);
	redis_args_add(&a, message);
	return redis_cmd(r, &a, NULL);
}

np_err redis_xadd(struct redis *r, np_str key, np_str record, struct redis_id *ret_id)
{
	NP_CLEANUP(redis_reply_free_p) struct redis_reply *reply = NULL;
	struct redis_args a;
	np_err e;
	redis_args_init(&a, "XADD");
	redis_args_add(&a, key);
	redis_args_c(&a, "*");
	redis_args_c(&a, "r");
	redis_args_add(&a, record);
	e = redis_cmd(r, &a, &reply);
	if (e < 0 || ret_id == NULL)
		return e;
	return redis_id_parse(redis_reply_str(reply), ret_id) < 0 ? NP_E_PROTO : NP_OK;
}

np_err redis_xtrim_queue(struct redis *r, np_str key, struct redis_id last)
{
	struct redis_args a;
	redis_args_init(&a, "XTRIM");
	redis_args_add(&a, key);
	redis_args_c(&a, "MINID");
	redis_args_id(&a, redis_id_next(last));
	return redis_queue(r, &a);
}

np_err redis_memory(struct redis *r, uint64_t *ret_used, uint64_t *ret_max)
{
	NP_CLEANUP(redis_reply_free_p) struct redis_reply *reply = NULL;
	struct redis_args a;
	uint64_t used = 0, max = 0;
	np_err e;
	redis_args_init(&a, "INFO");
	redis_args_c(&a, "memory");
	e = redis_cmd(r, &a, &reply);
	if (e < 0)
		return e;
	if (redis_reply_info_u64(redis_reply_str(reply), "used_memory", &used) < 0 ||
	    redis_reply_info_u64(redis_reply_str(reply), "maxmemory", &max) < 0)
		return NP_E_PROTO;
	*ret_used = used;
	*ret_max = max;
	return NP_OK;
}

/* [id, [field, value, …]]: the value of our one field. An entry that is not ours is empty. */
static np_err xread_entry(struct redis_xread *x, size_t which, const struct redis_reply *entry)
{
	const struct redis_reply *fields = redis_reply_at(entry, 1);
	np_str record = { 0 };
	struct redis_id id;
	np_err e = redis_id_parse(redis_reply_str(redis_reply_at(entry, 0)), &id);
	if (e < 0)
		return NP_E_PROTO;
	for (size_t i = 0; i + 1 < redis_reply_len(fields); i += 2)
		if (str_eq_c(redis_reply_str(redis_reply_at(fields, i)), "r"))
			record = redis_reply_str(redis_reply_at(fields, i + 1));
	x->after[which] = id;
	x->entry(x->ctx, which, id, record);
	return NP_OK;
}

static np_err xread_stream(struct redis_xread *x, const struct redis_reply *stream)
{
	np_str key = redis_reply_str(redis_reply_at(stream, 0));
	const struct redis_reply *entries = redis_reply_at(stream, 1);
	size_t which = 0;
	while (which < x->n && !str_eq(x->key[which], key))
		which++;
	if (which == x->n)
		return NP_E_PROTO;
	for (size_t i = 0; i < redis_reply_len(entries); i++) {
		np_err e = xread_entry(x, which, redis_reply_at(entries, i));
		if (e < 0)
			return e;
	}
	return NP_OK;
}

np_err redis_xread(struct redis *r, struct redis_xread *x)
{
	NP_CLEANUP(redis_reply_free_p) struct redis_reply *reply = NULL;
	struct redis_args a;
	np_err e;
	assert(x->n >= 1 && x->n <= REDIS_STREAMS_MAX);
	redis_args_init(&a, "XREAD");
	redis_args_c(&a, "COUNT");
	redis_args_u64(&a, x->count > 0 ? x->count : 1);
	if (x->block_ms > 0) {
		redis_args_c(&a, "BLOCK");
		redis_args_u64(&a, x->block_ms);
	}
	redis_args_c(&a, "STREAMS");
	for (size_t i = 0; i < x->n; i++)
		redis_args_add(&a, x->key[i]);
	for (size_t i = 0; i < x->n; i++)
		redis_args_id(&a, x->after[i]);
	e = redis_run(r, &a, x->block_ms, &reply);
	for (size_t i = 0; e == NP_OK && i < redis_reply_len(reply); i++)
		e = xread_stream(x, redis_reply_at(reply, i));
	return e;
}
