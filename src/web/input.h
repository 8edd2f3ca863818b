/* SPDX-License-Identifier: Apache-2.0 */
/* input.h - what people send, taken apart strictly.
 *
 * Floor 4 (web). What is wrong becomes an entry of q->problems, so that an
 * answer names every wrong field at once. Worker thread.
 */
#pragma once
#include "web/req.h"

/* i-th path parameter as id; NP_E_NOTFOUND when it is none. */
NP_NODISCARD np_err in_id(struct wreq *q, size_t i, uint8_t ret_id[16]);
/* JSON text -> object without duplicate keys, NULs, trailing garbage. NULL and a sentence else;
 * the caller frees. */
json_t *in_parse(np_str text, struct buf *why);
/* A member of the body: NULL when absent or null. */
const json_t *in_member(const struct wreq *q, const char *name);
/* Problems for members of the body that are not in `names` (space-separated). */
void in_only(struct wreq *q, const char *names);
struct in_text {
	const char *name;
	size_t min, max; /* bytes; min 0: may be absent */
};
/* Text member: a problem when it is missing, no text, of wrong length, or has control bytes. */
np_str in_text(struct wreq *q, struct in_text t);
/* Query parameter in RFC 3339; absent: *ret_us stays. False: a problem was added. */
bool in_time(struct wreq *q, const char *name, int64_t *ret_us);
/* Query parameter as a number from min to max; absent: `fallback`. */
int64_t in_number(struct wreq *q, const char *name, const int64_t min_max[2], int64_t fallback);
/* Query parameter that is one of the space-separated `names`; "" when absent or wrong. */
np_str in_choice(struct wreq *q, const char *name, const char *names);
/* Query parameter of at most max bytes; "" when absent. */
np_str in_query(struct wreq *q, const char *name, size_t max);
/* Is `name` one of the space-separated `names`? */
bool in_is_one_of(const char *names, np_str name);
/* Query parameters that the route does not know: problems. Any thread that has q. */
void in_query_only(struct wreq *q, const char *names);
/* JSON as text in the arena; {NULL,0} on no memory. */
np_str in_dump(struct wreq *q, const json_t *value);
