/* SPDX-License-Identifier: Apache-2.0 */
/* A DNS answer: first byte picks the record type; what comes out is clean text in order. */
#include <stdlib.h>

#include "base/str.h"
#include "checker/dnsmsg.h"
#include "checker/icmp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint16_t types[] = { 1, 28, 15, 16, 2, 5 };
	if (size < 1)
		return 0;
	np_str msg = { (const char *)data + 1, size - 1 };
	struct icmp_heard heard;
	struct dnsmsg m;
	struct arena *a = arena_new(1 << 20);
	if (a && dnsmsg_read(msg, types[data[0] % NP_LEN(types)], a, &m) == NP_OK)
		for (size_t i = 0; i < m.n; i++) {
			if (!str_is_utf8(m.answer[i]) || m.answer[i].n > DNSMSG_TEXT_MAX)
				abort();
			if (i > 0 && str_cmp(m.answer[i - 1], m.answer[i]) > 0)
				abort();
		}
	/* the other reader of foreign packets */
	(void)icmp_parse(data[0] & 1 ? AF_INET : AF_INET6, data[0] & 2, msg, &heard);
	arena_free(a);
	return 0;
}
