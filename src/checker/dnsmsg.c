/* SPDX-License-Identifier: Apache-2.0 */
#include "checker/dnsmsg.h"

#include <ares.h>
#include <arpa/inet.h>
#include <arpa/nameser.h>

#include "base/str.h"
#include "checker/say.h"

#define RR_FIXED 10 /* type, class, ttl, rdlength */

/* A position in the message; every step checks the end. */
struct pos {
	np_str msg;
	size_t at;
};

static uint16_t be16(const char *p)
{
	return (uint16_t)((unsigned)(unsigned char)p[0] << 8 | (unsigned char)p[1]);
}

static np_err skip_name(struct pos *p)
{
	while (p->at < p->msg.n) {
		unsigned len = (unsigned char)p->msg.p[p->at];
		if ((len & 0xc0) == 0xc0) {
			p->at += 2;
			return p->at <= p->msg.n ? NP_OK : NP_E_PROTO;
		}
		if (len & 0xc0)
			return NP_E_PROTO;
		p->at += 1 + (size_t)len;
		if (len == 0)
			return p->at <= p->msg.n ? NP_OK : NP_E_PROTO;
	}
	return NP_E_PROTO;
}

/* The name at `at`; compression pointers are c-ares' business. */
static np_str name_at(np_str msg, size_t at, struct arena *a)
{
	char *name = NULL;
	long used = 0;
	const unsigned char *base = (const unsigned char *)msg.p;
	if (at >= msg.n ||
	    ares_expand_name(base + at, base, (int)msg.n, &name, &used) != ARES_SUCCESS)
		return (np_str){ NULL, 0 };
	np_str s = say_clean(a, str_from_c(name), 1024);
	ares_free_string(name);
	char *p = s.n ? arena_alloc(a, s.n) : NULL;
	for (size_t i = 0; p && i < s.n; i++) {
		p[i] = s.p[i];
		if (p[i] >= 'A' && p[i] <= 'Z')
			p[i] = (char)(p[i] + 32);
	}
	return p ? (np_str){ p, s.n } : NP_STR(".");
}

static np_str txt_of(np_str data, struct arena *a)
{
	char *all = arena_alloc(a, data.n + 1);
	size_t n = 0;
	if (!all)
		return (np_str){ NULL, 0 };
	for (size_t at = 0; at < data.n;) {
		size_t len = (unsigned char)data.p[at++];
		if (len > data.n - at)
			return (np_str){ NULL, 0 };
		memcpy(all + n, data.p + at, len);
		n += len;
		at += len;
	}
	np_str s = say_clean(a, (np_str){ all, n }, DNSMSG_TEXT_MAX);
	return s.p ? s : NP_STR("");
}

/* Text of one record's data; {NULL,0} when it is malformed. */
static np_str text_of(np_str msg, size_t at, size_t len, uint16_t type, struct arena *a)
{
	char ip[INET6_ADDRSTRLEN];
	np_str name;
	switch (type) {
	case ns_t_a:
		if (len != 4 || !inet_ntop(AF_INET, msg.p + at, ip, sizeof ip))
			return (np_str){ NULL, 0 };
		return arena_str(a, str_from_c(ip));
	case ns_t_aaaa:
		if (len != 16 || !inet_ntop(AF_INET6, msg.p + at, ip, sizeof ip))
			return (np_str){ NULL, 0 };
		return arena_str(a, str_from_c(ip));
	case ns_t_mx:
		if (len < 3)
			return (np_str){ NULL, 0 };
		name = name_at(msg, at + 2, a);
		return name.p ? arena_printf(a, "%u %.*s", be16(msg.p + at), NP_FMT(name)) : name;
	case ns_t_txt:
		return txt_of(str_sub(msg, at, at + len), a);
	case ns_t_ns:
	case ns_t_cname:
		return name_at(msg, at, a);
	default:
		return (np_str){ NULL, 0 };
	}
}

static np_err read_record(struct pos *p, uint16_t type, struct arena *a, struct dnsmsg *m)
{
	if (skip_name(p) < 0 || p->msg.n - p->at < RR_FIXED)
		return NP_E_PROTO;
	uint16_t its = be16(p->msg.p + p->at), len = be16(p->msg.p + p->at + 8);
	p->at += RR_FIXED;
	if (len > p->msg.n - p->at)
		return NP_E_PROTO;
	size_t at = p->at;
	p->at += len;
	if (its != type)
		return NP_OK;
	if (m->n == DNSMSG_ANSWERS_MAX) {
		m->more = true;
		return NP_OK;
	}
	np_str text = text_of(p->msg, at, len, type, a);
	if (!text.p)
		return NP_E_PROTO;
	m->answer[m->n++] = text;
	return NP_OK;
}

/* Few answers: by insertion. */
static void sort(struct dnsmsg *m)
{
	for (size_t i = 1; i < m->n; i++)
		for (size_t k = i; k > 0 && str_cmp(m->answer[k - 1], m->answer[k]) > 0; k--) {
			np_str s = m->answer[k];
			m->answer[k] = m->answer[k - 1];
			m->answer[k - 1] = s;
		}
}

np_err dnsmsg_read(np_str msg, uint16_t type, struct arena *a, struct dnsmsg *ret)
{
	if (msg.n < NS_HFIXEDSZ || msg.n > UINT16_MAX)
		return NP_E_PROTO;
	struct pos p = { .msg = msg, .at = NS_HFIXEDSZ };
	*ret = (struct dnsmsg){ .rcode = (unsigned char)msg.p[3] & 0x0f };
	for (unsigned n = be16(msg.p + 4); n > 0; n--) {
		if (skip_name(&p) < 0 || msg.n - p.at < NS_QFIXEDSZ)
			return NP_E_PROTO;
		p.at += NS_QFIXEDSZ;
	}
	for (unsigned n = be16(msg.p + 6); n > 0; n--) {
		np_err e = read_record(&p, type, a, ret);
		if (e < 0)
			return e;
	}
	sort(ret);
	return NP_OK;
}

const char *dnsmsg_rcode_name(uint32_t rcode)
{
	static const char *const names[] = { "NOERROR",  "FORMERR", "SERVFAIL",
					     "NXDOMAIN", "NOTIMP",  "REFUSED" };
	return rcode < NP_LEN(names) ? names[rcode] : "an unknown code";
}
