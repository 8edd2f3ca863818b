/* SPDX-License-Identifier: Apache-2.0 */
/* log.h - one event, one line of key=value, on standard error.
 *
 * Floor 1 (base). The sink (role name, level, format) is the one allowed
 * global; set once in main. Values are quoted and escaped: no input can forge
 * a line. Roles log; rooms below them return errors instead. Any thread.
 */
#pragma once
#include "base/np.h"

enum np_log_level { NP_DEBUG, NP_INFO, NP_WARN, NP_ERROR };

struct np_kv {
	const char *key;
	enum { NP_KV_STR, NP_KV_I64, NP_KV_U64, NP_KV_DBL } kind;
	union {
		np_str s;
		int64_t i;
		uint64_t u;
		double d;
	} v;
};
#define KV_STR(k, val) ((struct np_kv){ .key = (k), .kind = NP_KV_STR, .v.s = (val) })
#define KV_C(k, val) ((struct np_kv){ .key = (k), .kind = NP_KV_STR, .v.s = str_from_c(val) })
#define KV_I64(k, val) ((struct np_kv){ .key = (k), .kind = NP_KV_I64, .v.i = (val) })
#define KV_U64(k, val) ((struct np_kv){ .key = (k), .kind = NP_KV_U64, .v.u = (val) })
#define KV_DBL(k, val) ((struct np_kv){ .key = (k), .kind = NP_KV_DBL, .v.d = (val) })
#define KV_ERR(val) \
	((struct np_kv){ .key = "err", .kind = NP_KV_STR, .v.s = str_from_c(np_err_text(val)) })

/* `role` must outlive the process's logging (a literal). */
void np_log_init(const char *role, enum np_log_level min);
/* Another descriptor than standard error (tests, a log file); borrowed. */
void np_log_fd(int fd);
bool np_log_on(enum np_log_level level);
/* time=… level=… role=… event=checker.connected key=value … */
void np_log_kv(enum np_log_level level, const char *event, const struct np_kv *kv, size_t n);
#define np_log(level, event, ...)                                          \
	np_log_kv((level), (event), (const struct np_kv[]){ __VA_ARGS__ }, \
		  sizeof((const struct np_kv[]){ __VA_ARGS__ }) / sizeof(struct np_kv))
/* An event without values. */
#define np_log_event(level, event) np_log_kv((level), (event), NULL, 0)
#include "base/str.h" /* str_from_c for the macros above */
