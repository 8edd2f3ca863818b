/* SPDX-License-Identifier: Apache-2.0 */
/* oncall.h - who is on call: a weekly rota with overrides.
 *
 * Floor 2 (core). A rota is a channel of kind `rota`; its members are other
 * channels, by id, that take turns of a week each. Pure: zone and time are
 * arguments. Plain data without pointers: may be copied. Any thread.
 */
#pragma once
#include <jansson.h>

#include "base/jsonw.h"
#include "core/problem.h"
#include "core/zone.h"

#define ONCALL_MEMBERS_MAX 50
#define ONCALL_OVERRIDES_MAX 100
#define ONCALL_NOTE_MAX 200

struct oncall_override {
	int64_t from_us, to_us;
	uint8_t channel[16];
	char note[ONCALL_NOTE_MAX + 1];
};

struct oncall {
	char zone[ZONE_NAME_MAX + 1];
	int64_t start_day;    /* days since 1970: the first member's first handover */
	int32_t handover_min; /* minute of the local day */
	uint32_t members_n, overrides_n;
	uint8_t member[ONCALL_MEMBERS_MAX][16];
	struct oncall_override
		override[ONCALL_OVERRIDES_MAX]; /* of two at once the later one holds */
};

/* The config of such a channel: {"zone", "start": "2026-03-02", "handover": "09:00",
 * "members": [uuid, …], "overrides": [{"from", "to", "channel", "note"}]}. The weekday of `start`
 * is that of every handover; from and to are RFC 3339. NP_E_INVAL when p got an entry; *ret is
 * then incomplete. `prefix` stands before the names in problems ("config."). */
NP_NODISCARD np_err oncall_read(const json_t *config, const char *prefix, struct oncall *ret,
				struct problem_list *p);
/* As one object: reads back as the same. */
void oncall_write(struct jsonw *w, const struct oncall *o);

struct oncall_turn {
	int64_t from_us, until_us; /* until somebody else is on call, or a year and more; from the
				      first handover at the earliest, unless that is to come */
	uint8_t channel[16];
	int32_t member;     /* position in `member`; -1: an override by somebody else */
	int32_t override_i; /* position in `override`, or -1: the regular turn */
};
struct oncall_turn oncall_now(const struct oncall *o, const struct zone *z, int64_t now_us);
/* Nobody takes over at its end: the rota has one member, and until_us is only how far was looked. */
bool oncall_lasts(const struct oncall *o, const struct zone *z, const struct oncall_turn *t);
/* Turns that have a part within [from, to), in order, the first from where it began within a
 * week; at most `max`, yields how many. */
size_t oncall_list(const struct oncall *o, const struct zone *z, const int64_t from_to_us[2],
		   struct oncall_turn *ret, size_t max);
