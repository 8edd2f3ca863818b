/* SPDX-License-Identifier: Apache-2.0 */
#include "web/rollup.h"

/* Region, length, histogram; over and over: region and length are varints. */
bool rollup_next(np_str *rest, uint32_t *ret_region, struct hist *ret_hist)
{
	struct cur c = { *rest };
	uint64_t region = 0, n = 0;
	np_str bytes;
	if (rest->n == 0 || cur_varint(&c, &region) < 0 || cur_varint(&c, &n) < 0 ||
	    n > HIST_ENCODED_MAX || region > UINT32_MAX || cur_bytes(&c, (size_t)n, &bytes) < 0 ||
	    hist_decode(bytes, ret_hist) < 0)
		return false;
	*rest = c.rest;
	*ret_region = (uint32_t)region;
	return true;
}

void rollup_merge(np_str hist, struct hist *to)
{
	uint32_t region;
	struct hist h;
	while (rollup_next(&hist, &region, &h))
		hist_merge(to, &h);
}
