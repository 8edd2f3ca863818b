/* SPDX-License-Identifier: Apache-2.0 */
/* client.h - a raw client socket in the thread of the server's loop, for tests. */
#pragma once
#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "unit/t.h"

#include "base/buf.h"
#include "base/clock.h"
#include "net/addr.h"
#include "net/loop.h"

struct client {
	struct loop *l;
	struct addr at; /* of the server */
};

static inline int dial_raw(struct client *v)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(connect(fd, &v->at.u.sa, addr_len(&v->at)), 0);
	assert_int_equal(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
	return fd;
}

static inline void say(int fd, np_str text)
{
	while (text.n > 0) {
		ssize_t n = send(fd, text.p, text.n, MSG_NOSIGNAL);
		assert_true(n > 0);
		text = str_sub(text, (size_t)n, text.n);
	}
}

/* Collect until the answer ends with `tail` (NULL: until the end of the connection). */
static inline void hear(struct client *v, int fd, const char *tail, struct buf *out)
{
	int64_t until = clock_mono_ms() + T_PATIENCE_MS;
	while (clock_mono_ms() < until) {
		char *p;
		loop_run_for(v->l, 1);
		assert_ok(buf_reserve(out, 65536, &p));
		ssize_t n = recv(fd, p, 65536, 0);
		if (n > 0)
			buf_commit(out, (size_t)n);
		if (n == 0 || (n < 0 && errno == ECONNRESET)) {
			if (tail)
				break;
			return;
		}
		if (tail && str_ends(buf_str(out), str_from_c(tail)))
			return;
	}
	fail_msg("wanted …%s, got: %s", tail ? tail : "(end)", buf_c(out));
}

static inline void talk(struct client *v, const char *text, const char *tail, struct buf *out)
{
	int fd = dial_raw(v);
	buf_init(out, 8 << 20);
	say(fd, str_from_c(text));
	hear(v, fd, tail, out);
	close(fd);
}

static inline bool has(const struct buf *b, const char *text)
{
	return str_find(buf_str(b), str_from_c(text)) != SIZE_MAX;
}

static inline size_t count(const struct buf *b, const char *text)
{
	size_t n = 0;
	np_str rest = buf_str(b);
	for (size_t at; (at = str_find(rest, str_from_c(text))) != SIZE_MAX; n++)
		rest = str_sub(rest, at + 1, rest.n);
	return n;
}
