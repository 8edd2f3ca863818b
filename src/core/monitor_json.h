/* SPDX-License-Identifier: Apache-2.0 */
/* monitor_json.h - the one validator of monitors: JSON object -> definition.
 *
 * Floor 2 (core). Used by the API and by `apply` (which turns YAML into the
 * same JSON). Unknown fields are refused, every wrong field is listed. Texts
 * are borrowed from the JSON, which must outlive the result. Any thread.
 */
#pragma once
#include <jansson.h>

#include "base/jsonw.h"
#include "core/alert_json.h"
#include "core/assertion.h"
#include "core/monitor.h"
#include "core/options.h"
#include "core/problem.h"
#include "core/target.h"

#define MONJ_NAME_MAX 200
#define MONJ_TAGS_MAX 20
#define MONJ_TAG_MAX 64
#define MONJ_CHANNELS_MAX 50

/* The regions that the caller may use: name and number side by side. */
struct monj_regions {
	const np_str *name;
	const uint32_t *number;
	size_t n;
};

/* A whole, valid monitor. def.no and def.revision are 0: the caller sets them. */
struct monj {
	struct mon_def def;
	np_str name, target;
	struct tgt tgt;
	struct opt_set options;
	struct asrt_list assertions;
	const json_t *options_json;    /* as given, or NULL */
	const json_t *assertions_json; /* as given, or NULL */
	const json_t *channels;        /* array of ids, or NULL: all channels */
	struct alertj alert;           /* severity is in def */
	const json_t *tags;            /* array of strings, or NULL */
	bool regions_given;            /* false: def.region holds all known (at most 16) */
};

/* What a definition consists of, NULL-terminated. */
extern const char *const monj_fields[];

/* Allowed: name, kind, target, options, interval_s, timeout_s, retries, retry_interval_s,
 * fail_after, recover_after, confirm_s, recover_s, quorum, regions, assertions, channels,
 * tags, paused, severity, reminder_s, escalation, quiet, parent. Needed: name, kind, target. Times are seconds, fractions allowed.
 * `regions` NULL: names are checked for form only and numbered 1..n in their order.
 * NP_E_INVAL when p has any entry; *ret is then incomplete. */
NP_NODISCARD np_err monj_read(const json_t *object, const struct monj_regions *regions,
			      struct monj *ret, struct problem_list *p);
/* The definition's fields, defaults filled in, as members of the object that is open in w:
 * everything of monj_read's list; `region_name` is aligned with def.region. */
void monj_write(struct jsonw *w, const struct monj *m, const np_str *region_name);
/* Region names: 1..32 of a-z 0-9 '-', starting and ending with a letter or digit. */
bool monj_is_region_name(np_str s);
