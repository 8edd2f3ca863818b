/* SPDX-License-Identifier: Apache-2.0 */
/* What a service answers: one clean line comes out, never a secret, whatever goes in. */
#include <stdlib.h>

#include "alerter/answer.h"
#include "base/str.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const np_str answer = { (const char *)data, size }, secret = NP_STR("hush");
	char say[140];
	int64_t s = answer_retry_after_s(answer);
	if (s < 0 || s > 24 * 3600)
		abort();
	(void)answer_has(answer, "\"ok\":true");
	answer_words(answer, &secret, 1, say, sizeof say);
	np_str said = str_from_c(say);
	if (!str_is_utf8(said) || str_find(said, secret) != SIZE_MAX)
		abort();
	for (size_t i = 0; i < said.n; i++)
		if ((unsigned char)said.p[i] < 0x20)
			abort();
	return 0;
}
