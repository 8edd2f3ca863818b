/* SPDX-License-Identifier: Apache-2.0 */
/* params.h - the parameters of one statement, typed, in PostgreSQL's binary format.
 *
 * Floor 2 (pg). Caller's storage, append only; one builder, one thread. The
 * n-th call adds $n. A failure (no memory, too many) is remembered and shows
 * in pg_params_failed, and in the call that sends them. Values are copied.
 */
#pragma once
#include "pg/array.h"

#define PG_PARAMS_MAX 48
#define PG_PARAMS_BYTES_MAX ((size_t)64 * 1024 * 1024) /* of one statement */

struct pg_param {
	uint32_t oid;
	int32_t len; /* -1: NULL */
	size_t off;
};
struct pg_params {
	struct buf bytes;
	size_t n;
	np_err err;
	struct pg_param at[PG_PARAMS_MAX];
};

void pg_params_init(struct pg_params *p);
void pg_params_done(struct pg_params *p);  /* frees; usable with NP_CLEANUP */
void pg_params_reset(struct pg_params *p); /* empty again, keeps the memory */
NP_NODISCARD np_err pg_params_failed(const struct pg_params *p);

void pg_params_null(struct pg_params *p, enum pg_type type);
void pg_params_i64(struct pg_params *p, int64_t v); /* bigint */
void pg_params_i32(struct pg_params *p, int32_t v); /* integer */
void pg_params_i16(struct pg_params *p, int16_t v); /* smallint */
void pg_params_f64(struct pg_params *p, double v);
void pg_params_bool(struct pg_params *p, bool v);
void pg_params_text(struct pg_params *p, np_str v);
void pg_params_c(struct pg_params *p, const char *v); /* text; NULL is NULL */
void pg_params_bytea(struct pg_params *p, np_str v);
void pg_params_jsonb(struct pg_params *p, np_str json);
void pg_params_uuid(struct pg_params *p, const uint8_t id[16]);
/* µs since 1970; INT64_MIN and INT64_MAX are -infinity and infinity. */
void pg_params_time(struct pg_params *p, int64_t wall_us);
/* A copy of the array as it stands; the array stays the caller's. */
void pg_params_array(struct pg_params *p, const struct pg_array *a);
