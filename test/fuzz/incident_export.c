/* SPDX-License-Identifier: Apache-2.0 */
/* An exported incident from somebody else: refused or checked, never believed under a key that
 * nobody has. */
#include <stdlib.h>

#include "base/str.h"
#include "cli/evidence.h"
#include "cli/export.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t key[32] = { 1 }, id[16] = { 0 };
	struct export_chain_seen seen = { .heads = 0 };
	struct evidence_fold fold;
	struct buf why;
	json_error_t bad;
	char sum[65];
	json_t *doc = json_loadb((const char *)data, size, JSON_REJECT_DUPLICATES, &bad);
	if (!json_is_object(doc)) {
		json_decref(doc);
		return 0;
	}
	buf_init(&why, 4096);
	if (export_sum(doc, sum) < 0)
		abort();
	if (export_chain_check(json_object_get(doc, "chain"), NP_STR("x"), key, &seen, &why) == 0 &&
	    seen.heads > 0)
		abort();
	(void)!evidence_again(json_object_get(doc, "evidence"), 1, id, &fold);
	buf_done(&why);
	json_decref(doc);
	return 0;
}
