/* SPDX-License-Identifier: Apache-2.0 */
/* zone.h - one time zone, out of the bytes of a TZif file (RFC 8536).
 *
 * Floor 2 (core). Reads versions 1 to 4, with the rule of the footer for times
 * after the last entry. A parsed zone is constant: any thread. The bytes come
 * from outside (base/zonefile.h reads them); core does no I/O.
 */
#pragma once
#include "base/np.h"

#define ZONE_BYTES_MAX ((size_t)128 * 1024)
#define ZONE_NAME_MAX 63
#define ZONE_ABBR_MAX 15

struct zone;
/* NP_E_CORRUPT: not such a file. NP_E_VERSION: it counts leap seconds ("right/…"), which no
 * time of ours does. *ret is freed by zone_free. */
NP_NODISCARD np_err zone_parse(np_str tzif, struct zone **ret);
void zone_free(struct zone *z);    /* NULL is fine */
void zone_free_p(struct zone **z); /* for NP_CLEANUP */

/* A stretch of time with one offset: [from_s, to_s), INT64_MIN and INT64_MAX when open. */
struct zone_span {
	int64_t from_s, to_s;
	int32_t offset_s; /* east of UTC */
	bool dst;
	char abbr[ZONE_ABBR_MAX + 1];
};
struct zone_span zone_span(const struct zone *z, int64_t at_s); /* s since 1970 UTC */
int64_t zone_local(const struct zone *z, int64_t at_s);         /* what the wall shows: civil.h */

enum zone_kind {
	ZONE_ONCE, /* the usual case */
	ZONE_GAP,  /* skipped when clocks go forward */
	ZONE_FOLD, /* shown twice when clocks go back */
	ZONE_KIND_N
};
/* The instants of a local time. at_s is, as RFC 5545 §3.3.5 settles it: in a fold the first; in a
 * gap the time read with the offset from before, thus later by the gap's length (02:30 is 03:30).
 * other_s: in a fold the second; in a gap the moment at which the clocks jump; else at_s. */
struct zone_instant {
	enum zone_kind kind;
	int64_t at_s, other_s;
};
struct zone_instant zone_instant(const struct zone *z, int64_t local_s);
