/* SPDX-License-Identifier: Apache-2.0 */
/* policy.h - defaults for many monitors, and what rules mean in one sentence.
 *
 * Floor 2 (core). Policies only make definitions: what a person gave, over the
 * policies that apply (the most special first, field by field), over the
 * defaults of monitor_json.h. The engine knows definitions alone. Pure. Any thread.
 */
#pragma once
#include "core/monitor_json.h"

#define POL_ALL_MAX 200 /* of an organisation */
#define POL_APPLY_MAX (2 + MONJ_TAGS_MAX)

/* In order: what comes later is more special. */
enum pol_scope { POL_ORGANISATION, POL_TAG, POL_NAMED, POL_SCOPE_N };

struct pol {
	uint8_t id[16];
	enum pol_scope scope;
	int32_t priority; /* of POL_TAG */
	np_str name, tag;
	const json_t *rules; /* object; fields of pol_fields */
};

extern const char *const pol_fields[];        /* what rules may say, NULL-terminated */
const char *pol_scope_name(enum pol_scope s); /* "organisation" "tag" "named" */
NP_NODISCARD np_err pol_scope_from_name(np_str s, enum pol_scope *ret);

/* By the validator of monitors: paths of problems begin with "rules.". */
NP_NODISCARD np_err pol_check_rules(const json_t *rules, const struct monj_regions *regions,
				    struct problem_list *p);

/* A monitor of which only the rules matter, for the two that need one. New reference, or NULL. */
json_t *pol_probe(const json_t *rules);

/* Those that apply to a monitor that says `given` ("tags", and "policy": an id), the most special
 * first; yields how many. */
size_t pol_applying(const struct pol *all, size_t n, const json_t *given,
		    const struct pol *ret[POL_APPLY_MAX]);
/* What monj_read then reads: given over those policies, without "policy". A timeout of a policy
 * that is too long for the interval is left out: its default follows the interval. New reference;
 * NULL on no memory. */
json_t *pol_merge(const json_t *given, const struct pol *const *applying, size_t n);

/* "Alert when 2 of 3 regions fail for 10 s; first ops-mail, after 15 min on-call; remind hourly;
 * quiet 22:00–07:00 Europe/Berlin except critical; one alert per incident."
 * names: object {channel id: name}. */
void pol_sentence(const struct monj *m, const json_t *names, struct buf *out);
/* The same about rules alone: only what they say. rules must have passed pol_check_rules. */
void pol_rules_sentence(const json_t *rules, const struct monj_regions *regions,
			const json_t *names, struct buf *out);
