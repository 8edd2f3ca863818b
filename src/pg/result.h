/* SPDX-License-Identifier: Apache-2.0 */
/* result.h - rows of one statement, typed.
 *
 * Floor 2 (pg). Binary results. Texts and bytes are borrowed from the result.
 * Row, column and type must be right (asserted: the statement is ours); the
 * getters of NULL yield 0 / empty / the id of zeros: ask pg_res_null first
 * where it matters.
 */
#pragma once
#include "pg/array.h"

struct pg_res;
void pg_res_free(struct pg_res *r);    /* NULL is fine */
void pg_res_free_p(struct pg_res **r); /* for NP_CLEANUP */
size_t pg_res_rows(const struct pg_res *r);
uint64_t pg_res_affected(const struct pg_res *r); /* rows changed by INSERT, UPDATE, DELETE */

bool pg_res_null(const struct pg_res *r, size_t row, size_t col);
int64_t pg_res_i64(const struct pg_res *r, size_t row,
		   size_t col); /* smallint, integer, bigint, xid8 */
double pg_res_f64(const struct pg_res *r, size_t row, size_t col); /* real, double precision */
bool pg_res_bool(const struct pg_res *r, size_t row, size_t col);
np_str pg_res_str(const struct pg_res *r, size_t row,
		  size_t col); /* text, name, bytea, jsonb, json */
/* µs since 1970; ±infinity as INT64_MAX and INT64_MIN. timestamptz. */
int64_t pg_res_time(const struct pg_res *r, size_t row, size_t col);
/* Untouched on NULL. */
void pg_res_uuid(const struct pg_res *r, size_t row, size_t col, uint8_t ret_id[16]);

/* smallint[], integer[], bigint[] without NULLs: copies at most `max`, yields how many there are. */
size_t pg_res_ints(const struct pg_res *r, size_t row, size_t col, int64_t *ret, size_t max);
/* text[], bytea[]: borrowed slices; NULL elements are empty. */
size_t pg_res_strs(const struct pg_res *r, size_t row, size_t col, np_str *ret, size_t max);
