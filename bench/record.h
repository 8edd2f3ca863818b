/* SPDX-License-Identifier: Apache-2.0 */
/* record.h - fixed-size rows that a program of the bench leaves for its driver.
 *
 * Native byte order: written and read on one machine. Kept in memory, written at
 * the end, so that measuring writes no disk. One thread.
 */
#pragma once
#include "base/np.h"

#define RECORD_ROWS_MAX ((size_t)64 * 1000 * 1000)

/* One acked batch of a worker (netpulse-load). */
struct record_ack {
	uint64_t checker, epoch, first_seq;
	uint32_t shard, count;
	int64_t end_us; /* end of its newest check, wall */
	int64_t ack_us; /* when the answer was read, wall */
};
/* One result seen on the event stream (netpulse-watch). */
struct record_seen {
	int64_t end_us, seen_us;
	int64_t received_us, folded_us, duration_us;
};
struct record {
	size_t row, n, cap; /* bytes of a row; rows */
	char *rows;
};
void record_init(struct record *r, size_t row_size);
void record_done(struct record *r);
NP_NODISCARD np_err record_add(struct record *r, const void *row);
NP_NODISCARD np_err record_write(const struct record *r, const char *path);
