/* SPDX-License-Identifier: Apache-2.0 */
#include "checker/say.h"

#include <ares.h>
#include <errno.h>

#include "base/str.h"

np_str say_duration(struct arena *a, int64_t us)
{
	if (us < 0)
		us = 0;
	if (us < NP_SEC_US)
		return arena_printf(a, "%lld ms", (long long)((us + 500) / 1000));
	if (us % NP_SEC_US < 50 * NP_MS_US || us >= 60 * NP_SEC_US)
		return arena_printf(a, "%lld s", (long long)(us / NP_SEC_US));
	return arena_printf(a, "%lld.%lld s", (long long)(us / NP_SEC_US),
			    (long long)(us % NP_SEC_US / (100 * NP_MS_US)));
}

struct errno_words {
	int value;
	enum res_status status;
	enum res_class cls;
	const char *text; /* address and duration follow */
};

static const struct errno_words words[] = {
	{ ECONNREFUSED, RES_FAIL, RES_C_REFUSED, "connection refused by" },
	{ ECONNRESET, RES_FAIL, RES_C_RESET, "connection reset by" },
	{ ETIMEDOUT, RES_FAIL, RES_C_TIMEOUT, "no answer to a connection attempt from" },
	{ EHOSTUNREACH, RES_FAIL, RES_C_UNREACHABLE, "no route to" },
	{ ENETUNREACH, RES_FAIL, RES_C_UNREACHABLE, "network unreachable:" },
	{ EMFILE, RES_UNKNOWN, RES_C_OVERLOAD, "this checker has no file descriptor left for" },
	{ ENFILE, RES_UNKNOWN, RES_C_OVERLOAD, "this checker's system has no descriptor left for" },
	{ ENOBUFS, RES_UNKNOWN, RES_C_OVERLOAD, "this checker's system has no memory left for" },
	{ ENOMEM, RES_UNKNOWN, RES_C_OVERLOAD, "this checker's system has no memory left for" },
	{ EADDRNOTAVAIL, RES_UNKNOWN, RES_C_OVERLOAD, "this checker has no local port left for" },
	{ EACCES, RES_UNKNOWN, RES_C_NETWORK, "this checker's own system forbids connections to" },
	{ EPERM, RES_UNKNOWN, RES_C_NETWORK, "this checker's own system forbids connections to" },
	{ EAFNOSUPPORT, RES_UNKNOWN, RES_C_NETWORK, "this checker has no network for" },
};

/* Refused by our own routing table, not by anybody's network: we cannot tell. */
static bool no_local_route(int errno_value, bool local)
{
	return local && (errno_value == ENETUNREACH || errno_value == EHOSTUNREACH);
}

struct say_verdict say_connect(struct arena *a, int errno_value, bool local, const struct addr *to,
			       int64_t after_us)
{
	char at[ADDR_TEXT_MAX];
	(void)addr_print(to, at);
	if (no_local_route(errno_value, local))
		return (struct say_verdict){ RES_UNKNOWN, RES_C_NETWORK,
					     arena_printf(a, "this checker has no route to %s",
							  at) };
	np_str after = say_duration(a, after_us);
	for (size_t i = 0; i < NP_LEN(words); i++)
		if (words[i].value == errno_value)
			return (struct say_verdict){ words[i].status, words[i].cls,
						     arena_printf(a, "%s %s (after %.*s)",
								  words[i].text, at,
								  NP_FMT(after)) };
	return (struct say_verdict){
		RES_FAIL, RES_C_UNREACHABLE,
		arena_printf(a, "could not connect to %s: system error %d (after %.*s)", at,
			     errno_value, NP_FMT(after))
	};
}

struct say_verdict say_lookup(struct arena *a, int ares_status, np_str host)
{
	struct say_verdict v = { RES_FAIL, RES_C_DNS, { NULL, 0 } };
	const char *why = ares_strerror(ares_status);
	switch (ares_status) {
	case ARES_ENOTFOUND:
		v.text = arena_printf(a, "the name %.*s does not exist", NP_FMT(host));
		return v;
	case ARES_ENODATA:
		v.text = arena_printf(a, "the name %.*s has no address", NP_FMT(host));
		return v;
	case ARES_ESERVFAIL:
		why = "the name servers failed (SERVFAIL)";
		break;
	case ARES_EREFUSED:
		why = "the name server refused to answer (REFUSED)";
		break;
	case ARES_ETIMEOUT:
		why = "no name server answered in time";
		break;
	case ARES_ECONNREFUSED:
		v = (struct say_verdict){ RES_UNKNOWN, RES_C_NETWORK, { NULL, 0 } };
		why = "this checker's name server cannot be reached";
		break;
	case ARES_ENOMEM:
		v = (struct say_verdict){ RES_UNKNOWN, RES_C_OVERLOAD, { NULL, 0 } };
		why = "this checker is out of memory";
		break;
	default:
		break;
	}
	v.text = arena_printf(a, "could not look up %.*s: %s", NP_FMT(host), why);
	return v;
}

struct say_verdict say_blocked(struct arena *a, const struct addr *to, enum addr_class cls)
{
	char at[ADDR_TEXT_MAX];
	(void)addr_print_ip(to, at);
	return (struct say_verdict){
		RES_FAIL, RES_C_BLOCKED,
		arena_printf(a, "blocked: %s is a %s address, which this monitor may not reach", at,
			     addr_class_name(cls))
	};
}

np_str say_when(struct arena *a, int64_t seconds)
{
	static const struct {
		int64_t s;
		const char *name;
	} units[] = { { 86400, "day" }, { 3600, "hour" }, { 60, "minute" }, { 1, "second" } };
	int64_t s = seconds < 0 ? -seconds : seconds;
	for (size_t i = 0; i < NP_LEN(units); i++) {
		if (s < units[i].s && i + 1 < NP_LEN(units))
			continue;
		int64_t n = s / units[i].s;
		return arena_printf(a, "%s%lld %s%s%s", seconds < 0 ? "" : "in ", (long long)n,
				    units[i].name, n == 1 ? "" : "s", seconds < 0 ? " ago" : "");
	}
	return NP_STR("now");
}

np_str say_clean(struct arena *a, np_str s, size_t max)
{
	s = str_sub(s, 0, max * 2); /* more than that cannot survive the clipping */
	char *p = arena_alloc(a, s.n + 1);
	if (!p)
		return (np_str){ NULL, 0 };
	size_t n = 0;
	for (size_t i = 0; i < s.n;) {
		size_t len = 1;
		/* the shortest piece from here that is valid by itself */
		while (len <= 4 && i + len <= s.n && !str_is_utf8(str_sub(s, i, i + len)))
			len++;
		bool good = len <= 4 && i + len <= s.n && (unsigned char)s.p[i] >= 0x20 &&
			    s.p[i] != 0x7f;
		if (!good)
			len = 1;
		for (size_t k = 0; k < len; k++) {
			p[n] = '?';
			if (good)
				p[n] = s.p[i + k];
			else if (s.p[i] == '\n' || s.p[i] == '\t')
				p[n] = ' ';
			n++;
		}
		i += len;
	}
	return str_clip_utf8((np_str){ p, n }, max);
}
