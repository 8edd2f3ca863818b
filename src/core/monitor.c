/* SPDX-License-Identifier: Apache-2.0 */
#include "core/monitor.h"

#include "base/str.h"

static const char *const kind_names[] = {
	"none",
	[MON_HTTP] = "http",
	[MON_TCP] = "tcp",
	[MON_ICMP] = "icmp",
	[MON_DNS] = "dns",
	[MON_TLS] = "tls",
};
static_assert(NP_LEN(kind_names) == MON_KIND_N, "name every kind");

static const char *const provenance_names[] = {
	[MON_LIVE] = "live",     [MON_DRILL] = "drill",   [MON_LOAD] = "load",
	[MON_IMPORT] = "import", [MON_REPLAY] = "replay",
};
static_assert(NP_LEN(provenance_names) == MON_PROVENANCE_N, "name every provenance");

static const char *const severity_names[] = {
	[MON_MINOR] = "minor",
	[MON_MAJOR] = "major",
	[MON_CRITICAL] = "critical",
};
static_assert(NP_LEN(severity_names) == MON_SEVERITY_N, "name every severity");

int64_t mon_max_timeout_ms(int64_t interval_ms)
{
	int64_t share = interval_ms / 10 * 8 + interval_ms % 10 * 8 / 10;
	return share < MON_TIMEOUT_MAX_MS ? share : MON_TIMEOUT_MAX_MS;
}

int64_t mon_default_timeout_ms(int64_t interval_ms)
{
	int64_t most = mon_max_timeout_ms(interval_ms);
	return most < MON_TIMEOUT_MS ? most : MON_TIMEOUT_MS;
}

struct mon_def mon_defaults(int64_t interval_ms)
{
	int64_t interval = interval_ms > 0 ? interval_ms : MON_INTERVAL_MS;
	return (struct mon_def){
		.interval_ms = interval,
		.timeout_ms = mon_default_timeout_ms(interval),
		.retries = MON_RETRIES,
		.retry_interval_ms = MON_RETRY_INTERVAL_MS,
		.fail_after = MON_FAIL_AFTER,
		.recover_after = MON_RECOVER_AFTER,
		.confirm_ms = MON_CONFIRM_MS,
		.recover_ms = MON_RECOVER_MS,
		.reminder_ms = MON_REMINDER_MS,
		.severity = MON_MAJOR,
	};
}

static bool in(int64_t v, int64_t low, int64_t high)
{
	return v >= low && v <= high;
}

static bool regions_ok(const struct mon_def *d)
{
	if (d->region_n > MON_REGIONS_MAX)
		return false;
	for (uint32_t i = 0; i < d->region_n; i++)
		if (d->region[i] == 0 || mon_region_index(d, d->region[i]) != (int)i)
			return false;
	return true;
}

static bool quorum_ok(const struct mon_def *d)
{
	if ((size_t)d->quorum >= MON_QUORUM_N)
		return false;
	return d->quorum != MON_Q_NUMBER || in(d->quorum_n, 1, d->region_n);
}

static bool levels_ok(const struct mon_def *d)
{
	if (d->level_n > MON_LEVELS_MAX)
		return false;
	for (uint32_t i = 0; i < d->level_n; i++)
		if (!in(d->level_ms[i], MON_LEVEL_MIN_MS, MON_LEVEL_MAX_MS) ||
		    (i > 0 && d->level_ms[i] <= d->level_ms[i - 1]))
			return false;
	return true;
}

enum mon_field mon_validate(const struct mon_def *d)
{
	const struct {
		bool ok;
		enum mon_field field;
	} rules[] = {
		{ d->no > 0 && d->no <= INT64_MAX, MON_F_NO },
		{ d->revision > 0 && d->revision <= INT32_MAX, MON_F_REVISION },
		{ in((int64_t)d->kind, MON_HTTP, MON_TLS), MON_F_KIND },
		{ in(d->interval_ms, MON_INTERVAL_MIN_MS, MON_INTERVAL_MAX_MS), MON_F_INTERVAL },
		{ in(d->timeout_ms, MON_TIMEOUT_MIN_MS, mon_max_timeout_ms(d->interval_ms)),
		  MON_F_TIMEOUT },
		{ d->retries <= MON_RETRIES_MAX, MON_F_RETRIES },
		{ in(d->retry_interval_ms, MON_RETRY_INTERVAL_MIN_MS, MON_RETRY_INTERVAL_MAX_MS),
		  MON_F_RETRY_INTERVAL },
		{ in(d->fail_after, 1, MON_AFTER_MAX), MON_F_FAIL_AFTER },
		{ in(d->recover_after, 1, MON_AFTER_MAX), MON_F_RECOVER_AFTER },
		{ in(d->confirm_ms, 0, MON_WAIT_MAX_MS), MON_F_CONFIRM },
		{ in(d->recover_ms, 0, MON_WAIT_MAX_MS), MON_F_RECOVER },
		{ regions_ok(d), MON_F_REGIONS },
		{ quorum_ok(d), MON_F_QUORUM },
		{ (size_t)d->provenance < MON_PROVENANCE_N, MON_F_PROVENANCE },
		{ d->reminder_ms == 0 ||
			  in(d->reminder_ms, MON_REMINDER_MIN_MS, MON_REMINDER_MAX_MS),
		  MON_F_REMINDER },
		{ (size_t)d->severity < MON_SEVERITY_N, MON_F_SEVERITY },
		{ levels_ok(d), MON_F_ESCALATION },
	};
	for (size_t i = 0; i < NP_LEN(rules); i++)
		if (!rules[i].ok)
			return rules[i].field;
	return MON_F_OK;
}

int mon_region_index(const struct mon_def *d, uint32_t region)
{
	for (uint32_t i = 0; i < d->region_n && i < MON_REGIONS_MAX; i++)
		if (d->region[i] == region)
			return (int)i;
	return -1;
}

uint64_t mon_target_hash(enum mon_kind kind, np_str target)
{
	uint64_t h = UINT64_C(14695981039346656037) ^ (uint64_t)kind;
	for (size_t i = 0; i < target.n; i++)
		h = (h ^ (uint8_t)target.p[i]) * UINT64_C(1099511628211);
	return h != 0 ? h : 1;
}

uint64_t mon_hash(uint64_t no)
{
	uint64_t z = no + UINT64_C(0x9e3779b97f4a7c15);
	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

uint32_t mon_shard(uint64_t no)
{
	return (uint32_t)(no % NP_SHARDS);
}

const char *mon_kind_name(enum mon_kind k)
{
	return (size_t)k < MON_KIND_N ? kind_names[k] : "none";
}

const char *mon_provenance_name(enum mon_provenance p)
{
	return (size_t)p < MON_PROVENANCE_N ? provenance_names[p] : "none";
}

const char *mon_severity_name(enum mon_severity s)
{
	return (size_t)s < MON_SEVERITY_N ? severity_names[s] : "none";
}

np_err mon_severity_from_name(np_str s, enum mon_severity *ret)
{
	for (size_t i = 0; i < MON_SEVERITY_N; i++) {
		if (str_eq_c(s, severity_names[i])) {
			*ret = (enum mon_severity)i;
			return NP_OK;
		}
	}
	return NP_E_NOTFOUND;
}

np_err mon_kind_from_name(np_str s, enum mon_kind *ret)
{
	for (size_t i = MON_HTTP; i < MON_KIND_N; i++) {
		if (str_eq_c(s, kind_names[i])) {
			*ret = (enum mon_kind)i;
			return NP_OK;
		}
	}
	return NP_E_NOTFOUND;
}

np_err mon_provenance_from_name(np_str s, enum mon_provenance *ret)
{
	for (size_t i = 0; i < MON_PROVENANCE_N; i++) {
		if (str_eq_c(s, provenance_names[i])) {
			*ret = (enum mon_provenance)i;
			return NP_OK;
		}
	}
	return NP_E_NOTFOUND;
}
