/* SPDX-License-Identifier: Apache-2.0 */
#include "core/chain.h"

#include "base/crypt.h"

#define CHAIN_NULL UINT32_MAX

/* Without its length a field could run into the next: "ab","c" would be "a","bc". */
static void put(struct buf *b, np_str field)
{
	(void)buf_add_be32(b, (uint32_t)field.n);
	(void)buf_add(b, field);
}

static void put_number(struct buf *b, int64_t v)
{
	char text[24];
	int n = snprintf(text, sizeof text, "%lld", (long long)v);
	put(b, (np_str){ text, (size_t)n });
}

static void put_nullable(struct buf *b, bool there, np_str field)
{
	if (there)
		put(b, field);
	else
		(void)buf_add_be32(b, CHAIN_NULL);
}

np_err chain_content(const struct chain_row *r, struct buf *scratch, uint8_t ret[CHAIN_HASH_LEN])
{
	buf_reset(scratch);
	put(scratch, NP_STR("np.audit.1"));
	put_number(scratch, r->id);
	put_number(scratch, r->org);
	put_number(scratch, r->at_us);
	put(scratch, r->actor);
	put(scratch, r->origin);
	put(scratch, r->act);
	put(scratch, r->subject);
	put_nullable(scratch, r->has_before, r->before);
	put_nullable(scratch, r->has_after, r->after);
	np_err e = buf_failed(scratch);
	if (e == NP_OK)
		crypt_sha256(buf_str(scratch), ret);
	return e;
}

np_err chain_hash(const struct chain_link *l, struct buf *scratch, uint8_t ret[CHAIN_HASH_LEN])
{
	buf_reset(scratch);
	put(scratch, NP_STR("np.link.1"));
	put_number(scratch, l->org);
	put_number(scratch, (int64_t)l->seq);
	put_number(scratch, l->sealed_us);
	put(scratch, (np_str){ (const char *)l->prev, CHAIN_HASH_LEN });
	put(scratch, (np_str){ (const char *)l->content, CHAIN_HASH_LEN });
	np_err e = buf_failed(scratch);
	if (e == NP_OK)
		crypt_sha256(buf_str(scratch), ret);
	return e;
}
