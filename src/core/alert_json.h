/* SPDX-License-Identifier: Apache-2.0 */
/* alert_json.h - the part of a definition that says who is told, and when not.
 *
 * Floor 2 (core). Fields severity, reminder_s, escalation, quiet, parent of a monitor's
 * JSON; monitor_json.c reads them with the rest, policies give defaults for them. Texts
 * are borrowed from the JSON. Any thread.
 */
#pragma once
#include "base/jsonw.h"
#include "core/jread.h"
#include "core/monitor.h"

#define ALERTJ_CHANNELS_MAX 20 /* of one level */
#define ALERTJ_ZONE_MAX 64

enum { ALERTJ_MON = 1, ALERTJ_SUN = 1 << 6, ALERTJ_DAYS = (1 << 7) - 1 };

/* Hours of a day in which only what cannot wait is told; `to` before `from` is over midnight. */
struct alertj_quiet {
	bool on;
	np_str zone;               /* IANA name */
	uint32_t from_min, to_min; /* minutes of the local day, 0..1439 */
	uint32_t days;             /* bit i: begins on weekday i, Monday first */
};

struct alertj {
	const json_t *escalation; /* valid list of def.level_n levels, or NULL */
	struct alertj_quiet quiet;
	np_str parent; /* UUID text; empty: none */
};

/* Problems go to r->p; what is wrong or absent keeps its default. */
void alertj_read(const struct jread *r, struct mon_def *d, struct alertj *ret);
/* As members of the object that is open in w, defaults filled in. */
void alertj_write(struct jsonw *w, const struct mon_def *d, const struct alertj *a);
/* Channel ids of a level: array of strings. */
const json_t *alertj_level_channels(const struct alertj *a, uint32_t level);
/* `value` is the JSON of one "quiet": on its own, for policies. */
void alertj_read_quiet(const struct jread *r, struct alertj_quiet *ret);
