/* SPDX-License-Identifier: Apache-2.0 */
/* A TZif file: whatever parses answers for every moment with a stretch that holds it, and local
 * times lead to moments that show them, or lie in a gap. */
#include <stdlib.h>

#include "core/civil.h"
#include "core/zone.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct zone *z, int64_t at_s)
{
	struct zone_span s = zone_span(z, at_s);
	if (s.from_s > at_s || s.to_s <= at_s || s.from_s >= s.to_s)
		abort();
	int64_t local = zone_local(z, at_s);
	struct zone_instant back = zone_instant(z, local);
	if (back.kind == ZONE_GAP || zone_local(z, back.at_s) != local ||
	    zone_local(z, back.other_s) != local)
		abort();
	(void)zone_instant(z, local + 1800);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct zone *z = NULL;
	if (zone_parse((np_str){ (const char *)data, size }, &z) < 0)
		return 0;
	for (int64_t year = 1890; year < 2400; year += 17)
		for (int32_t month = 1; month <= 12; month += 3)
			check(z, civil_days((struct civil_date){ (int32_t)year, month, 25 }) *
						 CIVIL_DAY_S +
					 5400);
	(void)zone_span(z, INT64_MIN);
	(void)zone_span(z, INT64_MAX);
	(void)zone_instant(z, INT64_MIN);
	(void)zone_instant(z, INT64_MAX);
	zone_free(z);
	return 0;
}
