/* SPDX-License-Identifier: Apache-2.0 */
#include "core/target.h"

#include "base/str.h"

#define TGT_LABEL_MAX 63

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_hex(char c)
{
	return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

static bool is_label_char(char c)
{
	return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' ||
	       c == '_';
}

bool tgt_is_ipv4(np_str s)
{
	np_str part = { 0 }, rest = s;
	for (int i = 0; i < 4; i++) {
		uint64_t v = 0;
		bool more = str_cut(rest, '.', &part, &rest);
		if (more != (i < 3) || part.n == 0 || part.n > 3 ||
		    (part.n > 1 && part.p[0] == '0') || str_to_u64(part, &v) < 0 || v > 255)
			return false;
	}
	return true;
}

/* One side of "::": groups of hex digits, an IPv4 address as the last one. */
static bool count_groups(np_str s, bool last, uint32_t *groups)
{
	bool more = s.n > 0;
	while (more) {
		np_str group = { 0 };
		more = str_cut(s, ':', &group, &s);
		if (!more && last && tgt_is_ipv4(group)) {
			*groups += 2;
			return true;
		}
		if (group.n == 0 || group.n > 4)
			return false;
		for (size_t i = 0; i < group.n; i++)
			if (!is_hex(group.p[i]))
				return false;
		*groups += 1;
	}
	return true;
}

bool tgt_is_ipv6(np_str s)
{
	uint32_t groups = 0;
	size_t gap = str_find(s, NP_STR("::"));
	if (gap == SIZE_MAX)
		return count_groups(s, true, &groups) && groups == 8;
	return count_groups(str_sub(s, 0, gap), false, &groups) &&
	       count_groups(str_sub(s, gap + 2, s.n), true, &groups) && groups <= 7;
}

static bool is_label(np_str l)
{
	if (l.n == 0 || l.n > TGT_LABEL_MAX || l.p[0] == '-' || l.p[l.n - 1] == '-')
		return false;
	for (size_t i = 0; i < l.n; i++)
		if (!is_label_char(l.p[i]))
			return false;
	return true;
}

/* Does the last label look like a number? Then it is a mistyped address, not a name. */
static bool is_numeric(np_str l)
{
	for (size_t i = 0; i < l.n; i++)
		if (!is_digit(l.p[i]))
			return false;
	return true;
}

static bool is_name(np_str host)
{
	np_str label = { 0 }, rest = host;
	bool more = host.n > 0;
	if (host.n == 0 || host.n > TGT_HOST_MAX)
		return false;
	while (more) {
		more = str_cut(rest, '.', &label, &rest);
		if (!more || rest.n > 0) {
			if (!is_label(label))
				return false;
			continue;
		}
		/* "name." - a dot at the very end is the root. */
		return is_label(label) && !is_numeric(label);
	}
	return !is_numeric(label);
}

bool tgt_is_host(np_str host)
{
	return tgt_is_ipv4(host) || tgt_is_ipv6(host) || is_name(host);
}

static np_err refuse(const char **ret_why, const char *why)
{
	*ret_why = why;
	return NP_E_INVAL;
}

static np_err check_host(struct tgt *t, bool bracketed, const char **ret_why)
{
	if (t->host.n == 0)
		return refuse(ret_why, "needs a host");
	for (size_t i = 0; i < t->host.n; i++)
		if ((unsigned char)t->host.p[i] >= 0x80)
			return refuse(ret_why, "host names beyond ASCII are written as xn--");
	if (bracketed && !tgt_is_ipv6(t->host))
		return refuse(ret_why, "the address in brackets is not IPv6");
	if (!tgt_is_host(t->host))
		return refuse(ret_why, "is not a valid host name or address");
	t->is_ip = bracketed || tgt_is_ipv4(t->host) || tgt_is_ipv6(t->host);
	return NP_OK;
}

/* host, host:port, [v6], [v6]:port; port_default 0: a port is needed. */
static np_err parse_host_port(np_str s, uint16_t port_default, struct tgt *t, const char **ret_why)
{
	bool bracketed = s.n > 0 && s.p[0] == '[';
	np_str port = { 0 };
	bool has_port = false;
	uint64_t v = port_default;
	if (bracketed) {
		size_t end = str_find_byte(s, ']');
		if (end == SIZE_MAX)
			return refuse(ret_why, "has an opening bracket without a closing one");
		t->host = str_sub(s, 1, end);
		np_str rest = str_sub(s, end + 1, s.n);
		has_port = rest.n > 0;
		if (has_port && rest.p[0] != ':')
			return refuse(ret_why, "has text after the closing bracket");
		port = str_sub(rest, 1, rest.n);
	} else {
		has_port = str_cut(s, ':', &t->host, &port);
		if (str_find_byte(port, ':') != SIZE_MAX)
			return refuse(ret_why, "IPv6 addresses stand in brackets, as in [::1]:443");
	}
	if (has_port && (port.n > 5 || str_to_u64(port, &v) < 0 || v == 0 || v > UINT16_MAX))
		return refuse(ret_why, "port must be a number from 1 to 65535");
	if (v == 0)
		return refuse(ret_why, "needs a port, as in host:443");
	t->port = (uint16_t)v;
	return check_host(t, bracketed, ret_why);
}

static np_err parse_http(np_str s, struct tgt *t, const char **ret_why)
{
	size_t colon = str_find(s, NP_STR("://"));
	np_str scheme = colon == SIZE_MAX ? (np_str){ 0 } : str_sub(s, 0, colon);
	t->tls = str_eq_nocase(scheme, NP_STR("https"));
	if (!t->tls && !str_eq_nocase(scheme, NP_STR("http")))
		return refuse(ret_why, "must begin with http:// or https://");
	np_str rest = str_sub(s, colon + 3, s.n);
	size_t end = 0;
	while (end < rest.n && rest.p[end] != '/' && rest.p[end] != '?' && rest.p[end] != '#')
		end++;
	np_str authority = str_sub(rest, 0, end);
	t->path = str_sub(rest, end, rest.n);
	if (str_find_byte(authority, '@') != SIZE_MAX)
		return refuse(ret_why, "credentials do not belong in the URL: send a header");
	if (str_find_byte(t->path, '#') != SIZE_MAX)
		return refuse(ret_why, "a fragment (#) is never sent: leave it out");
	return parse_host_port(authority, t->tls ? 443 : 80, t, ret_why);
}

static np_err parse_host(np_str s, struct tgt *t, const char **ret_why)
{
	bool bracketed = s.n > 1 && s.p[0] == '[' && s.p[s.n - 1] == ']';
	if (str_find(s, NP_STR("://")) != SIZE_MAX)
		return refuse(ret_why, "is a host, not a URL");
	t->host = bracketed ? str_sub(s, 1, s.n - 1) : s;
	if (!tgt_is_ipv6(t->host) && str_find_byte(t->host, ':') != SIZE_MAX)
		return refuse(ret_why, "is a host without a port");
	return check_host(t, bracketed, ret_why);
}

static np_err parse_name(np_str s, struct tgt *t, const char **ret_why)
{
	np_err e = parse_host(s, t, ret_why);
	if (e == NP_OK && t->is_ip)
		return refuse(ret_why, "is an address: DNS monitors ask for a name");
	return e;
}

/* No spaces, control characters or backslashes: parsers disagree about them. */
static bool is_clean(np_str s)
{
	for (size_t i = 0; i < s.n; i++)
		if ((unsigned char)s.p[i] <= ' ' || s.p[i] == 0x7f || s.p[i] == '\\')
			return false;
	return str_is_utf8(s);
}

static np_err parse_kind(enum mon_kind kind, np_str text, struct tgt *t, const char **ret_why)
{
	switch (kind) {
	case MON_HTTP:
		return parse_http(text, t, ret_why);
	case MON_TCP:
		return parse_host_port(text, 0, t, ret_why);
	case MON_TLS:
		t->tls = true;
		return parse_host_port(text, 443, t, ret_why);
	case MON_ICMP:
		return parse_host(text, t, ret_why);
	case MON_DNS:
		return parse_name(text, t, ret_why);
	case MON_KIND_N:
		break;
	}
	return refuse(ret_why, "belongs to an unknown kind of monitor");
}

np_err tgt_parse(enum mon_kind kind, np_str text, struct tgt *ret, const char **ret_why)
{
	struct tgt t = { 0 };
	if (text.n == 0)
		return refuse(ret_why, "must not be empty");
	if (text.n > TGT_MAX)
		return refuse(ret_why, "is longer than 2048 bytes");
	if (!is_clean(text))
		return refuse(ret_why, "has spaces, control characters or backslashes");
	np_err e = parse_kind(kind, text, &t, ret_why);
	if (e < 0)
		return e;
	*ret = t;
	return NP_OK;
}

static bool is_port(np_str s)
{
	bool yes = s.n >= 1 && s.n <= 5;
	for (size_t i = 0; yes && i < s.n; i++)
		yes = is_digit(s.p[i]);
	return yes;
}

/* "host:port"; of an IPv6 address only "[…]:port". */
static bool has_port(np_str text)
{
	size_t colon = SIZE_MAX, first = str_find_byte(text, ':');
	for (size_t i = 0; i < text.n; i++) {
		if (text.p[i] == '/' || text.p[i] == ' ')
			return false;
		if (text.p[i] == ':')
			colon = i;
	}
	return colon != SIZE_MAX && colon > 0 && (colon == first || text.p[colon - 1] == ']') &&
	       is_port(str_sub(text, colon + 1, text.n));
}

/* "shop.example/path" */
static bool is_name_with_path(np_str text)
{
	np_str host, path;
	size_t letters = 0;
	if (!str_cut(text, '/', &host, &path) || str_find_byte(host, '.') == SIZE_MAX)
		return false;
	for (size_t i = 0; i < host.n; i++) {
		char c = host.p[i];
		if (!is_label_char(c) && c != '.')
			return false;
		letters = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ? letters + 1 : 0;
	}
	return letters >= 2;
}

enum mon_kind tgt_guess(np_str text, bool *ret_https)
{
	*ret_https = false;
	if (str_eq_nocase(str_sub(text, 0, 7), NP_STR("http://")) ||
	    str_eq_nocase(str_sub(text, 0, 8), NP_STR("https://")))
		return MON_HTTP;
	if (has_port(text))
		return MON_TCP;
	if (!is_name_with_path(text))
		return MON_ICMP;
	*ret_https = true;
	return MON_HTTP;
}
