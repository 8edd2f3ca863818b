/* SPDX-License-Identifier: Apache-2.0 */
/* A link that acknowledges: nothing but what was sealed here opens, and that only in one spelling. */
#include <stdlib.h>

#include "wire/acklink.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t key[SEAL_KEY_LEN] = { 1, 2, 3 };
	struct acklink l = { .org = 7, .until_us = INT64_C(1800000000) * NP_SEC_US }, back;
	char text[ACKLINK_TEXT + 1];
	struct seal *s = NULL;
	if (seal_new((np_str){ (const char *)key, sizeof key }, &s) < 0)
		return 0;
	if (acklink_read(s, (np_str){ (const char *)data, size }, &back) == NP_OK &&
	    (acklink_make(s, &back, text) < 0 || size != ACKLINK_TEXT ||
	     memcmp(text, data, size) != 0))
		abort();
	for (size_t i = 0; i < size && i < sizeof l.notice; i++)
		l.notice[i] = data[i];
	if (acklink_make(s, &l, text) < 0 ||
	    acklink_read(s, (np_str){ text, ACKLINK_TEXT }, &back) < 0 || back.org != l.org ||
	    back.until_us != l.until_us || memcmp(back.notice, l.notice, sizeof l.notice) != 0)
		abort();
	/* One changed character: not ours any more. */
	size_t at = size > 0 ? data[0] % ACKLINK_TEXT : 0;
	text[at] = text[at] == 'A' ? 'B' : 'A';
	if (acklink_read(s, (np_str){ text, ACKLINK_TEXT }, &back) == NP_OK)
		abort();
	seal_free(s);
	return 0;
}
