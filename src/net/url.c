/* SPDX-License-Identifier: Apache-2.0 */
#include "net/url.h"

#include "base/str.h"
#include "net/addr.h"

/* Characters that may stand in a URL as they are (RFC 3986, brackets of hosts aside). */
static bool is_url_byte(char c)
{
	bool alnum = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
	return alnum || (c && strchr("-._~:/?#@!$&'()*+,;=%[]", c));
}

static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* Alphabet and complete %XX escapes. */
static bool is_clean(np_str s)
{
	for (size_t i = 0; i < s.n; i++) {
		if (!is_url_byte(s.p[i]))
			return false;
		if (s.p[i] == '%' &&
		    (i + 2 >= s.n || hex_value(s.p[i + 1]) < 0 || hex_value(s.p[i + 2]) < 0))
			return false;
	}
	return true;
}

static np_err cut_scheme(np_str s, struct url *u, np_str *ret_rest)
{
	size_t at = str_find(s, NP_STR("://"));
	if (at == SIZE_MAX)
		return NP_E_INVAL;
	u->scheme = str_sub(s, 0, at);
	if (str_eq_nocase(u->scheme, NP_STR("https")))
		u->tls = true;
	else if (!str_eq_nocase(u->scheme, NP_STR("http")))
		return NP_E_INVAL;
	*ret_rest = str_sub(s, at + 3, s.n);
	return NP_OK;
}

static np_err cut_port(np_str text, struct url *u)
{
	uint64_t port;
	if (text.n == 0 || text.n > 5 || str_to_u64(text, &port) < 0)
		return NP_E_INVAL;
	if (port == 0 || port > UINT16_MAX)
		return NP_E_RANGE;
	u->port = (uint16_t)port;
	return NP_OK;
}

/* "host", "host:port", "[v6]", "[v6]:port" */
static np_err cut_authority(np_str s, struct url *u)
{
	np_str host = s, port = { NULL, 0 };
	bool has_port;
	u->port = u->tls ? 443 : 80;
	if (s.n > 0 && s.p[0] == '[') {
		size_t end = str_find_byte(s, ']');
		if (end == SIZE_MAX)
			return NP_E_INVAL;
		host = str_sub(s, 1, end);
		np_str rest = str_sub(s, end + 1, s.n);
		has_port = rest.n > 0;
		if (has_port && rest.p[0] != ':')
			return NP_E_INVAL;
		port = str_sub(rest, 1, rest.n);
		u->host_is_v6 = true;
	} else {
		has_port = str_cut(s, ':', &host, &port);
	}
	struct addr a;
	bool ok = u->host_is_v6 ? addr_parse_ip(host, &a) == NP_OK && a.u.sa.sa_family == AF_INET6
				: addr_is_hostname(host);
	if (!ok)
		return NP_E_INVAL;
	u->host = host;
	return has_port ? cut_port(port, u) : NP_OK;
}

np_err url_parse(np_str s, struct url *ret)
{
	struct url u = { .tls = false };
	np_str rest;
	if (s.n > URL_MAX)
		return NP_E_LIMIT;
	if (!is_clean(s))
		return NP_E_INVAL;
	np_err e = cut_scheme(s, &u, &rest);
	if (e < 0)
		return e;
	size_t end = 0;
	while (end < rest.n && !strchr("/?#", rest.p[end]))
		end++;
	e = cut_authority(str_sub(rest, 0, end), &u);
	if (e < 0)
		return e;
	rest = str_sub(rest, end, rest.n);
	np_str tail;
	(void)str_cut(rest, '#', &rest, &u.fragment);
	if (str_cut(rest, '?', &u.path, &tail))
		u.query = (np_str){ tail.p ? tail.p : "", tail.n };
	if (str_find_byte(u.path, '[') != SIZE_MAX || str_find_byte(u.path, ']') != SIZE_MAX)
		return NP_E_INVAL;
	*ret = u;
	return NP_OK;
}

np_err url_decode(struct arena *a, np_str s, bool plus_is_space, np_str *ret)
{
	char *out = arena_alloc(a, s.n + 1);
	size_t n = 0;
	if (!out)
		return NP_E_NOMEM;
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];
		if (c == '%') {
			int hi = i + 2 < s.n ? hex_value(s.p[i + 1]) : -1;
			int lo = i + 2 < s.n ? hex_value(s.p[i + 2]) : -1;
			if (hi < 0 || lo < 0)
				return NP_E_INVAL;
			c = (char)(hi * 16 + lo);
			i += 2;
		} else if (c == '+' && plus_is_space) {
			c = ' ';
		}
		if (c == 0)
			return NP_E_INVAL;
		out[n++] = c;
	}
	*ret = (np_str){ out, n };
	return NP_OK;
}

bool url_query_next(np_str *rest, np_str *ret_key, np_str *ret_value)
{
	np_str pair;
	while (rest->n > 0) {
		(void)str_cut(*rest, '&', &pair, rest);
		if (pair.n == 0)
			continue;
		(void)str_cut(pair, '=', ret_key, ret_value);
		return true;
	}
	return false;
}
