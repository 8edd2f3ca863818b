/* SPDX-License-Identifier: Apache-2.0 */
#include "base/clock.h"
#include "base/str.h"
#include "core/monitor.h"
#include "web/api.h"
#include "web/input.h"
#include "web/series.h"
#include "web/past.h"
#include "web/store_monitor.h"
#include "wire/chunk.h"
#include "wire/rhist.h"

#define RAW_RANGE_US (2 * NP_DAY_US)   /* up to here single results are read */
#define FIVE_RANGE_US (14 * NP_DAY_US) /* up to here five-minute rows */
#define RANGE_MAX_US (400 * NP_DAY_US)
#define BANDS_MAX 1000

struct chart {
	struct sth_monitor monitor;
	struct sth_range range;
	int64_t step_us;
	uint32_t points;
	uint32_t region[SERIES_REGIONS_MAX];
	np_str region_name[SERIES_REGIONS_MAX];
	uint32_t region_n;
	struct stm_regions known;
	struct hist hist[SERIES_REGIONS_MAX]; /* of one row */
};

static void read_query(struct wreq *q, struct chart *k)
{
	static const int64_t points[2] = { 1, SERIES_POINTS_MAX };
	int64_t now = clock_wall_us(), n = in_number(q, "points", points, 300);
	k->range.to_us = now;
	(void)in_time(q, "to", &k->range.to_us);
	k->range.from_us = k->range.to_us - NP_DAY_US;
	(void)in_time(q, "from", &k->range.from_us);
	if (k->range.to_us > now + NP_DAY_US)
		k->range.to_us = now;
	int64_t span = k->range.to_us - k->range.from_us;
	if (span < NP_SEC_US || span > RANGE_MAX_US) {
		problem_add(&q->problems, "", "from", "must be 1 s to 400 days before `to`");
		return;
	}
	/* Whole seconds, on a grid of the step, so that a chart does not shiver as time goes on. */
	int64_t least = span > RAW_RANGE_US ? (span > FIVE_RANGE_US ? NP_HOUR_US : 5 * NP_MIN_US)
					    : NP_SEC_US;
	k->step_us = (span + n - 1) / n;
	k->step_us = (k->step_us + least - 1) / least * least;
	k->range.from_us -= k->range.from_us % k->step_us;
	int64_t columns = (k->range.to_us - k->range.from_us + k->step_us - 1) / k->step_us;
	if (columns > n) { /* the grid began one earlier */
		k->range.from_us += (columns - n) * k->step_us;
		columns = n;
	}
	k->points = (uint32_t)columns;
}

static np_err read_regions(struct wreq *q, struct pg_conn *c, struct chart *k)
{
	const struct sth_monitor *m = &k->monitor;
	np_err e = stm_regions(c, q->arena, &k->known);
	if (e < 0)
		return e;
	for (size_t i = 0; i < m->region_n && i < SERIES_REGIONS_MAX; i++) {
		k->region[i] = m->region[i];
		for (size_t n = 0; n < k->known.n; n++)
			if (k->known.number[n] == m->region[i])
				k->region_name[i] = k->known.name[n];
		k->region_n++;
	}
	return NP_OK;
}

static np_err add_chunk(struct series *s, uint32_t region, np_str packed)
{
	struct chunk_iter it;
	struct chunk_row row;
	np_err e = NP_OK;
	if (chunk_open(packed, &it) < 0)
		return NP_OK; /* damaged: a hole in the chart, and not the end of it */
	while (e == NP_OK && chunk_next(&it, &row))
		e = series_add(s, region, &row.r);
	return e;
}

static np_err fill_raw(struct pg_conn *c, const struct chart *k, struct series *s)
{
	struct sth_range r = k->range;
	r.limit = STH_CHUNKS_MAX;
	NP_CLEANUP(pg_res_free_p) struct pg_res *rows = NULL;
	np_err e = sth_chunks(c, &r, &rows);
	for (size_t i = 0; e == NP_OK && i < pg_res_rows(rows); i++)
		e = add_chunk(s, (uint32_t)pg_res_i64(rows, i, 0), pg_res_str(rows, i, 2));
	return e;
}

static np_err fill_rolled(struct pg_conn *c, struct chart *k, struct series *s)
{
	struct sth_range r = k->range;
	r.limit = STH_ROLLUPS_MAX;
	NP_CLEANUP(pg_res_free_p) struct pg_res *rows = NULL;
	np_err e = sth_rollups(c, &r, r.to_us - r.from_us > FIVE_RANGE_US, &rows);
	for (size_t i = 0; e == NP_OK && i < pg_res_rows(rows); i++) {
		uint32_t region[SERIES_REGIONS_MAX];
		struct series_rollup row = {
			.at_us = pg_res_time(rows, i, 0),
			.passes = pg_res_i64(rows, i, 1),
			.fail = pg_res_i64(rows, i, 2),
			.unknown = pg_res_i64(rows, i, 3),
			.region = region,
			.hist = k->hist,
		};
		np_str rest = pg_res_str(rows, i, 4);
		while (row.n < SERIES_REGIONS_MAX &&
		       rhist_next(&rest, &region[row.n], &k->hist[row.n]) == NP_OK)
			row.n++;
		e = series_add_rollup(s, &row);
	}
	return e;
}

static np_err write_bands(struct wreq *q, struct pg_conn *c, const struct chart *k)
{
	struct jsonw *w = &q->json;
	struct sth_range r = k->range;
	r.limit = BANDS_MAX;
	NP_CLEANUP(pg_res_free_p) struct pg_res *rows = NULL;
	np_err e = sth_incidents(c, &r, &rows);
	if (e < 0)
		return e;
	jsonw_key(w, "incidents");
	jsonw_arr(w);
	for (size_t i = 0; i < pg_res_rows(rows); i++) {
		uint8_t id[16];
		pg_res_uuid(rows, i, 0, id);
		jsonw_obj(w);
		jsonw_key(w, "id");
		jsonw_uuid(w, id);
		jsonw_ktime(w, "opened_at", pg_res_time(rows, i, 1));
		jsonw_ktime(w, "closed_at", pg_res_null(rows, i, 2) ? 0 : pg_res_time(rows, i, 2));
		jsonw_kstr(w, "why", pg_res_str(rows, i, 3));
		jsonw_obj_end(w);
	}
	jsonw_arr_end(w);
	return NP_OK;
}

static np_err write_uptime(struct wreq *q, struct pg_conn *c, const struct chart *k)
{
	int64_t now = clock_wall_us();
	struct sth_range r = k->range;
	if (r.from_us < k->monitor.created_us)
		r.from_us = k->monitor.created_us;
	if (r.to_us > now)
		r.to_us = now;
	if (r.to_us < r.from_us)
		r.to_us = r.from_us;
	NP_CLEANUP(past_done) struct past s = { 0 };
	np_err e = past_load(c, &r, &s);
	if (e < 0)
		return e;
	jsonw_key(&q->json, "uptime");
	return past_write(&s, &(struct past_window){ NULL, r.from_us, r.to_us }, &q->json);
}

static np_err draw(struct wreq *q, struct pg_conn *c, struct chart *k)
{
	bool raw = k->range.to_us - k->range.from_us <= RAW_RANGE_US + k->step_us;
	const struct series_cfg cfg = { .from_us = k->range.from_us,
					.step_us = k->step_us,
					.points = k->points,
					.region = k->region,
					.region_n = k->region_n,
					.phases = raw };
	NP_CLEANUP(series_free_p) struct series *s = series_new(&cfg);
	if (!s)
		return NP_E_NOMEM;
	np_err e = raw ? fill_raw(c, k, s) : fill_rolled(c, k, s);
	if (e < 0)
		return e;
	series_end(s);
	struct jsonw *w = &q->json;
	jsonw_obj(w);
	jsonw_ktime(w, "from", k->range.from_us);
	jsonw_ktime(w, "to", k->range.to_us);
	series_write(s, k->region_name, w);
	e = write_bands(q, c, k);
	if (e == NP_OK)
		e = write_uptime(q, c, k);
	jsonw_obj_end(w);
	return e;
}

np_err api_series(struct wreq *q, struct pg_conn *c)
{
	struct chart *k = arena_alloc(q->arena, sizeof *k);
	if (!k)
		return NP_E_NOMEM;
	read_query(q, k);
	np_err e = wq_check(q);
	if (e == NP_OK)
		e = in_id(q, 0, q->subject);
	if (e == NP_OK)
		e = sth_monitor(q, c, &k->monitor);
	if (e < 0)
		return e;
	k->range.no = k->monitor.no;
	e = read_regions(q, c, k);
	return e < 0 ? e : draw(q, c, k);
}
