/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/rhist.h"

np_err rhist_put(struct buf *out, uint32_t region, const struct hist *h)
{
	NP_CLEANUP(buf_done) struct buf one;
	buf_init(&one, HIST_ENCODED_MAX);
	hist_encode(h, &one);
	np_err e = buf_failed(&one);
	if (e < 0)
		return e;
	(void)buf_add_varint(out, region);
	(void)buf_add_varint(out, one.n);
	(void)buf_add(out, buf_str(&one));
	return buf_failed(out);
}

np_err rhist_next(np_str *rest, uint32_t *ret_region, struct hist *ret_hist)
{
	struct cur c = { .rest = *rest };
	uint64_t region = 0, n = 0;
	np_str bytes = { 0 };
	if (rest->n == 0)
		return NP_E_NOTFOUND;
	np_err e = cur_varint(&c, &region);
	if (e == NP_OK)
		e = cur_varint(&c, &n);
	if (e == NP_OK && (region > UINT32_MAX || n > HIST_ENCODED_MAX))
		e = NP_E_CORRUPT;
	if (e == NP_OK)
		e = cur_bytes(&c, n, &bytes);
	if (e == NP_OK)
		e = hist_decode(bytes, ret_hist);
	if (e < 0)
		return e;
	*ret_region = (uint32_t)region;
	*rest = c.rest;
	return NP_OK;
}

void rhist_merge_all(np_str hist, struct hist *to)
{
	struct hist one;
	uint32_t region;
	while (rhist_next(&hist, &region, &one) == NP_OK)
		hist_merge(to, &one);
}
