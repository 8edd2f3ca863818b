/* SPDX-License-Identifier: Apache-2.0 */
#include "core/result.h"

#include "base/str.h"

#define RES_TIME_MAX_US INT64_C(7258118400000000) /* the year 2200 */
#define RES_CERT_MAX_S INT64_C(253402300799)      /* the year 9999 */
#define RES_CODE_MAX 9999

static const char *const status_names[] = {
	[RES_NONE] = "none", [RES_OK] = "ok",           [RES_DEGRADED] = "degraded",
	[RES_FAIL] = "fail", [RES_UNKNOWN] = "unknown",
};
static_assert(NP_LEN(status_names) == RES_STATUS_N, "name every status");

struct class_row {
	const char *name, *words;
};

static const struct class_row classes[] = {
	[RES_C_NONE] = { "none", "no error" },
	[RES_C_DNS] = { "dns", "DNS failure" },
	[RES_C_REFUSED] = { "refused", "connection refused" },
	[RES_C_UNREACHABLE] = { "unreachable", "unreachable" },
	[RES_C_TIMEOUT] = { "timeout", "timeout" },
	[RES_C_RESET] = { "reset", "TCP reset" },
	[RES_C_TLS] = { "tls", "TLS failure" },
	[RES_C_CERT_EXPIRED] = { "cert_expired", "certificate expired" },
	[RES_C_CERT_HOST] = { "cert_host", "certificate for another host" },
	[RES_C_CERT_UNTRUSTED] = { "cert_untrusted", "certificate not trusted" },
	[RES_C_PROTOCOL] = { "protocol", "protocol error" },
	[RES_C_STATUS] = { "status", "unexpected status" },
	[RES_C_ASSERTION] = { "assertion", "assertion failed" },
	[RES_C_TOO_LARGE] = { "too_large", "answer too large" },
	[RES_C_REDIRECT] = { "redirect", "redirect refused" },
	[RES_C_BLOCKED] = { "blocked", "address not allowed" },
	[RES_C_NETWORK] = { "network", "the checker's own network fails" },
	[RES_C_PRIVILEGE] = { "privilege", "the checker lacks a privilege" },
	[RES_C_OVERLOAD] = { "overload", "the checker is overloaded" },
	[RES_C_CLOCK] = { "clock", "the checker's clock is wrong" },
	[RES_C_INTERNAL] = { "internal", "internal error of the checker" },
	[RES_C_CLOSED] = { "closed", "connection closed early" },
};
static_assert(NP_LEN(classes) == RES_CLASS_N, "name every class");

static const char *const field_names[] = {
	[RES_F_OK] = "",
	[RES_F_MONITOR] = "monitor",
	[RES_F_REVISION] = "revision",
	[RES_F_SLOT] = "slot",
	[RES_F_ATTEMPT] = "attempt",
	[RES_F_START] = "start",
	[RES_F_DURATION] = "duration",
	[RES_F_PHASES] = "phases",
	[RES_F_STATUS] = "status",
	[RES_F_CLASS] = "class",
	[RES_F_CODE] = "code",
	[RES_F_SKIPPED] = "skipped",
	[RES_F_TEXT] = "text",
	[RES_F_ADDRESS] = "address",
	[RES_F_CERT] = "cert_expires",
};
static_assert(NP_LEN(field_names) == RES_FIELD_N, "name every field");

static bool is_time(int64_t us)
{
	return us > 0 && us <= RES_TIME_MAX_US;
}

static bool is_text(np_str s, size_t max)
{
	return s.n <= max && str_is_utf8(s);
}

static bool phases_ok(const struct res_record *r)
{
	for (size_t i = 0; i < RES_PHASE_N; i++)
		if (r->phase_us[i] < -1 || r->phase_us[i] > RES_DURATION_MAX_US)
			return false;
	return true;
}

/* A pass carries no class (a degraded one may name its assertion), the rest needs one. */
static bool class_fits(enum res_status s, enum res_class c)
{
	if ((int)c < 0 || c >= RES_CLASS_N)
		return false;
	if (s == RES_OK)
		return c == RES_C_NONE;
	return s == RES_DEGRADED || c != RES_C_NONE;
}

enum res_field res_validate(const struct res_record *r)
{
	const struct {
		bool ok;
		enum res_field field;
	} rules[] = {
		{ r->monitor > 0 && r->monitor <= INT64_MAX, RES_F_MONITOR },
		{ r->revision > 0 && r->revision <= INT32_MAX, RES_F_REVISION },
		{ is_time(r->slot_us), RES_F_SLOT },
		{ r->attempt <= RES_ATTEMPT_MAX, RES_F_ATTEMPT },
		{ is_time(r->start_us), RES_F_START },
		{ r->duration_us >= 0 && r->duration_us <= RES_DURATION_MAX_US, RES_F_DURATION },
		{ phases_ok(r), RES_F_PHASES },
		{ (int)r->status > RES_NONE && r->status < RES_STATUS_N, RES_F_STATUS },
		{ class_fits(r->status, r->cls), RES_F_CLASS },
		{ r->code >= 0 && r->code <= RES_CODE_MAX, RES_F_CODE },
		{ r->skipped <= RES_SKIPPED_MAX, RES_F_SKIPPED },
		{ is_text(r->text, RES_TEXT_MAX), RES_F_TEXT },
		{ is_text(r->address, RES_ADDRESS_MAX), RES_F_ADDRESS },
		{ r->cert_expires_s >= 0 && r->cert_expires_s <= RES_CERT_MAX_S, RES_F_CERT },
	};
	for (size_t i = 0; i < NP_LEN(rules); i++)
		if (!rules[i].ok)
			return rules[i].field;
	return RES_F_OK;
}

const char *res_field_name(enum res_field f)
{
	return (size_t)f < RES_FIELD_N ? field_names[f] : "";
}

const char *res_status_name(enum res_status s)
{
	return (size_t)s < RES_STATUS_N ? status_names[s] : "none";
}

const char *res_class_name(enum res_class c)
{
	return (size_t)c < RES_CLASS_N ? classes[c].name : "none";
}

const char *res_class_words(enum res_class c)
{
	return (size_t)c < RES_CLASS_N ? classes[c].words : "unknown error";
}

np_err res_status_from_name(np_str s, enum res_status *ret)
{
	for (size_t i = RES_OK; i < RES_STATUS_N; i++) {
		if (str_eq_c(s, status_names[i])) {
			*ret = (enum res_status)i;
			return NP_OK;
		}
	}
	return NP_E_NOTFOUND;
}

np_err res_class_from_name(np_str s, enum res_class *ret)
{
	for (size_t i = 0; i < RES_CLASS_N; i++) {
		if (str_eq_c(s, classes[i].name)) {
			*ret = (enum res_class)i;
			return NP_OK;
		}
	}
	return NP_E_NOTFOUND;
}
