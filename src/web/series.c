/* SPDX-License-Identifier: Apache-2.0 */
#include "web/series.h"

#include "web/shown.h"

#define NONE (-1) /* no value in this column */

/* A duration, sorted by column and then by value; region NONE holds all regions together. */
struct sample {
	uint32_t col;
	int32_t region; /* index */
	int64_t us;
};

struct column {
	uint64_t ok, fail, unknown;
	int64_t p[3]; /* 50, 95, 99; µs or NONE */
	int64_t phase_us[RES_PHASE_N];
	uint64_t phase_n[RES_PHASE_N];
};
struct region_column {
	int64_t p50, p95;
};

struct series {
	struct series_cfg cfg;
	uint32_t region[SERIES_REGIONS_MAX];
	struct column *col;
	struct region_column *of_region; /* region index * points + column */
	struct sample *sample;
	size_t n, cap;
	/* roll-ups: the column being filled, and everything */
	uint32_t at;
	bool filling;
	struct hist now, whole, of[SERIES_REGIONS_MAX];
};

void series_free(struct series *s)
{
	if (!s)
		return;
	free(s->col);
	free(s->of_region);
	free(s->sample);
	free(s);
}

void series_free_p(struct series **s)
{
	series_free(*s);
	*s = NULL;
}

struct series *series_new(const struct series_cfg *cfg)
{
	struct series *s = np_zalloc(sizeof *s);
	assert(cfg->points > 0 && cfg->points <= SERIES_POINTS_MAX && cfg->step_us > 0);
	assert(cfg->region_n <= SERIES_REGIONS_MAX);
	if (!s)
		return NULL;
	s->cfg = *cfg;
	memcpy(s->region, cfg->region, cfg->region_n * sizeof *cfg->region);
	s->cfg.region = s->region;
	s->col = np_calloc(cfg->points, sizeof *s->col);
	s->of_region = np_calloc((size_t)cfg->points * cfg->region_n + 1, sizeof *s->of_region);
	if (!s->col || !s->of_region) {
		series_free(s);
		return NULL;
	}
	for (uint32_t i = 0; i < cfg->points; i++)
		s->col[i].p[0] = s->col[i].p[1] = s->col[i].p[2] = NONE;
	for (size_t i = 0; i < (size_t)cfg->points * cfg->region_n; i++)
		s->of_region[i] = (struct region_column){ NONE, NONE };
	return s;
}

static int32_t index_of(const struct series *s, uint32_t region)
{
	for (uint32_t i = 0; i < s->cfg.region_n; i++)
		if (s->region[i] == region)
			return (int32_t)i;
	return NONE;
}

static bool column_of(const struct series *s, int64_t at_us, uint32_t *ret)
{
	int64_t i = (at_us - s->cfg.from_us) / s->cfg.step_us;
	if (at_us < s->cfg.from_us || i >= (int64_t)s->cfg.points)
		return false;
	*ret = (uint32_t)i;
	return true;
}

static np_err grow(struct series *s)
{
	if (s->n < s->cap)
		return NP_OK;
	if (s->n >= SERIES_SAMPLES_MAX)
		return NP_E_LIMIT;
	size_t cap = s->cap ? 2 * s->cap : 4096;
	struct sample *more = np_reallocarray(s->sample, cap, sizeof *more);
	if (!more)
		return NP_E_NOMEM;
	s->sample = more;
	s->cap = cap;
	return NP_OK;
}

NP_NODISCARD np_err series_add(struct series *s, uint32_t region, const struct res_record *r)
{
	uint32_t i;
	if (!column_of(s, r->slot_us, &i))
		return NP_OK;
	struct column *c = &s->col[i];
	c->ok += res_is_pass(r->status);
	c->fail += r->status == RES_FAIL;
	c->unknown += r->status == RES_UNKNOWN;
	if (!res_is_pass(r->status)) /* how long a failure took says nothing about the target */
		return NP_OK;
	for (int p = 0; p < RES_PHASE_N; p++) {
		if (r->phase_us[p] < 0)
			continue;
		c->phase_us[p] += r->phase_us[p];
		c->phase_n[p]++;
	}
	np_err e = grow(s);
	if (e == NP_OK)
		s->sample[s->n++] = (struct sample){ i, index_of(s, region), r->duration_us };
	return e;
}

static void close_column(struct series *s)
{
	if (!s->filling)
		return;
	struct column *c = &s->col[s->at];
	c->p[0] = hist_at(&s->now, 5000);
	c->p[1] = hist_at(&s->now, 9500);
	c->p[2] = hist_at(&s->now, 9900);
	for (uint32_t k = 0; k < s->cfg.region_n; k++) {
		struct region_column *rc = &s->of_region[(size_t)k * s->cfg.points + s->at];
		rc->p50 = hist_at(&s->of[k], 5000);
		rc->p95 = hist_at(&s->of[k], 9500);
		s->of[k] = (struct hist){ 0 };
	}
	hist_merge(&s->whole, &s->now);
	s->now = (struct hist){ 0 };
	s->filling = false;
}

NP_NODISCARD np_err series_add_rollup(struct series *s, const struct series_rollup *row)
{
	uint32_t i;
	if (!column_of(s, row->at_us, &i))
		return NP_OK;
	if (s->filling && i < s->at)
		return NP_E_INVAL; /* not in order */
	if (s->filling && i != s->at)
		close_column(s);
	s->at = i;
	s->filling = true;
	s->col[i].ok += (uint64_t)row->passes;
	s->col[i].fail += (uint64_t)row->fail;
	s->col[i].unknown += (uint64_t)row->unknown;
	for (uint32_t k = 0; k < row->n; k++) {
		int32_t at = index_of(s, row->region[k]);
		hist_merge(&s->now, &row->hist[k]);
		if (at >= 0)
			hist_merge(&s->of[at], &row->hist[k]);
	}
	return NP_OK;
}

static int by_region_col_value(const void *x, const void *y)
{
	const struct sample *a = x, *b = y;
	if (a->region != b->region)
		return a->region < b->region ? -1 : 1;
	if (a->col != b->col)
		return a->col < b->col ? -1 : 1;
	return a->us < b->us ? -1 : a->us > b->us;
}

static int by_col_value(const void *x, const void *y)
{
	const struct sample *a = x, *b = y;
	if (a->col != b->col)
		return a->col < b->col ? -1 : 1;
	return a->us < b->us ? -1 : a->us > b->us;
}

/* Nearest rank: the smallest value with at least q of 100 at or below it. */
static int64_t rank(const struct sample *run, size_t n, size_t q)
{
	size_t k = (n * q + 99) / 100;
	return n ? run[k ? k - 1 : 0].us : NONE;
}

static void close_samples(struct series *s)
{
	size_t from, to;
	qsort(s->sample, s->n, sizeof *s->sample, by_region_col_value);
	for (from = 0; from < s->n; from = to) {
		const struct sample *a = &s->sample[from];
		for (to = from;
		     to < s->n && s->sample[to].region == a->region && s->sample[to].col == a->col;)
			to++;
		if (a->region < 0)
			continue;
		s->of_region[(size_t)a->region * s->cfg.points + a->col] =
			(struct region_column){ rank(a, to - from, 50), rank(a, to - from, 95) };
	}
	qsort(s->sample, s->n, sizeof *s->sample, by_col_value);
	for (from = 0; from < s->n; from = to) {
		const struct sample *a = &s->sample[from];
		for (to = from; to < s->n && s->sample[to].col == a->col;)
			to++;
		struct column *c = &s->col[a->col];
		c->p[0] = rank(a, to - from, 50);
		c->p[1] = rank(a, to - from, 95);
		c->p[2] = rank(a, to - from, 99);
	}
	for (size_t i = 0; i < s->n; i++)
		hist_add(&s->whole, s->sample[i].us);
}

void series_end(struct series *s)
{
	close_column(s);
	if (s->n)
		close_samples(s);
}

/* ---- writing ---- */

static void put_ms(struct jsonw *w, int64_t us)
{
	if (us < 0)
		jsonw_null(w);
	else
		jsonw_dbl(w, (double)us / 1000.0, 1);
}

static void write_percentiles(const struct series *s, struct jsonw *w)
{
	static const char *const names[3] = { "p50_ms", "p95_ms", "p99_ms" };
	for (size_t k = 0; k < 3; k++) {
		jsonw_key(w, names[k]);
		jsonw_arr(w);
		for (uint32_t i = 0; i < s->cfg.points; i++)
			put_ms(w, s->col[i].p[k]);
		jsonw_arr_end(w);
	}
}

static void write_counts(const struct series *s, struct jsonw *w)
{
	static const struct {
		const char *name;
		size_t offset;
	} counts[3] = { { "ok", offsetof(struct column, ok) },
			{ "fail", offsetof(struct column, fail) },
			{ "unknown", offsetof(struct column, unknown) } };
	for (size_t k = 0; k < 3; k++) {
		jsonw_key(w, counts[k].name);
		jsonw_arr(w);
		for (uint32_t i = 0; i < s->cfg.points; i++) {
			uint64_t n;
			memcpy(&n, (const char *)&s->col[i] + counts[k].offset, sizeof n);
			jsonw_u64(w, n);
		}
		jsonw_arr_end(w);
	}
}

static void write_phases(const struct series *s, struct jsonw *w)
{
	jsonw_key(w, "phases");
	if (!s->cfg.phases) {
		jsonw_null(w);
		return;
	}
	jsonw_obj(w);
	for (int p = 0; p < RES_PHASE_N; p++) {
		jsonw_key(w, shown_phase_name((enum res_phase)p));
		jsonw_arr(w);
		for (uint32_t i = 0; i < s->cfg.points; i++) {
			const struct column *c = &s->col[i];
			put_ms(w, c->phase_n[p] ? c->phase_us[p] / (int64_t)c->phase_n[p] : NONE);
		}
		jsonw_arr_end(w);
	}
	jsonw_obj_end(w);
}

static void write_region(const struct series *s, uint32_t k, np_str name, struct jsonw *w)
{
	const struct region_column *rc = &s->of_region[(size_t)k * s->cfg.points];
	jsonw_obj(w);
	jsonw_ki64(w, "id", s->region[k]);
	jsonw_kstr(w, "name", name);
	jsonw_key(w, "p50_ms");
	jsonw_arr(w);
	for (uint32_t i = 0; i < s->cfg.points; i++)
		put_ms(w, rc[i].p50);
	jsonw_arr_end(w);
	jsonw_key(w, "p95_ms");
	jsonw_arr(w);
	for (uint32_t i = 0; i < s->cfg.points; i++)
		put_ms(w, rc[i].p95);
	jsonw_arr_end(w);
	jsonw_obj_end(w);
}

static void write_summary(const struct series *s, struct jsonw *w)
{
	uint64_t results = 0;
	for (uint32_t i = 0; i < s->cfg.points; i++)
		results += s->col[i].ok + s->col[i].fail + s->col[i].unknown;
	jsonw_key(w, "summary");
	jsonw_obj(w);
	jsonw_key(w, "results");
	jsonw_u64(w, results);
	jsonw_key(w, "p50_ms");
	put_ms(w, hist_at(&s->whole, 5000));
	jsonw_key(w, "p95_ms");
	put_ms(w, hist_at(&s->whole, 9500));
	jsonw_key(w, "p99_ms");
	put_ms(w, hist_at(&s->whole, 9900));
	jsonw_obj_end(w);
}

void series_write(const struct series *s, const np_str *region_name, struct jsonw *w)
{
	jsonw_ki64(w, "step_s", s->cfg.step_us / NP_SEC_US);
	jsonw_ki64(w, "n", s->cfg.points);
	write_percentiles(s, w);
	write_counts(s, w);
	write_phases(s, w);
	jsonw_key(w, "regions");
	jsonw_arr(w);
	for (uint32_t k = 0; k < s->cfg.region_n; k++)
		write_region(s, k, region_name[k], w);
	jsonw_arr_end(w);
	write_summary(s, w);
}
