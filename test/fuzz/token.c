/* SPDX-License-Identifier: Apache-2.0 */
/* A join token: what parses is a token that says the same again. */
#include <stdlib.h>

#include "base/str.h"
#include "net/token.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct token a, b;
	struct buf text;
	buf_init(&text, TOKEN_TEXT_MAX * 2);
	if (token_parse((np_str){ (const char *)data, size }, &a) == NP_OK) {
		if (token_encode(&a, &text) < 0 || token_parse(buf_str(&text), &b) < 0)
			abort();
		if (strcmp(a.addr, b.addr) != 0 || strcmp(a.region, b.region) != 0 ||
		    memcmp(a.secret, b.secret, sizeof a.secret) != 0)
			abort();
	}
	buf_done(&text);
	return 0;
}
