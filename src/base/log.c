/* SPDX-License-Identifier: Apache-2.0 */
#include "base/log.h"

#include <errno.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"

/* A line is one write of at most PIPE_BUF bytes, so that lines of threads and
 * processes that share a pipe do not mix. */
enum { LOG_LINE_MAX = 4096, LOG_VALUE_MAX = 1024 };

static const char *const level_names[] = {
	[NP_DEBUG] = "debug",
	[NP_INFO] = "info",
	[NP_WARN] = "warn",
	[NP_ERROR] = "error",
};

/* The one allowed global: set in main before there are threads. */
static struct {
	_Atomic(const char *) role;
	_Atomic(int) min;
	_Atomic(int) fd;
} log_sink = { .role = "netpulse", .min = NP_INFO, .fd = STDERR_FILENO };

void np_log_init(const char *role, enum np_log_level min)
{
	atomic_store(&log_sink.role, role);
	atomic_store(&log_sink.min, (int)min);
}

void np_log_fd(int fd)
{
	atomic_store(&log_sink.fd, fd);
}

bool np_log_on(enum np_log_level level)
{
	return (int)level >= atomic_load_explicit(&log_sink.min, memory_order_relaxed);
}

struct line {
	char p[LOG_LINE_MAX];
	size_t n;
};

/* What does not fit any more is dropped; a byte is kept for the newline. */
static void add(struct line *l, np_str s)
{
	size_t room = LOG_LINE_MAX - 1 - l->n;
	size_t n = s.n < room ? s.n : room;
	if (n > 0)
		memcpy(l->p + l->n, s.p, n);
	l->n += n;
}

static bool is_plain(np_str s)
{
	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];
		if (c <= ' ' || c >= 0x7f || c == '"' || c == '\\' || c == '=')
			return false;
	}
	return s.n > 0;
}

/* C0, C1, the separators that some viewers break lines at, and what turns text round. */
static bool is_hostile(uint32_t code)
{
	return code < 0x20 || (code >= 0x7f && code < 0xa0) || (code >= 0x2028 && code <= 0x202e) ||
	       (code >= 0x2066 && code <= 0x2069);
}

static void add_escaped(struct line *l, np_str s)
{
	char esc[16];
	while (s.n > 0) {
		uint32_t code = 0;
		size_t n = str_utf8_next(s, &code);
		if (n == 0) {
			n = 1;
			(void)snprintf(esc, sizeof esc, "\\x%02x",
				       (unsigned int)(unsigned char)s.p[0]);
			add(l, str_from_c(esc));
		} else if (code == '"' || code == '\\') {
			add(l, NP_STR("\\"));
			add(l, str_sub(s, 0, n));
		} else if (code == '\n') {
			add(l, NP_STR("\\n"));
		} else if (is_hostile(code)) {
			(void)snprintf(esc, sizeof esc, "\\u%04" PRIx32, code);
			add(l, str_from_c(esc));
		} else {
			add(l, str_sub(s, 0, n));
		}
		s = str_sub(s, n, s.n);
	}
}

static void add_text(struct line *l, np_str s)
{
	np_str shown = str_clip_utf8(s, LOG_VALUE_MAX);
	if (is_plain(shown) && shown.n == s.n) {
		add(l, shown);
		return;
	}
	add(l, NP_STR("\""));
	add_escaped(l, shown);
	if (shown.n < s.n)
		add(l, NP_STR("..."));
	add(l, NP_STR("\""));
}

static void add_kv(struct line *l, const struct np_kv *kv)
{
	char number[32];
	add(l, NP_STR(" "));
	add(l, str_from_c(kv->key));
	add(l, NP_STR("="));
	switch (kv->kind) {
	case NP_KV_STR:
		add_text(l, kv->v.s);
		return;
	case NP_KV_I64:
		(void)snprintf(number, sizeof number, "%" PRId64, kv->v.i);
		break;
	case NP_KV_U64:
		(void)snprintf(number, sizeof number, "%" PRIu64, kv->v.u);
		break;
	case NP_KV_DBL:
		(void)snprintf(number, sizeof number, "%.6g", kv->v.d);
		break;
	}
	add(l, str_from_c(number));
}

void np_log_kv(enum np_log_level level, const char *event, const struct np_kv *kv, size_t n)
{
	if (!np_log_on(level))
		return;
	int saved = errno; /* logging between a call and its errno must not matter */
	struct line l;
	char when[CLOCK_RFC3339_MAX];
	l.n = 0;
	(void)clock_rfc3339(clock_wall_us(), when);
	add(&l, NP_STR("time="));
	add(&l, str_from_c(when));
	add(&l, NP_STR(" level="));
	add(&l, str_from_c(level_names[level]));
	add(&l, NP_STR(" role="));
	add_text(&l, str_from_c(atomic_load(&log_sink.role)));
	add(&l, NP_STR(" event="));
	add_text(&l, str_from_c(event));
	for (size_t i = 0; i < n; i++)
		add_kv(&l, &kv[i]);
	l.p[l.n++] = '\n';
	/* Nowhere to report a failure of the log itself. */
	ssize_t written = write(atomic_load(&log_sink.fd), l.p, l.n);
	(void)written;
	errno = saved;
}
