/* SPDX-License-Identifier: Apache-2.0 */
#include "net/addr.h"

#include <arpa/inet.h>
#include <errno.h>
#include <ifaddrs.h>

#include "base/str.h"

#define HOST_MAX 253
#define LABEL_MAX 63

/* ---- classes -------------------------------------------------------------------------- */

struct range {
	uint8_t net[16];
	uint8_t bits;
	enum addr_class cls;
};

/* First match wins. */
static const struct range ranges4[] = {
	{ { 0 }, 8, ADDR_RESERVED },
	{ { 10 }, 8, ADDR_PRIVATE },
	{ { 100, 64 }, 10, ADDR_CGNAT },
	{ { 127 }, 8, ADDR_LOOPBACK },
	{ { 169, 254 }, 16, ADDR_LINKLOCAL },
	{ { 172, 16 }, 12, ADDR_PRIVATE },
	{ { 192, 0, 0 }, 24, ADDR_RESERVED },    /* protocol assignments */
	{ { 192, 0, 2 }, 24, ADDR_RESERVED },    /* documentation */
	{ { 192, 31, 196 }, 24, ADDR_RESERVED }, /* AS112 */
	{ { 192, 52, 193 }, 24, ADDR_RESERVED }, /* AMT */
	{ { 192, 88, 99 }, 24, ADDR_RESERVED },  /* 6to4 relays */
	{ { 192, 168 }, 16, ADDR_PRIVATE },
	{ { 192, 175, 48 }, 24, ADDR_RESERVED }, /* AS112 */
	{ { 198, 18 }, 15, ADDR_RESERVED },      /* benchmarks */
	{ { 198, 51, 100 }, 24, ADDR_RESERVED }, /* documentation */
	{ { 203, 0, 113 }, 24, ADDR_RESERVED },  /* documentation */
	{ { 224 }, 4, ADDR_MULTICAST },
	{ { 240 }, 4, ADDR_RESERVED }, /* and broadcast */
};

static const struct range ranges6[] = {
	{ { [15] = 1 }, 128, ADDR_LOOPBACK },
	{ { 0 }, 8, ADDR_RESERVED },           /* ::, and what no embedding below matched */
	{ { 0x01, 0x00 }, 64, ADDR_RESERVED }, /* discard */
	{ { 0x20, 0x01, 0x0d, 0xb8 }, 32, ADDR_RESERVED }, /* documentation */
	{ { 0x20, 0x01, 0x00, 0x00 }, 23, ADDR_RESERVED }, /* Teredo, ORCHID, benchmarks */
	{ { 0x3f, 0xff }, 20, ADDR_RESERVED },             /* documentation */
	{ { 0x5f, 0x00 }, 16, ADDR_RESERVED },             /* segment routing */
	{ { 0xfc }, 7, ADDR_PRIVATE },
	{ { 0xfe, 0x80 }, 10, ADDR_LINKLOCAL },
	{ { 0xfe, 0xc0 }, 10, ADDR_PRIVATE }, /* site-local of old */
	{ { 0xff }, 8, ADDR_MULTICAST },
};

/* IPv6 prefixes that carry an IPv4 address at `at`. */
static const struct embed {
	uint8_t net[16];
	uint8_t bits, at;
} embeds[] = {
	{ { [10] = 0xff, [11] = 0xff }, 96, 12 }, /* mapped */
	{ { [8] = 0xff, [9] = 0xff }, 96, 12 },   /* translated, RFC 2765 */
	{ { 0x00, 0x64, 0xff, 0x9b }, 96, 12 },   /* NAT64 */
	{ { 0x20, 0x02 }, 16, 2 },                /* 6to4 */
};

static bool in_net(const uint8_t *ip, const uint8_t *net, unsigned bits)
{
	unsigned whole = bits / 8, rest = bits % 8;
	if (memcmp(ip, net, whole) != 0)
		return false;
	return rest == 0 || ((ip[whole] ^ net[whole]) >> (8 - rest)) == 0;
}

static enum addr_class look_up(const uint8_t *ip, const struct range *rows, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (in_net(ip, rows[i].net, rows[i].bits))
			return rows[i].cls;
	return ADDR_PUBLIC;
}

static enum addr_class class4(const uint8_t ip[4])
{
	return look_up(ip, ranges4, NP_LEN(ranges4));
}

static bool is_all_zero(const uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (p[i])
			return false;
	return true;
}

static enum addr_class class6(const uint8_t ip[16])
{
	static const uint8_t local_nat64[] = { 0x00, 0x64, 0xff, 0x9b, 0x00, 0x01 };
	static const uint8_t isatap[] = { 0x5e, 0xfe };
	for (size_t i = 0; i < NP_LEN(embeds); i++)
		if (in_net(ip, embeds[i].net, embeds[i].bits))
			return class4(ip + embeds[i].at);
	if (in_net(ip, local_nat64, 48)) /* the operator's own translator: unknown shape */
		return ADDR_RESERVED;
	/* "compatible" of old: ::a.b.c.d, but not :: and ::1 */
	if (is_all_zero(ip, 12) && !is_all_zero(ip + 12, 3))
		return class4(ip + 12);
	enum addr_class cls = look_up(ip, ranges6, NP_LEN(ranges6));
	/* ISATAP interface identifier: 0[02]00:5efe:a.b.c.d */
	if (cls == ADDR_PUBLIC && (ip[8] & 0xfd) == 0 && ip[9] == 0 &&
	    memcmp(ip + 10, isatap, sizeof isatap) == 0)
		return class4(ip + 12);
	/* What IANA has not given out is nobody's public address. */
	return cls == ADDR_PUBLIC && (ip[0] & 0xe0) != 0x20 ? ADDR_RESERVED : cls;
}

static bool is_own(const struct addr *a, const struct addr_own *own)
{
	for (size_t i = 0; own && i < own->n; i++)
		if (addr_eq_ip(a, &own->list[i]))
			return true;
	return false;
}

enum addr_class addr_class(const struct sockaddr *sa, const struct addr_own *own)
{
	struct addr a;
	enum addr_class cls = ADDR_RESERVED;
	addr_from_sa(sa, &a);
	if (a.u.sa.sa_family == AF_INET)
		cls = class4((const uint8_t *)&a.u.in.sin_addr);
	else if (a.u.sa.sa_family == AF_INET6)
		cls = class6(a.u.in6.sin6_addr.s6_addr);
	return cls == ADDR_PUBLIC && is_own(&a, own) ? ADDR_OWN : cls;
}

const char *addr_class_name(enum addr_class c)
{
	static const char *const names[] = {
		[ADDR_PUBLIC] = "public",           [ADDR_PRIVATE] = "private",
		[ADDR_LOOPBACK] = "loopback",       [ADDR_LINKLOCAL] = "link-local",
		[ADDR_CGNAT] = "carrier-grade NAT", [ADDR_MULTICAST] = "multicast",
		[ADDR_RESERVED] = "reserved",       [ADDR_OWN] = "this machine's own",
	};
	static_assert(NP_LEN(names) == ADDR_CLASS_N, "name every class");
	return (unsigned)c < ADDR_CLASS_N ? names[c] : "unknown";
}

bool addr_allowed(const struct sockaddr *sa, const struct addr_policy *pol,
		  enum addr_class *ret_class)
{
	static const enum {
		NEVER,
		ALWAYS,
		PRIVATE
	} rule[] = {
		[ADDR_PUBLIC] = ALWAYS,   [ADDR_PRIVATE] = PRIVATE, [ADDR_LOOPBACK] = PRIVATE,
		[ADDR_LINKLOCAL] = NEVER, [ADDR_CGNAT] = PRIVATE,   [ADDR_MULTICAST] = NEVER,
		[ADDR_RESERVED] = NEVER,  [ADDR_OWN] = PRIVATE,
	};
	static_assert(NP_LEN(rule) == ADDR_CLASS_N, "a rule for every class");
	enum addr_class cls = addr_class(sa, pol->own);
	if (ret_class)
		*ret_class = cls;
	return rule[cls] == ALWAYS || (rule[cls] == PRIVATE && pol->private_ok);
}

np_err addr_own_load(struct addr_own *ret)
{
	struct ifaddrs *list = NULL;
	if (getifaddrs(&list) < 0)
		return np_err_from_errno(errno);
	struct addr_own own = { .n = 0 };
	for (struct ifaddrs *i = list; i && own.n < ADDR_OWN_MAX; i = i->ifa_next) {
		struct addr a;
		if (!i->ifa_addr)
			continue;
		addr_from_sa(i->ifa_addr, &a);
		if (a.u.sa.sa_family != AF_UNSPEC)
			own.list[own.n++] = a;
	}
	freeifaddrs(list);
	*ret = own;
	return NP_OK;
}

/* ---- socket addresses --------------------------------------------------------------------- */

void addr_from_sa(const struct sockaddr *sa, struct addr *ret)
{
	*ret = (struct addr){ .u.sa.sa_family = AF_UNSPEC };
	if (sa && sa->sa_family == AF_INET)
		memcpy(&ret->u.in, sa, sizeof ret->u.in);
	else if (sa && sa->sa_family == AF_INET6)
		memcpy(&ret->u.in6, sa, sizeof ret->u.in6);
}

socklen_t addr_len(const struct addr *a)
{
	if (a->u.sa.sa_family == AF_INET)
		return sizeof a->u.in;
	return a->u.sa.sa_family == AF_INET6 ? sizeof a->u.in6 : 0;
}

uint16_t addr_port(const struct addr *a)
{
	if (a->u.sa.sa_family == AF_INET)
		return ntohs(a->u.in.sin_port);
	return a->u.sa.sa_family == AF_INET6 ? ntohs(a->u.in6.sin6_port) : 0;
}

void addr_set_port(struct addr *a, uint16_t port)
{
	if (a->u.sa.sa_family == AF_INET)
		a->u.in.sin_port = htons(port);
	else if (a->u.sa.sa_family == AF_INET6)
		a->u.in6.sin6_port = htons(port);
}

/* The address as 16 bytes, IPv4 in its mapped form. */
static bool to_mapped(const struct addr *a, uint8_t ret[16])
{
	static const uint8_t prefix[12] = { [10] = 0xff, [11] = 0xff };
	if (a->u.sa.sa_family == AF_INET6) {
		memcpy(ret, a->u.in6.sin6_addr.s6_addr, 16);
		return true;
	}
	memcpy(ret, prefix, sizeof prefix);
	memcpy(ret + 12, &a->u.in.sin_addr, 4);
	return a->u.sa.sa_family == AF_INET;
}

bool addr_eq_ip(const struct addr *a, const struct addr *b)
{
	uint8_t x[16], y[16];
	return to_mapped(a, x) && to_mapped(b, y) && memcmp(x, y, 16) == 0;
}

size_t addr_print_ip(const struct addr *a, char ret[ADDR_TEXT_MAX])
{
	const char *ok = NULL;
	if (a->u.sa.sa_family == AF_INET)
		ok = inet_ntop(AF_INET, &a->u.in.sin_addr, ret, ADDR_TEXT_MAX);
	else if (a->u.sa.sa_family == AF_INET6)
		ok = inet_ntop(AF_INET6, &a->u.in6.sin6_addr, ret, ADDR_TEXT_MAX);
	if (!ok)
		memcpy(ret, "-", 2);
	return strlen(ret);
}

size_t addr_print(const struct addr *a, char ret[ADDR_TEXT_MAX])
{
	char ip[ADDR_TEXT_MAX];
	(void)addr_print_ip(a, ip);
	if (a->u.sa.sa_family == AF_UNSPEC)
		return addr_print_ip(a, ret);
	bool v6 = a->u.sa.sa_family == AF_INET6;
	int n = snprintf(ret, ADDR_TEXT_MAX, "%s%.45s%s:%u", v6 ? "[" : "", ip, v6 ? "]" : "",
			 addr_port(a));
	return n > 0 ? (size_t)n : 0;
}

/* ---- parsing ---------------------------------------------------------------------------------- */

np_err addr_parse_ip(np_str s, struct addr *ret)
{
	char text[INET6_ADDRSTRLEN];
	struct addr a = { .u.sa.sa_family = AF_UNSPEC };
	bool bracketed = s.n > 2 && s.p[0] == '[' && s.p[s.n - 1] == ']';
	if (bracketed)
		s = str_sub(s, 1, s.n - 1);
	if (s.n == 0 || s.n >= sizeof text || memchr(s.p, 0, s.n))
		return NP_E_INVAL;
	memcpy(text, s.p, s.n);
	text[s.n] = 0;
	if (!bracketed && inet_pton(AF_INET, text, &a.u.in.sin_addr) == 1)
		a.u.in.sin_family = AF_INET;
	else if (inet_pton(AF_INET6, text, &a.u.in6.sin6_addr) == 1)
		a.u.in6.sin6_family = AF_INET6;
	else
		return NP_E_INVAL;
	*ret = a;
	return NP_OK;
}

np_err addr_split(np_str s, np_str *ret_host, uint16_t *ret_port)
{
	size_t colon = s.n;
	while (colon > 0 && s.p[colon - 1] != ':')
		colon--;
	if (colon == 0)
		return NP_E_INVAL;
	np_str host = str_sub(s, 0, colon - 1), port_text = str_sub(s, colon, s.n);
	bool bracketed = host.n > 2 && host.p[0] == '[' && host.p[host.n - 1] == ']';
	if (bracketed)
		host = str_sub(host, 1, host.n - 1);
	else if (str_find_byte(host, ':') != SIZE_MAX)
		return NP_E_INVAL; /* IPv6 needs its brackets */
	uint64_t port;
	if (host.n == 0 || host.n > HOST_MAX || port_text.n > 5 || str_to_u64(port_text, &port) < 0)
		return NP_E_INVAL;
	if (port > UINT16_MAX)
		return NP_E_RANGE;
	*ret_host = host;
	*ret_port = (uint16_t)port;
	return NP_OK;
}

np_err addr_parse(np_str s, struct addr *ret)
{
	np_str host;
	uint16_t port;
	struct addr a;
	np_err e = addr_split(s, &host, &port);
	if (e < 0)
		return e;
	e = addr_parse_ip(host, &a);
	if (e < 0)
		return e;
	addr_set_port(&a, port);
	*ret = a;
	return NP_OK;
}

bool addr_is_hostname(np_str s)
{
	size_t label = 0;
	if (s.n == 0 || s.n > HOST_MAX)
		return false;
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];
		if (c == '.') {
			if (label == 0 || s.p[i - 1] == '-')
				return false;
			label = 0;
			continue;
		}
		bool alnum = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
			     (c >= '0' && c <= '9') || c == '_';
		if ((!alnum && (c != '-' || label == 0)) || ++label > LABEL_MAX)
			return false;
	}
	return label > 0 && s.p[s.n - 1] != '-';
}

/* ---- networks ----------------------------------------------------------------------------------- */

static uint8_t *ip_bytes(struct addr *a)
{
	return a->u.sa.sa_family == AF_INET ? (uint8_t *)&a->u.in.sin_addr
					    : a->u.in6.sin6_addr.s6_addr;
}

static bool host_bits_are_zero(const uint8_t *ip, size_t bits, size_t all)
{
	for (size_t i = bits; i < all; i++)
		if (ip[i / 8] & (0x80u >> (i % 8)))
			return false;
	return true;
}

np_err addr_cidr_parse(np_str s, struct addr_cidr *ret)
{
	np_str ip, len;
	struct addr_cidr c;
	bool has_len = str_cut(s, '/', &ip, &len);
	np_err e = addr_parse_ip(ip, &c.net);
	if (e < 0)
		return e;
	uint64_t all = c.net.u.sa.sa_family == AF_INET ? 32 : 128, bits = all;
	if (has_len && (len.n > 3 || str_to_u64(len, &bits) < 0))
		return NP_E_INVAL;
	if (bits > all)
		return NP_E_RANGE;
	if (!host_bits_are_zero(ip_bytes(&c.net), bits, all))
		return NP_E_INVAL;
	c.bits = (uint8_t)bits;
	*ret = c;
	return NP_OK;
}

bool addr_cidr_has(const struct addr_cidr *c, const struct addr *a)
{
	uint8_t net[16], ip[16];
	if (!to_mapped(&c->net, net) || !to_mapped(a, ip))
		return false;
	unsigned bits = c->bits + (c->net.u.sa.sa_family == AF_INET ? 96u : 0u);
	return in_net(ip, net, bits);
}
