/* SPDX-License-Identifier: Apache-2.0 */
/* shown.h - one result as the API shows it, out of memory or history.
 *
 * Floor 4 (web). Texts are borrowed from where it was read. Any thread.
 */
#pragma once
#include "base/jsonw.h"
#include "internal.pb-c.h"
#include "wire/chunk.h"

struct shown {
	uint32_t region, attempt;
	int64_t slot_us, duration_us, received_us;
	enum res_status status;
	enum res_class cls;
	np_str text;
	bool whole; /* came from history: with code, revision and phases */
	int32_t code;
	uint32_t revision;
	int64_t phase_us[RES_PHASE_N]; /* -1: did not happen */
};
struct shown shown_of_row(uint32_t region, const struct chunk_row *row);
struct shown shown_of_live(const Np__I1__LiveResult *r);
/* Newest first; of two tellings of one attempt the whole one comes first. */
int shown_cmp(const void *a, const void *b);
bool shown_is_same(const struct shown *a, const struct shown *b); /* the same attempt */
void shown_write(const struct shown *c, np_str region_name, struct jsonw *w);
const char *shown_phase_name(enum res_phase p); /* "first_byte_ms" */
