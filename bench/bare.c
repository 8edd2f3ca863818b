/* SPDX-License-Identifier: Apache-2.0 */
#include "bare.h"

#include <errno.h>
#include <netinet/ip_icmp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/str.h"

struct one {
	int fd;
	bool said;
};
struct bare {
	struct bare_cfg cfg;
	int epoll;
	np_str words;
	struct one *one;
	struct bare_count n;
};

static const char get[] = "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n";
/* An A query for "bench.test". */
static const char query[] = "\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x05"
			    "bench\x04test\x00\x00\x01\x00\x01";
static const struct icmphdr echo = { .type = ICMP_ECHO };

static np_str words_of(enum mon_kind kind)
{
	switch (kind) {
	case MON_HTTP:
		return (np_str){ get, sizeof get - 1 };
	case MON_DNS:
		return (np_str){ query, sizeof query - 1 };
	case MON_ICMP:
		return (np_str){ (const char *)&echo, sizeof echo };
	case MON_TCP:
	case MON_TLS:
	case MON_KIND_N:
		break;
	}
	return NP_STR("");
}

static int open_one(const struct bare *b)
{
	int type = b->cfg.kind == MON_DNS || b->cfg.kind == MON_ICMP ? SOCK_DGRAM : SOCK_STREAM;
	int proto = b->cfg.kind == MON_ICMP ? IPPROTO_ICMP : 0;
	int fd = socket(AF_INET, type | SOCK_NONBLOCK | SOCK_CLOEXEC, proto);
	if (fd < 0 && b->cfg.kind == MON_ICMP) /* as root: a raw one */
		fd = socket(AF_INET, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, proto);
	return fd;
}

static void begin(struct bare *b, size_t i)
{
	struct epoll_event ev = { .events = EPOLLOUT, .data.u64 = i };
	struct one *o = &b->one[i];
	o->said = false;
	o->fd = open_one(b);
	if (o->fd < 0 ||
	    (connect(o->fd, &b->cfg.to.u.sa, addr_len(&b->cfg.to)) < 0 && errno != EINPROGRESS) ||
	    epoll_ctl(b->epoll, EPOLL_CTL_ADD, o->fd, &ev) < 0)
		b->n.failed++;
}

static void end(struct bare *b, size_t i, bool ok)
{
	(void)close(b->one[i].fd);
	b->n.done += ok;
	b->n.failed += !ok;
	begin(b, i);
}

static void on_event(struct bare *b, size_t i)
{
	struct epoll_event ev = { .events = EPOLLIN, .data.u64 = i };
	struct one *o = &b->one[i];
	char answer[4096];
	if (!o->said && b->words.n == 0) {
		int err = 0;
		socklen_t len = sizeof err;
		(void)getsockopt(o->fd, SOL_SOCKET, SO_ERROR, &err, &len);
		end(b, i, err == 0);
	} else if (!o->said) {
		o->said = true;
		if (send(o->fd, b->words.p, b->words.n, MSG_NOSIGNAL) < 0 ||
		    epoll_ctl(b->epoll, EPOLL_CTL_MOD, o->fd, &ev) < 0)
			end(b, i, false);
	} else {
		ssize_t n = recv(o->fd, answer, sizeof answer, 0);
		if (n >= 0 || errno != EAGAIN)
			end(b, i, n > 0);
	}
}

np_err bare_run(const struct bare_cfg *cfg, struct bare_count *ret)
{
	struct bare b = { .cfg = *cfg, .words = words_of(cfg->kind) };
	struct epoll_event ev[64];
	if (cfg->concurrency > BARE_MAX)
		return NP_E_RANGE;
	b.one = np_calloc(cfg->concurrency, sizeof *b.one);
	b.epoll = epoll_create1(EPOLL_CLOEXEC);
	if (!b.one || b.epoll < 0) {
		free(b.one);
		return NP_E_NOMEM;
	}
	for (size_t i = 0; i < cfg->concurrency; i++)
		begin(&b, i);
	while (clock_mono_ms() < cfg->until_ms) {
		int n = epoll_wait(b.epoll, ev, NP_LEN(ev), 100);
		for (int i = 0; i < n; i++)
			on_event(&b, ev[i].data.u64);
	}
	for (size_t i = 0; i < cfg->concurrency; i++)
		(void)close(b.one[i].fd);
	(void)close(b.epoll);
	free(b.one);
	*ret = b.n;
	return NP_OK;
}
