/* SPDX-License-Identifier: Apache-2.0 */
#include "base/jsonw.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "base/clock.h"
#include "base/str.h"

enum { JSONW_DECIMALS_MAX = 15 };

void jsonw_init(struct jsonw *w, struct buf *out)
{
	*w = (struct jsonw){ .out = out };
}

/* What must stand before a value: nothing after a key, else a comma from the second on. */
static void before_value(struct jsonw *w)
{
	if (w->after_key) {
		w->after_key = false;
		return;
	}
	if (w->comma[w->depth])
		(void)buf_add_byte(w->out, ',');
	w->comma[w->depth] = true;
}

static void open_level(struct jsonw *w, char c)
{
	before_value(w);
	assert(w->depth + 1 < JSONW_DEPTH_MAX);
	w->comma[++w->depth] = false;
	(void)buf_add_byte(w->out, c);
}

static void close_level(struct jsonw *w, char c)
{
	assert(w->depth > 0 && !w->after_key);
	w->depth--;
	(void)buf_add_byte(w->out, c);
}

void jsonw_obj(struct jsonw *w)
{
	open_level(w, '{');
}

void jsonw_obj_end(struct jsonw *w)
{
	close_level(w, '}');
}

void jsonw_arr(struct jsonw *w)
{
	open_level(w, '[');
}

void jsonw_arr_end(struct jsonw *w)
{
	close_level(w, ']');
}

/* Short escape of an ASCII byte, or NULL. */
static const char *short_escape(uint32_t code)
{
	switch (code) {
	case '"':
		return "\\\"";
	case '\\':
		return "\\\\";
	case '\n':
		return "\\n";
	case '\r':
		return "\\r";
	case '\t':
		return "\\t";
	default:
		return NULL;
	}
}

static bool is_escaped(uint32_t code)
{
	return code < 0x20 || code == 0x7f || code == '<' || code == '>' || code == '&' ||
	       code == 0x2028 || code == 0x2029;
}

static void add_string(struct buf *out, np_str s)
{
	(void)buf_add_byte(out, '"');
	size_t plain = 0; /* bytes at the head that go out as they are */
	while (plain < s.n) {
		uint32_t code = 0;
		size_t n = str_utf8_next(str_sub(s, plain, s.n), &code);
		const char *esc = n > 0 ? short_escape(code) : NULL;
		if (n > 0 && !esc && !is_escaped(code)) {
			plain += n;
			continue;
		}
		(void)buf_add(out, str_sub(s, 0, plain));
		if (n == 0)
			(void)buf_add_c(out, "\xef\xbf\xbd"); /* U+FFFD */
		else if (esc)
			(void)buf_add_c(out, esc);
		else
			(void)buf_printf(out, "\\u%04" PRIx32, code);
		s = str_sub(s, plain + (n > 0 ? n : 1), s.n);
		plain = 0;
	}
	(void)buf_add(out, s);
	(void)buf_add_byte(out, '"');
}

void jsonw_key(struct jsonw *w, const char *key)
{
	assert(w->depth > 0 && !w->after_key);
	before_value(w);
	add_string(w->out, str_from_c(key));
	(void)buf_add_byte(w->out, ':');
	w->after_key = true;
}

void jsonw_str(struct jsonw *w, np_str s)
{
	before_value(w);
	add_string(w->out, s);
}

void jsonw_c(struct jsonw *w, const char *s)
{
	if (s)
		jsonw_str(w, str_from_c(s));
	else
		jsonw_null(w);
}

void jsonw_i64(struct jsonw *w, int64_t v)
{
	before_value(w);
	(void)buf_printf(w->out, "%" PRId64, v);
}

void jsonw_u64(struct jsonw *w, uint64_t v)
{
	before_value(w);
	(void)buf_printf(w->out, "%" PRIu64, v);
}

void jsonw_dbl(struct jsonw *w, double v, int decimals)
{
	if (!isfinite(v)) {
		jsonw_null(w);
		return;
	}
	assert(decimals >= 0 && decimals <= JSONW_DECIMALS_MAX);
	before_value(w);
	(void)buf_printf(w->out, "%.*f", decimals, v);
}

void jsonw_bool(struct jsonw *w, bool v)
{
	before_value(w);
	(void)buf_add_c(w->out, v ? "true" : "false");
}

void jsonw_null(struct jsonw *w)
{
	before_value(w);
	(void)buf_add_c(w->out, "null");
}

void jsonw_time(struct jsonw *w, int64_t wall_us)
{
	char text[CLOCK_RFC3339_MAX];
	if (wall_us == 0) {
		jsonw_null(w);
		return;
	}
	size_t n = clock_rfc3339(wall_us, text);
	jsonw_str(w, (np_str){ text, n });
}

void jsonw_uuid(struct jsonw *w, const uint8_t id[16])
{
	char text[36];
	str_uuid(id, text);
	jsonw_str(w, (np_str){ text, sizeof text });
}

void jsonw_raw(struct jsonw *w, np_str json)
{
	assert(json.n > 0);
	before_value(w);
	(void)buf_add(w->out, json);
}

void jsonw_kstr(struct jsonw *w, const char *key, np_str s)
{
	jsonw_key(w, key);
	jsonw_str(w, s);
}

void jsonw_kc(struct jsonw *w, const char *key, const char *s)
{
	jsonw_key(w, key);
	jsonw_c(w, s);
}

void jsonw_ki64(struct jsonw *w, const char *key, int64_t v)
{
	jsonw_key(w, key);
	jsonw_i64(w, v);
}

void jsonw_kbool(struct jsonw *w, const char *key, bool v)
{
	jsonw_key(w, key);
	jsonw_bool(w, v);
}

void jsonw_ktime(struct jsonw *w, const char *key, int64_t wall_us)
{
	jsonw_key(w, key);
	jsonw_time(w, wall_us);
}
