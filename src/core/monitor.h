/* SPDX-License-Identifier: Apache-2.0 */
/* monitor.h - the definition of a monitor, as far as decisions need it.
 *
 * Floor 2 (core). Plain, copyable data without pointers: names, targets and
 * options live in monitor_json.h. All times in ms. Any thread.
 */
#pragma once
#include "base/np.h"

#define MON_REGIONS_MAX 16
#define MON_INTERVAL_MIN_MS (5 * NP_SEC_MS)
#define MON_INTERVAL_MAX_MS (24 * 60 * NP_MIN_MS)
#define MON_INTERVAL_MS (60 * NP_SEC_MS)
#define MON_TIMEOUT_MS (10 * NP_SEC_MS) /* or 0.8 interval, whichever is less */
#define MON_TIMEOUT_MIN_MS 100
#define MON_TIMEOUT_MAX_MS (60 * NP_SEC_MS)
#define MON_RETRIES 2
#define MON_RETRIES_MAX 10
#define MON_RETRY_INTERVAL_MS (5 * NP_SEC_MS)
#define MON_RETRY_INTERVAL_MIN_MS NP_SEC_MS
#define MON_RETRY_INTERVAL_MAX_MS (5 * NP_MIN_MS)
#define MON_FAIL_AFTER 2
#define MON_RECOVER_AFTER 2
#define MON_AFTER_MAX 10
#define MON_CONFIRM_MS (10 * NP_SEC_MS)
#define MON_RECOVER_MS (20 * NP_SEC_MS)
#define MON_WAIT_MAX_MS (60 * NP_MIN_MS) /* confirm and recover */
#define MON_REMINDER_MS (60 * NP_MIN_MS)
#define MON_REMINDER_MIN_MS NP_MIN_MS /* or 0: none */
#define MON_REMINDER_MAX_MS (7 * 24 * 60 * NP_MIN_MS)
#define MON_LEVELS_MAX 5 /* of escalation */
#define MON_LEVEL_MIN_MS NP_MIN_MS
#define MON_LEVEL_MAX_MS (24 * 60 * NP_MIN_MS)

enum mon_kind { MON_HTTP = 1, MON_TCP = 2, MON_ICMP = 3, MON_DNS = 4, MON_TLS = 5, MON_KIND_N };
enum mon_quorum {
	MON_Q_MAJORITY = 0,
	MON_Q_ALL = 1,
	MON_Q_ANY = 2,
	MON_Q_NUMBER = 3,
	MON_QUORUM_N
};
enum mon_severity { MON_MINOR = 0, MON_MAJOR = 1, MON_CRITICAL = 2, MON_SEVERITY_N };
enum mon_provenance { MON_LIVE = 0, MON_DRILL, MON_LOAD, MON_IMPORT, MON_REPLAY, MON_PROVENANCE_N };

struct mon_def {
	uint64_t no;       /* monitor number: the hot path's identity */
	uint32_t revision; /* of the definition; from 1, grows */
	enum mon_kind kind;
	uint64_t target_hash; /* mon_target_hash(): a change clears the votes */
	int64_t interval_ms, timeout_ms;
	uint32_t retries;
	int64_t retry_interval_ms;
	uint32_t fail_after, recover_after;
	int64_t confirm_ms, recover_ms;
	enum mon_quorum quorum;
	uint32_t quorum_n; /* with MON_Q_NUMBER: 1..region_n */
	uint32_t region_n;
	uint32_t region[MON_REGIONS_MAX]; /* region numbers, > 0, no repeats */
	bool paused;
	enum mon_provenance provenance;
	int64_t reminder_ms; /* 0: none */
	enum mon_severity severity;
	uint32_t level_n; /* of escalation: level i speaks level_ms[i] after the opening was told */
	int64_t level_ms[MON_LEVELS_MAX]; /* ascending */
	bool has_parent;
};

/* Which field is wrong; MON_F_OK when none is. Same limits as the JSON validator. */
enum mon_field {
	MON_F_OK = 0,
	MON_F_NO,
	MON_F_REVISION,
	MON_F_KIND,
	MON_F_INTERVAL,
	MON_F_TIMEOUT,
	MON_F_RETRIES,
	MON_F_RETRY_INTERVAL,
	MON_F_FAIL_AFTER,
	MON_F_RECOVER_AFTER,
	MON_F_CONFIRM,
	MON_F_RECOVER,
	MON_F_QUORUM,
	MON_F_REGIONS,
	MON_F_PROVENANCE,
	MON_F_REMINDER,
	MON_F_SEVERITY,
	MON_F_ESCALATION,
	MON_FIELD_N
};

/* Everything at its default for this interval (0: the default interval); no regions. */
struct mon_def mon_defaults(int64_t interval_ms);
int64_t mon_default_timeout_ms(int64_t interval_ms);
int64_t mon_max_timeout_ms(int64_t interval_ms);
NP_NODISCARD enum mon_field mon_validate(const struct mon_def *d);

/* Position of a region in d->region, or -1. */
int mon_region_index(const struct mon_def *d, uint32_t region);
/* Identity of what is watched: kind + target text (FNV-1a 64, never 0). */
uint64_t mon_target_hash(enum mon_kind kind, np_str target);
/* splitmix64 of the number: the one hash behind phases, shards and assignment. */
uint64_t mon_hash(uint64_t no);
/* Shard of a monitor: 0..NP_SHARDS-1; the same rule as column np.monitor.shard. */
uint32_t mon_shard(uint64_t no);

const char *mon_kind_name(enum mon_kind k); /* "http"; "none" for anything else */
const char *mon_provenance_name(enum mon_provenance p);
const char *mon_severity_name(enum mon_severity s); /* "critical" */
NP_NODISCARD np_err mon_kind_from_name(np_str s, enum mon_kind *ret);
NP_NODISCARD np_err mon_provenance_from_name(np_str s, enum mon_provenance *ret);
NP_NODISCARD np_err mon_severity_from_name(np_str s, enum mon_severity *ret);
