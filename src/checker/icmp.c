/* SPDX-License-Identifier: Apache-2.0 */
#include "checker/icmp.h"

#include <errno.h>
#include <linux/icmp.h>
#include <netinet/icmp6.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/crypt.h"
#include "base/map.h"
#include "base/str.h"

#define ICMP_WAITS_MAX 20000
#define ICMP_HEAD 8
#define ICMP_TOKEN 8
#define ICMP_PACKET (ICMP_HEAD + ICMP_TOKEN + 40)
#define ICMP_READ_MAX 2048
#define ICMP_PER_TURN 256 /* packets read before others get their turn */

struct side {
	struct icmp *icmp;
	int family;
	int fd; /* -1: none */
	bool raw;
	struct loop_poll *poll;
};

struct icmp {
	struct side v4, v6;
	struct map *waits; /* by token */
	uint16_t id;
};

struct icmp_wait {
	struct icmp *icmp;
	struct side *side;
	struct addr to;
	uint64_t token;
	uint16_t seq;
	icmp_fn fn;
	void *ctx;
};

static uint16_t be16(const char *p)
{
	return (uint16_t)((unsigned)(unsigned char)p[0] << 8 | (unsigned char)p[1]);
}

static uint16_t checksum(const uint8_t *p, size_t n)
{
	uint32_t sum = 0;
	for (size_t i = 0; i + 1 < n; i += 2)
		sum += (uint32_t)p[i] << 8 | p[i + 1];
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

/* ---- packets ------------------------------------------------------------------------- */

static bool parse_echo(np_str icmp, struct icmp_heard *ret)
{
	if (icmp.n < ICMP_HEAD)
		return false;
	ret->id = be16(icmp.p + 4);
	ret->seq = be16(icmp.p + 6);
	ret->token = 0;
	if (icmp.n >= ICMP_HEAD + ICMP_TOKEN)
		memcpy(&ret->token, icmp.p + ICMP_HEAD, ICMP_TOKEN);
	return true;
}

static np_str skip_ip4(np_str packet)
{
	size_t head = packet.n ? ((unsigned char)packet.p[0] & 0x0fU) * 4 : 0;
	if (head < 20 || head > packet.n)
		return (np_str){ NULL, 0 };
	return str_sub(packet, head, packet.n);
}

/* An error quotes the packet it is about: is it an echo request of ours? */
static bool parse_quoted4(np_str quoted, struct icmp_heard *ret)
{
	np_str inner = skip_ip4(quoted);
	ret->err = EHOSTUNREACH;
	return inner.n >= ICMP_HEAD && (unsigned char)inner.p[0] == ICMP_ECHO &&
	       parse_echo(inner, ret);
}

static bool parse_quoted6(np_str quoted, struct icmp_heard *ret)
{
	np_str inner = str_sub(quoted, 40, quoted.n);
	ret->err = EHOSTUNREACH;
	return inner.n >= ICMP_HEAD && (unsigned char)inner.p[0] == ICMP6_ECHO_REQUEST &&
	       parse_echo(inner, ret);
}

bool icmp_parse(int family, bool raw, np_str packet, struct icmp_heard *ret)
{
	*ret = (struct icmp_heard){ 0 };
	if (family == AF_INET && raw)
		packet = skip_ip4(packet);
	if (packet.n < ICMP_HEAD)
		return false;
	unsigned type = (unsigned char)packet.p[0];
	np_str rest = str_sub(packet, ICMP_HEAD, packet.n);
	if (family == AF_INET) {
		if (type == ICMP_ECHOREPLY)
			return parse_echo(packet, ret);
		return (type == ICMP_DEST_UNREACH || type == ICMP_TIME_EXCEEDED) &&
		       parse_quoted4(rest, ret);
	}
	if (type == ICMP6_ECHO_REPLY)
		return parse_echo(packet, ret);
	return (type == ICMP6_DST_UNREACH || type == ICMP6_TIME_EXCEEDED) &&
	       parse_quoted6(rest, ret);
}

static void hear(struct side *s, np_str packet, const struct addr *from)
{
	struct icmp_heard h;
	if (!icmp_parse(s->family, s->raw, packet, &h) || h.token == 0)
		return;
	struct icmp_wait *w = map_get(s->icmp->waits, h.token);
	/* A reply must come from the one that was asked; an error may come from any router. */
	if (!w || w->side != s || (h.err == 0 && !addr_eq_ip(from, &w->to)))
		return;
	w->fn(w->ctx, h.err);
}

static void on_poll(void *ctx, int events)
{
	(void)events;
	struct side *s = ctx;
	char packet[ICMP_READ_MAX];
	for (int i = 0; i < ICMP_PER_TURN; i++) {
		struct sockaddr_storage ss;
		socklen_t len = sizeof ss;
		ssize_t n = recvfrom(s->fd, packet, sizeof packet, MSG_DONTWAIT,
				     (struct sockaddr *)&ss, &len);
		if (n < 0)
			return; /* EAGAIN, or an error that a router sent: the next send tells */
		struct addr from;
		addr_from_sa((struct sockaddr *)&ss, &from);
		hear(s, (np_str){ packet, (size_t)n }, &from);
	}
}

/* ---- sockets -------------------------------------------------------------------------- */

static int open_side(int family, int given, bool *ret_raw)
{
	int proto = family == AF_INET ? (int)IPPROTO_ICMP : (int)IPPROTO_ICMPV6;
	*ret_raw = true;
	if (given >= 0)
		return given;
	int fd = socket(family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, proto);
	if (fd >= 0) {
		*ret_raw = false;
		return fd;
	}
	return socket(family, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, proto);
}

/* Only what is for echo checks: a raw socket hears every ICMP packet of the machine. */
static void filter(const struct side *s)
{
	if (!s->raw)
		return;
	if (s->family == AF_INET) {
		struct icmp_filter f = { ~(1U << ICMP_ECHOREPLY | 1U << ICMP_DEST_UNREACH |
					   1U << ICMP_TIME_EXCEEDED) };
		(void)setsockopt(s->fd, SOL_RAW, ICMP_FILTER, &f, sizeof f);
		return;
	}
	struct icmp6_filter f;
	ICMP6_FILTER_SETBLOCKALL(&f);
	ICMP6_FILTER_SETPASS(ICMP6_ECHO_REPLY, &f);
	ICMP6_FILTER_SETPASS(ICMP6_DST_UNREACH, &f);
	ICMP6_FILTER_SETPASS(ICMP6_TIME_EXCEEDED, &f);
	(void)setsockopt(s->fd, IPPROTO_ICMPV6, ICMP6_FILTER, &f, sizeof f);
}

static np_err side_init(struct icmp *i, struct side *s, int family, int given, struct loop *l)
{
	*s = (struct side){ .icmp = i, .family = family };
	s->fd = open_side(family, given, &s->raw);
	if (s->fd < 0)
		return NP_OK;
	filter(s);
	np_err e = loop_poll_new(l, s->fd, on_poll, s, &s->poll);
	if (e == NP_OK)
		loop_poll_set(s->poll, LOOP_READ);
	return e;
}

np_err icmp_new(struct loop *l, int fd4, int fd6, struct icmp **ret_icmp)
{
	struct icmp *i = np_zalloc(sizeof *i);
	if (!i)
		return NP_E_NOMEM;
	i->v4.fd = i->v6.fd = -1;
	i->id = (uint16_t)rnd_u64();
	i->waits = map_new(ICMP_WAITS_MAX);
	np_err e = i->waits ? side_init(i, &i->v4, AF_INET, fd4, l) : NP_E_NOMEM;
	if (e == NP_OK)
		e = side_init(i, &i->v6, AF_INET6, fd6, l);
	if (e < 0) {
		icmp_free(i);
		return e;
	}
	*ret_icmp = i;
	return NP_OK;
}

void icmp_free(struct icmp *i)
{
	if (!i)
		return;
	loop_poll_free(i->v4.poll);
	loop_poll_free(i->v6.poll);
	np_close_fd(&i->v4.fd);
	np_close_fd(&i->v6.fd);
	map_free(i->waits, NULL);
	free(i);
}

static const struct side *side_of(const struct icmp *i, int family)
{
	return family == AF_INET6 ? &i->v6 : &i->v4;
}

bool icmp_can(const struct icmp *i, int family)
{
	return side_of(i, family)->fd >= 0;
}

np_err icmp_wait_new(struct icmp *i, const struct addr *to, icmp_fn fn, void *ctx,
		     struct icmp_wait **ret_wait)
{
	struct icmp_wait *w = np_zalloc(sizeof *w);
	if (!w)
		return NP_E_NOMEM;
	*w = (struct icmp_wait){ .icmp = i, .to = *to, .fn = fn, .ctx = ctx };
	w->side = to->u.sa.sa_family == AF_INET6 ? &i->v6 : &i->v4;
	addr_set_port(&w->to, 0);
	do
		w->token = rnd_u64();
	while (w->token == 0 || map_get(i->waits, w->token));
	np_err e = map_put(i->waits, w->token, w, NULL);
	if (e < 0) {
		free(w);
		return e;
	}
	*ret_wait = w;
	return NP_OK;
}

int icmp_send(struct icmp_wait *w)
{
	uint8_t p[ICMP_PACKET] = { 0 };
	p[0] = w->to.u.sa.sa_family == AF_INET ? ICMP_ECHO : ICMP6_ECHO_REQUEST;
	p[4] = (uint8_t)(w->icmp->id >> 8);
	p[5] = (uint8_t)w->icmp->id;
	p[6] = (uint8_t)(w->seq >> 8);
	p[7] = (uint8_t)w->seq;
	w->seq++;
	memcpy(p + ICMP_HEAD, &w->token, ICMP_TOKEN);
	if (w->to.u.sa.sa_family == AF_INET) { /* the kernel does ICMPv6's, and ping sockets' */
		uint16_t sum = checksum(p, sizeof p);
		p[2] = (uint8_t)(sum >> 8);
		p[3] = (uint8_t)sum;
	}
	if (sendto(w->side->fd, p, sizeof p, MSG_DONTWAIT, &w->to.u.sa, addr_len(&w->to)) >= 0)
		return 0;
	return errno == EAGAIN ? 0 : errno; /* a full queue is a lost packet */
}

void icmp_wait_free(struct icmp_wait *w)
{
	if (!w)
		return;
	(void)map_del(w->icmp->waits, w->token);
	free(w);
}
