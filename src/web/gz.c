/* SPDX-License-Identifier: Apache-2.0 */
#include "web/gz.h"

#define ZLIB_CONST /* input is not written to */
#include <zlib.h>

#include "base/str.h"

#define GZ_LEVEL 5 /* 1,000 monitors: a few ms, within 3 % of the best level */
#define GZ_GZIP_BITS (15 + 16)

static bool is_refused(np_str params)
{
	np_str one;
	bool more = params.n > 0;
	while (more) {
		more = str_cut(params, ';', &one, &params);
		one = str_trim(one);
		double weight = 1;
		if (str_starts(one, NP_STR("q=")) &&
		    str_to_double(str_sub(one, 2, one.n), &weight) == NP_OK && weight <= 0)
			return true;
	}
	return false;
}

bool gz_accepts(np_str accept_encoding, const char *coding)
{
	np_str one, name, params;
	bool more = accept_encoding.n > 0;
	while (more) {
		more = str_cut(accept_encoding, ',', &one, &accept_encoding);
		str_cut(one, ';', &name, &params);
		if (str_eq_nocase(str_trim(name), str_from_c(coding)))
			return !is_refused(params);
	}
	return false;
}

NP_NODISCARD np_err gz_pack(np_str in, struct buf *out)
{
	z_stream z = { 0 };
	if (in.n > UINT32_MAX / 2)
		return NP_E_LIMIT;
	if (deflateInit2(&z, GZ_LEVEL, Z_DEFLATED, GZ_GZIP_BITS, 8, Z_DEFAULT_STRATEGY) != Z_OK)
		return NP_E_NOMEM;
	size_t room = deflateBound(&z, in.n);
	char *to;
	np_err e = buf_reserve(out, room, &to);
	if (e == NP_OK) {
		z.next_in = (const Bytef *)in.p;
		z.avail_in = (uInt)in.n;
		z.next_out = (Bytef *)to;
		z.avail_out = (uInt)room;
		int rc = deflate(&z, Z_FINISH);
		if (rc == Z_STREAM_END)
			buf_commit(out, room - z.avail_out);
		else
			e = NP_E_NOMEM;
	}
	deflateEnd(&z);
	return e;
}
