/* SPDX-License-Identifier: Apache-2.0 */
/* addr.h - internet addresses: parse, print, classify, and the guard over them.
 *
 * Floor 2 (net). Classes are those of the socket address really used, never of
 * a host name or its spelling: text such as `127.1` or `0x7f.1` means nothing
 * here. Addresses that embed an IPv4 address (mapped, NAT64, 6to4, …) take the
 * class of what they embed. Pure, except addr_own_load. Any thread.
 */
#pragma once
#include <netinet/in.h>
#include <sys/socket.h>

#include "base/np.h"

#define ADDR_TEXT_MAX 64 /* "[v6%scope]:port" and NUL */

/* IPv4 or IPv6 with port. All-zero: no address (family AF_UNSPEC). */
struct addr {
	union {
		struct sockaddr sa;
		struct sockaddr_in in;
		struct sockaddr_in6 in6;
	} u;
};

enum addr_class {
	ADDR_PUBLIC,
	ADDR_PRIVATE,   /* 10/8, 172.16/12, 192.168/16, fc00::/7 */
	ADDR_LOOPBACK,  /* 127/8, ::1 */
	ADDR_LINKLOCAL, /* 169.254/16 (metadata services), fe80::/10 */
	ADDR_CGNAT,     /* 100.64/10 */
	ADDR_MULTICAST, /* 224/4, ff00::/8 */
	ADDR_RESERVED,  /* 0/8, 240/4, broadcast, documentation, benchmarks, ::, … */
	ADDR_OWN,       /* public form, but configured on this machine */
	ADDR_CLASS_N,
};

/* Addresses of this machine's interfaces; reload now and then. */
#define ADDR_OWN_MAX 256
struct addr_own {
	struct addr list[ADDR_OWN_MAX];
	size_t n;
};
NP_NODISCARD np_err addr_own_load(struct addr_own *ret); /* not on a hot path */

enum addr_class addr_class(const struct sockaddr *sa,
			   const struct addr_own *own); /* own: or NULL */
const char *addr_class_name(enum addr_class c);         /* "link-local" */

struct addr_policy {
	bool private_ok;            /* private, loopback, cgnat and own are fine too */
	const struct addr_own *own; /* may be NULL */
};
/* May a check or a notice connect there? Multicast, reserved and link-local: never.
 * `ret_class` may be NULL; it tells the reason of a refusal. */
bool addr_allowed(const struct sockaddr *sa, const struct addr_policy *pol,
		  enum addr_class *ret_class);

/* Numeric address without port: dotted quad of four decimals, or IPv6 (also in brackets). */
NP_NODISCARD np_err addr_parse_ip(np_str s, struct addr *ret);
/* "1.2.3.4:80", "[::1]:80" -> numeric; NP_E_INVAL else. */
NP_NODISCARD np_err addr_parse(np_str s, struct addr *ret);
/* "host:port" or "[v6]:port" cut into its parts: host without brackets. */
NP_NODISCARD np_err addr_split(np_str s, np_str *ret_host, uint16_t *ret_port);
/* A host name as DNS and certificates have it: labels of letters, digits, - and _; no trailing
 * dot; <= 253. */
bool addr_is_hostname(np_str s);
void addr_from_sa(const struct sockaddr *sa, struct addr *ret); /* other families: all-zero */
socklen_t addr_len(const struct addr *a);
uint16_t addr_port(const struct addr *a);
void addr_set_port(struct addr *a, uint16_t port);
bool addr_eq_ip(const struct addr *a, const struct addr *b); /* ports aside; mapped v4 = v4 */
/* NUL-terminated; yields the length. "-" for no address. */
size_t addr_print_ip(const struct addr *a, char ret[ADDR_TEXT_MAX]);
size_t addr_print(const struct addr *a, char ret[ADDR_TEXT_MAX]); /* with port */

/* "10.0.0.0/8", "2001:db8::/32"; a plain address is its own /32 or /128. Host bits must be 0. */
struct addr_cidr {
	struct addr net;
	uint8_t bits;
};
NP_NODISCARD np_err addr_cidr_parse(np_str s, struct addr_cidr *ret);
bool addr_cidr_has(const struct addr_cidr *c, const struct addr *a);
