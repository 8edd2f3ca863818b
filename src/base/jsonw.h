/* SPDX-License-Identifier: Apache-2.0 */
/* jsonw.h - append-only JSON writer onto a buf.
 *
 * Floor 1 (base). Commas and escaping are its business; invalid UTF-8 in a
 * string becomes U+FFFD; `<`, `>`, `&`, U+2028/9 are escaped so that the text
 * may stand in HTML. Nesting is checked by assert (our bug), sizes by the buf.
 */
#pragma once
#include "base/buf.h"

#define JSONW_DEPTH_MAX 32

struct jsonw {
	struct buf *out;
	uint32_t depth;
	bool comma[JSONW_DEPTH_MAX]; /* per level: a value stands there already */
	bool after_key;
};

void jsonw_init(struct jsonw *w, struct buf *out);
void jsonw_obj(struct jsonw *w);     /* { */
void jsonw_obj_end(struct jsonw *w); /* } */
void jsonw_arr(struct jsonw *w);
void jsonw_arr_end(struct jsonw *w);
void jsonw_key(struct jsonw *w, const char *key);
void jsonw_str(struct jsonw *w, np_str s);
void jsonw_c(struct jsonw *w, const char *s); /* NULL writes null */
void jsonw_i64(struct jsonw *w, int64_t v);
void jsonw_u64(struct jsonw *w, uint64_t v);
void jsonw_dbl(struct jsonw *w, double v, int decimals); /* NaN, infinities: null */
void jsonw_bool(struct jsonw *w, bool v);
void jsonw_null(struct jsonw *w);
void jsonw_time(struct jsonw *w, int64_t wall_us); /* RFC 3339 string; 0 writes null */
void jsonw_uuid(struct jsonw *w, const uint8_t id[16]);
void jsonw_raw(struct jsonw *w, np_str json); /* a whole value, already JSON */
/* key + value in one call */
void jsonw_kstr(struct jsonw *w, const char *key, np_str s);
void jsonw_kc(struct jsonw *w, const char *key, const char *s);
void jsonw_ki64(struct jsonw *w, const char *key, int64_t v);
void jsonw_kbool(struct jsonw *w, const char *key, bool v);
void jsonw_ktime(struct jsonw *w, const char *key, int64_t wall_us);
