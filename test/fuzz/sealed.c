/* SPDX-License-Identifier: Apache-2.0 */
/* Nothing that was not sealed with the key opens; what was sealed opens to the same bytes. */
#include <stdlib.h>

#include "base/str.h"
#include "wire/seal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct seal *s = NULL;
	struct buf b;
	np_str in = { (const char *)data, size }, msg;
	if (seal_new(NP_STR("0123456789abcdef0123456789abcdef"), &s) < 0)
		return 0;
	if (seal_open(s, NP_STR("np:live"), in, &msg) == NP_OK)
		abort();
	buf_init(&b, size + SEAL_LEN);
	if (seal_put(s, NP_STR("np:live"), in, &b) == NP_OK &&
	    (seal_open(s, NP_STR("np:live"), buf_str(&b), &msg) < 0 || !str_eq(msg, in)))
		abort();
	buf_done(&b);
	seal_free(s);
	return 0;
}
