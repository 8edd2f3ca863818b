/* SPDX-License-Identifier: Apache-2.0 */
/* clock.h - the two clocks, and times as people write them.
 *
 * Floor 1 (base). `mono` for waiting and deadlines, `wall` for rows, slots and
 * people. Formatting is UTC only and uses no C library state. Any thread.
 */
#pragma once
#include "base/np.h"

int64_t clock_wall_us(void); /* µs since 1970 UTC */
int64_t clock_mono_us(void); /* µs of CLOCK_MONOTONIC */
int64_t clock_mono_ms(void);

#define CLOCK_RFC3339_MAX 32
/* "2026-03-01T12:00:00.123456Z" (fraction left out when 0); NUL-terminated, yields length. */
size_t clock_rfc3339(int64_t wall_us, char ret[CLOCK_RFC3339_MAX]);
/* Accepts fraction and numeric offset (RFC 3339); NP_E_INVAL else. */
NP_NODISCARD np_err clock_from_rfc3339(np_str s, int64_t *ret_us);
/* "12:01:07" UTC, NUL-terminated. */
void clock_hms(int64_t wall_us, char ret[9]);
struct clock_date {
	int year, month, day;
};                                                /* month 1..12 */
struct clock_date clock_date_of(int64_t wall_us); /* UTC */
int64_t clock_day_start_us(int64_t wall_us);      /* UTC midnight at or before */
