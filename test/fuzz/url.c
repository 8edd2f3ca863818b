/* SPDX-License-Identifier: Apache-2.0 */
/* A URL: what is taken has a host that stands in it, and nothing that could split a request. */
#include <stdlib.h>

#include "base/str.h"
#include "net/addr.h"
#include "net/url.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_clean(np_str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] <= ' ' || s.p[i] >= 0x7f)
			abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	np_str text = { (const char *)data, size }, rest, key, value, out;
	struct url u;
	struct arena *a = arena_new(1 << 20);
	if (a && url_parse(text, &u) == NP_OK) {
		struct addr ip;
		if (u.host.n == 0 || u.port == 0)
			abort();
		if (u.host_is_v6 ? addr_parse_ip(u.host, &ip) < 0 : !addr_is_hostname(u.host))
			abort();
		check_clean(u.path);
		check_clean(u.query);
		if (u.path.n > 0 && u.path.p[0] != '/')
			abort();
	}
	rest = text;
	while (a && url_query_next(&rest, &key, &value))
		if (url_decode(a, value, true, &out) == NP_OK && out.n > value.n)
			abort();
	arena_free(a);
	return 0;
}
