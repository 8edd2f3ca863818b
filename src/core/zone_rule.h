/* SPDX-License-Identifier: Apache-2.0 */
/* zone_rule.h - the POSIX rule in the footer of a TZif file: "CET-1CEST,M3.5.0,M10.5.0/3".
 *
 * Floor 2 (core). RFC 8536 §3.3.1 with the longer hours of version 3. Plain
 * data, pure. Used by zone.c alone. Any thread.
 */
#pragma once
#include "core/zone.h"

enum zone_day { ZONE_DAY_JULIAN, ZONE_DAY_OF_YEAR, ZONE_DAY_MONTH, ZONE_DAY_N };
struct zone_change {
	enum zone_day how;
	int32_t day;         /* 1..365 without leap days; 0..365; or of week, 0 = Sunday */
	int32_t month, week; /* of ZONE_DAY_MONTH: 1..12, 1..5 (5: last) */
	int32_t time_s;      /* local, may be negative or over a day */
};
struct zone_rule {
	struct zone_span std, dst; /* only offset, dst, abbr */
	bool has_dst;
	struct zone_change start, end;
};
NP_NODISCARD np_err zone_rule_parse(np_str text, struct zone_rule *ret);
/* The stretch around at_s, as if the rule had always held. */
struct zone_span zone_rule_span(const struct zone_rule *r, int64_t at_s);
