/* SPDX-License-Identifier: Apache-2.0 */
/* series.h - many results made into at most so many columns.
 *
 * Floor 4 (web). Short ranges come from single results: percentiles are exact,
 * phases are means. Long ones come from roll-ups: percentiles of merged
 * histograms. Pure, but for memory. Worker thread.
 */
#pragma once
#include "base/jsonw.h"
#include "core/histogram.h"
#include "core/result.h"

#define SERIES_POINTS_MAX 2000
#define SERIES_REGIONS_MAX 16
#define SERIES_SAMPLES_MAX 2000000

struct series;
struct series_cfg {
	int64_t from_us, step_us;
	uint32_t points;
	const uint32_t *region; /* numbers; at most SERIES_REGIONS_MAX */
	uint32_t region_n;
	bool phases; /* single results will come, with phases */
};
NP_NODISCARD struct series *series_new(const struct series_cfg *cfg);
void series_free(struct series *s);
void series_free_p(struct series **s);

/* One result, in any order. Not mixed with roll-ups. NP_E_LIMIT past SERIES_SAMPLES_MAX. */
NP_NODISCARD np_err series_add(struct series *s, uint32_t region, const struct res_record *r);
struct series_rollup {
	int64_t at_us;
	int64_t passes, fail, unknown;
	uint32_t n;
	const uint32_t *region;
	const struct hist *hist; /* aligned with region */
};
/* Rows in order of time. */
NP_NODISCARD np_err series_add_rollup(struct series *s, const struct series_rollup *row);
void series_end(struct series *s); /* everything was added */

/* Members of the object that is open in w: n, step_s, p50_ms …, phases, regions, summary. */
void series_write(const struct series *s, const np_str *region_name, struct jsonw *w);
