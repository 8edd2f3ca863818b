/* SPDX-License-Identifier: Apache-2.0 */
/* target.h - targets by kind: URL, host:port, host, name. Never resolves anything.
 *
 * Floor 2 (core). Pure text; the parts are borrowed from the input. Any thread.
 */
#pragma once
#include "core/monitor.h"

#define TGT_MAX 2048
#define TGT_HOST_MAX 253

struct tgt {
	bool tls;   /* https, or kind tls */
	bool is_ip; /* host is an IPv4 or IPv6 literal (brackets removed) */
	np_str host;
	uint16_t port; /* http: 80 or 443 unless given; tls: 443 unless given; icmp, dns: 0 */
	np_str path;   /* http: "/path?query" as written, "" when absent; no fragment */
};

/* Refused: NP_E_INVAL, and *ret_why is one constant sentence ("needs a port, as in host:443").
 * http: http:// or https:// with a host, no credentials, no fragment; tcp: host:port;
 * tls: host[:port]; icmp: host; dns: a name (may end in a dot, may have _labels).
 * Non-ASCII host names are refused: write them as xn--. */
NP_NODISCARD np_err tgt_parse(enum mon_kind kind, np_str text, struct tgt *ret,
			      const char **ret_why);
/* What somebody who writes only this most likely wants to watch: a URL is http, host:port tcp, a
 * name with a path http again (*ret_https: "https://" belongs before it), all else icmp. */
enum mon_kind tgt_guess(np_str text, bool *ret_https);
/* Letters, digits, '-', '_' in labels of 1..63, at most 253 in all; or an IP literal. */
bool tgt_is_host(np_str host);
bool tgt_is_ipv4(np_str s);
bool tgt_is_ipv6(np_str s); /* without brackets, no zone */
