/* SPDX-License-Identifier: Apache-2.0 */
#include "world.h"

#include "base/clock.h"
#include "base/crypt.h"
#include "base/file.h"
#include "base/str.h"
#include "internal.pb-c.h"
#include "lib/servers.h"
#include "wire/batch.h"
#include "wire/pballoc.h"
#include "wire/rhist.h"

#define CHECKER 7
#define EPOCH 1234567

static int64_t soon(void)
{
	return clock_mono_ms() + T_PATIENCE_MS;
}

static void must(struct pg_conn *c, np_err e, const char *what)
{
	if (e < 0)
		fail_msg("%s: %s %s", what, pg_conn_error(c)->sqlstate, pg_conn_error(c)->message);
}

uint64_t world_roll(struct world *w, uint64_t n)
{
	w->dice = crypt_mix64(w->dice + 0x9e3779b97f4a7c15);
	return w->dice % n;
}

uint32_t world_shard(size_t i)
{
	return (uint32_t)i + 3;
}

struct pg_conf world_conf(void)
{
	return (struct pg_conf){ .host = srv_path(""),
				 .port = 6432,
				 .name = "np_historian",
				 .user = "np_historian",
				 .password_file = srv_path("np_historian.db") };
}

static void world_monitors(struct world *w)
{
	for (size_t i = 0; i < WORLD_MONITORS; i++) {
		NP_CLEANUP(pg_params_done) struct pg_params p;
		struct world_monitor *m = &w->mon[i];
		*m = (struct world_monitor){ .no = world_shard(i % WORLD_SHARDS) +
						   16 * (1 + i / WORLD_SHARDS),
					     .created_us = w->now_us - (int64_t)i * 3 * NP_SEC_US };
		pg_params_init(&p);
		pg_params_i64(&p, (int64_t)m->no);
		pg_params_time(&p, m->created_us);
		must(w->admin,
		     pg_exec(w->admin,
			     "INSERT INTO np.monitor (id, uuid, org_id, name, kind, definition, region_ids,"
			     " created_at) OVERRIDING SYSTEM VALUE"
			     " VALUES ($1, gen_random_uuid(), 1, 'm', 'http', '{}', '{1,2}', $2)",
			     &p, NULL),
		     "monitor");
	}
}

struct world *world_new(uint64_t seed)
{
	struct pg_conf admin = { .host = srv_path(""),
				 .port = 5432,
				 .name = "netpulse",
				 .user = "np_admin",
				 .password_file = srv_path("np_admin.db") };
	struct pg_conf f = world_conf();
	struct world *w = np_zalloc(sizeof *w);
	assert_non_null(w);
	w->dice = seed;
	w->result = np_calloc(WORLD_RESULTS, sizeof *w->result);
	w->change = np_calloc(WORLD_CHANGES, sizeof *w->change);
	w->incident = np_calloc(WORLD_CHANGES, sizeof *w->incident);
	w->admin = pg_conn_new(&admin);
	w->c = pg_conn_new(&f);
	must(w->admin, pg_conn_ready(w->admin, soon()), "connect");
	srv_ctl("schema", "pg");
	must(w->c, pg_conn_ready(w->c, soon()), "connect");
	/* yesterday evening, so that a day ends within the story; whole seconds */
	w->now_us = clock_day_start_us(clock_wall_us()) - NP_HOUR_US + 17 * NP_SEC_US;
	world_monitors(w);
	return w;
}

void world_free(struct world *w)
{
	pg_conn_free(w->admin);
	pg_conn_free(w->c);
	for (size_t i = 0; i < w->result_n; i++)
		free((void *)(uintptr_t)w->result[i].row.r.text.p);
	free(w->result);
	free(w->change);
	free(w->incident);
	free(w);
}

int64_t world_upkeep(struct world *w, const struct upkeep_keep *keep)
{
	int64_t end = clock_mono_ms() + 60 * NP_SEC_MS, gone = 0;
	struct upkeep_done done = { .more = true };
	while (done.more) {
		must(w->c, pg_conn_ready(w->c, soon()), "connect");
		np_err e = upkeep_run(w->c, "h", keep, &done);
		gone += done.gone;
		if (e == NP_E_DB && strcmp(pg_conn_error(w->c)->sqlstate, "55P03") == 0 &&
		    clock_mono_ms() < end)
			done.more = true;
		else
			must(w->c, e, "upkeep");
	}
	return gone;
}

/* ---- making ---- */

static struct res_record make_result(struct world *w, struct world_monitor *m, size_t region)
{
	struct res_record r = RES_RECORD_INIT;
	bool fails = world_roll(w, 6) == 0;
	if (m->slot_us[region] == 0 || world_roll(w, 4) > 0) {
		m->slot_us[region] = w->now_us - (int64_t)world_roll(w, 3) * NP_SEC_US;
		m->attempt[region] = 0;
	} else {
		m->attempt[region]++;
	}
	r.monitor = m->no;
	r.revision = 1 + (uint32_t)world_roll(w, 2);
	r.slot_us = m->slot_us[region];
	r.attempt = m->attempt[region];
	if (world_roll(w, 20) == 0) /* late: from a spool */
		r.slot_us -= (int64_t)world_roll(w, 3600) * NP_SEC_US;
	r.start_us = r.slot_us + (int64_t)world_roll(w, 1000);
	r.duration_us = 1000 + (int64_t)world_roll(w, 500000);
	r.phase_us[RES_P_CONNECT] = (int64_t)world_roll(w, 900);
	r.status = fails ? RES_FAIL : world_roll(w, 10) == 0 ? RES_DEGRADED : RES_OK;
	r.cls = fails ? RES_C_RESET : RES_C_NONE;
	r.text = fails ? NP_STR("TCP reset") : (np_str){ 0 };
	return r;
}

/* Does it count? The first of a slot and attempt does. */
static void account(struct world *w, uint32_t region, const struct res_record *r,
		    int64_t received_us)
{
	struct world_result *x;
	for (size_t i = w->result_n; i > 0; i--) {
		x = &w->result[i - 1];
		if (x->monitor == r->monitor && x->region == region &&
		    x->row.r.slot_us == r->slot_us && x->row.r.attempt == r->attempt) {
			w->duplicates++;
			return;
		}
	}
	assert_true(w->result_n < WORLD_RESULTS);
	x = &w->result[w->result_n++];
	*x = (struct world_result){ r->monitor, region, { *r, received_us } };
	x->row.r.monitor = 0;
	x->row.r.text = (np_str){ r->text.n ? np_strdup(r->text) : NULL, r->text.n };
}

static void refuse(struct world *w, size_t shard, uint64_t seq)
{
	NP_CLEANUP(pg_params_done) struct pg_params p;
	pg_params_init(&p);
	pg_params_i64(&p, CHECKER);
	pg_params_i64(&p, EPOCH);
	pg_params_i16(&p, (int16_t)world_shard(shard));
	pg_params_i64(&p, (int64_t)seq);
	must(w->admin,
	     pg_exec(w->admin,
		     "INSERT INTO np.rejected VALUES ($1, $2, $3, $4, 1, now(), 'x', '', '')", &p,
		     NULL),
	     "rejected");
	w->refused++;
}

/* A batch of `region`; its first `skip` numbers were there before. */
static void make_batch(struct world *w, size_t shard, uint32_t region, struct buf *out,
		       uint64_t *ret_skip)
{
	size_t n = world_roll(w, 12);
	uint64_t skip = w->seq[shard] > 3 ? world_roll(w, 3) : 0;
	struct batch_head h = { .epoch = EPOCH,
				.shard = world_shard(shard),
				.first_seq = w->seq[shard] + 1 - skip };
	assert_int_equal(batch_put_head(out, &h), NP_OK);
	for (uint64_t i = 0; i < skip + n; i++) {
		struct world_monitor *m = &w->mon[shard + WORLD_SHARDS * world_roll(w, 3)];
		struct res_record r = make_result(w, m, region - 1);
		NP_CLEANUP(buf_done) struct buf item;
		buf_init(&item, BATCH_ITEM_MAX);
		if (world_roll(w, 40) == 0) {
			struct batch_lost lost = {
				.count = 3, .from_us = 1, .to_us = 2, .why = BATCH_W_DAMAGED
			};
			assert_int_equal(batch_item_lost(&item, &lost), NP_OK);
			w->seq[shard] += i < skip ? 0 : 2;
			if (i < skip) /* three numbers cannot stand for one */
				buf_reset(&item);
		}
		if (item.n == 0) {
			assert_int_equal(batch_item_result(&item, &r), NP_OK);
			if (i >= skip && world_roll(w, 30) == 0)
				refuse(w, shard, w->seq[shard] + 1);
			else if (i >= skip)
				account(w, region, &r, w->now_us);
		}
		w->seq[shard] += i >= skip;
		assert_int_equal(batch_put_item(out, buf_str(&item)), NP_OK);
	}
	*ret_skip = skip;
}

static void put_change(struct world *w, const struct world_monitor *m, const char *state,
		       bool degraded)
{
	NP_CLEANUP(pg_params_done) struct pg_params p;
	struct world_change *x = &w->change[w->change_n++];
	bool unknown = strcmp(state, "nodata") == 0;
	assert_true(w->change_n < WORLD_CHANGES);
	*x = (struct world_change){ m->no, w->now_us,
				    unknown    ? UPT_UNKNOWN
				    : degraded ? UPT_DEGRADED
					       : UPT_UP };
	pg_params_init(&p);
	pg_params_i64(&p, (int64_t)m->no);
	pg_params_time(&p, w->now_us);
	pg_params_i64(&p, (int64_t)w->pos[m->no % 16 - 3] + 1);
	pg_params_c(&p, state);
	pg_params_bool(&p, degraded);
	must(w->admin,
	     pg_exec(w->admin,
		     "INSERT INTO np.state_change (monitor_id, at, n, org_id, state, degraded)"
		     " VALUES ($1, $2, $3, 1, $4, $5)",
		     &p, NULL),
	     "state_change");
}

static void open_incident(struct world *w, struct world_monitor *m)
{
	NP_CLEANUP(pg_params_done) struct pg_params p;
	struct world_incident *x = &w->incident[w->incident_n++];
	int64_t first_us = w->now_us;
	*x = (struct world_incident){ m->no, w->now_us - (int64_t)world_roll(w, 900) * NP_SEC_US,
				      INT64_MAX };
	for (size_t i = 0; i + 1 < w->incident_n; i++) /* not into the one before */
		if (w->incident[i].monitor == m->no && x->opened_us <= w->incident[i].closed_us)
			x->opened_us = w->incident[i].closed_us + NP_SEC_US;
	for (size_t i = w->change_n; i > 0; i--) /* nor before anything was known */
		if (w->change[i - 1].monitor == m->no)
			first_us = w->change[i - 1].at_us;
	x->opened_us = x->opened_us < first_us ? first_us : x->opened_us;
	pg_params_init(&p);
	pg_params_i64(&p, (int64_t)m->no);
	pg_params_time(&p, x->opened_us);
	pg_params_time(&p, w->now_us);
	must(w->admin,
	     pg_exec(w->admin,
		     "INSERT INTO np.incident (id, org_id, monitor_id, monitor_uuid, shard, state,"
		     " opened_at, decided_at, why) VALUES (gen_random_uuid(), 1, $1,"
		     " gen_random_uuid(), 3, 'open', $2, $3, '')",
		     &p, NULL),
	     "incident");
	m->down = true;
	put_change(w, m, "down", false);
}

static void close_incident(struct world *w, struct world_monitor *m)
{
	NP_CLEANUP(pg_params_done) struct pg_params p;
	struct world_incident *x = NULL;
	for (size_t i = 0; i < w->incident_n; i++)
		if (w->incident[i].monitor == m->no)
			x = &w->incident[i];
	x->closed_us = w->now_us - (int64_t)world_roll(w, 600) * NP_SEC_US;
	if (x->closed_us <= x->opened_us)
		x->closed_us = w->now_us;
	pg_params_init(&p);
	pg_params_i64(&p, (int64_t)m->no);
	pg_params_time(&p, x->closed_us);
	must(w->admin,
	     pg_exec(w->admin,
		     "UPDATE np.incident SET closed_at = $2, state = 'resolved'"
		     " WHERE monitor_id = $1 AND closed_at IS NULL",
		     &p, NULL),
	     "incident");
	m->down = false;
	put_change(w, m, "up", false);
}

static void change_states(struct world *w, size_t shard)
{
	for (size_t i = shard; i < WORLD_MONITORS; i += WORLD_SHARDS) {
		struct world_monitor *m = &w->mon[i];
		if (w->pos[shard] == 0)
			put_change(w, m, "up", false);
		else if (world_roll(w, 15) == 0 && m->down)
			close_incident(w, m);
		else if (world_roll(w, 30) == 0 && !m->down)
			open_incident(w, m);
		else if (world_roll(w, 30) == 0)
			put_change(w, m, world_roll(w, 3) == 0 ? "nodata" : "up",
				   world_roll(w, 2) == 0);
	}
}

void world_step(struct world *w)
{
	NP_CLEANUP(buf_done) struct buf batch, row;
	NP_CLEANUP(pg_params_done) struct pg_params p;
	size_t shard = world_roll(w, WORLD_SHARDS);
	Np__I1__BatchInput b = NP__I1__BATCH_INPUT__INIT;
	Np__I1__Input in = NP__I1__INPUT__INIT;
	Np__I1__Input *inputs[1] = { &in };
	Np__I1__LogRow log = NP__I1__LOG_ROW__INIT;
	/* mostly seconds; now and then nobody was there for long */
	w->now_us += (int64_t)(world_roll(w, 150) == 0 ? 2000 + world_roll(w, 4000)
						       : world_roll(w, 20)) *
		     NP_SEC_US;
	buf_init(&batch, BATCH_BYTES_MAX);
	buf_init(&row, BATCH_BYTES_MAX * 2);
	change_states(w, shard);
	b.checker = CHECKER;
	b.region = 1 + (uint32_t)world_roll(w, WORLD_REGIONS);
	b.received_us = w->now_us;
	make_batch(w, shard, b.region, &batch, &b.skip);
	b.batch = pballoc_from_str(buf_str(&batch));
	in.at_us = log.now_us = w->now_us;
	in.kind_case = NP__I1__INPUT__KIND_BATCH;
	in.batch = &b;
	log.n_inputs = 1;
	log.inputs = inputs;
	assert_int_equal(pballoc_pack(&log.base, &row), NP_OK);
	pg_params_init(&p);
	pg_params_i16(&p, (int16_t)world_shard(shard));
	pg_params_i64(&p, (int64_t)++w->pos[shard]);
	pg_params_time(&p, w->now_us);
	pg_params_bytea(&p, buf_str(&row));
	must(w->admin, pg_conn_ready(w->admin, soon()), "connect");
	must(w->admin,
	     pg_exec(w->admin,
		     "WITH s AS (UPDATE np.shard SET pos = $2 WHERE id = $1)"
		     " INSERT INTO np.log VALUES ($1, $2, $3, 1, $4)",
		     &p, NULL),
	     "log");
	w->at_us[shard] = w->now_us;
}

/* ---- checking ---- */

static struct world_result *find_result(struct world *w, uint64_t monitor, uint32_t region,
					const struct chunk_row *row)
{
	for (size_t i = 0; i < w->result_n; i++) {
		struct world_result *x = &w->result[i];
		if (x->monitor == monitor && x->region == region &&
		    x->row.r.slot_us == row->r.slot_us && x->row.r.attempt == row->r.attempt)
			return x;
	}
	fail_msg("monitor %llu has a result that nobody sent", (unsigned long long)monitor);
	return NULL;
}

static void check_chunk(struct world *w, const struct pg_res *r, size_t i, size_t *seen)
{
	struct chunk_iter it;
	struct chunk_row row;
	int64_t before = INT64_MIN;
	assert_int_equal(chunk_open(pg_res_str(r, i, 3), &it), NP_OK);
	assert_int_equal(it.n, pg_res_i64(r, i, 4));
	while (chunk_next(&it, &row)) {
		struct world_result *x = find_result(w, (uint64_t)pg_res_i64(r, i, 0),
						     (uint32_t)pg_res_i64(r, i, 1), &row);
		assert_int_equal(row.received_us, x->row.received_us);
		assert_int_equal(row.r.duration_us, x->row.r.duration_us);
		assert_int_equal(row.r.status, x->row.r.status);
		assert_int_equal(row.r.revision, x->row.r.revision);
		assert_true(str_eq(row.r.text, x->row.r.text));
		assert_true(row.r.slot_us >= before); /* sorted */
		before = row.r.slot_us;
		assert_int_equal(pg_res_time(r, i, 2),
				 row.r.slot_us - row.r.slot_us % CHUNK_SPAN_US);
		(*seen)++;
	}
	assert_int_equal(it.next, it.n);
}

static void check_chunks(struct world *w)
{
	NP_CLEANUP(pg_res_free_p) struct pg_res *r = NULL;
	size_t seen = 0;
	must(w->admin,
	     pg_exec(w->admin, "SELECT monitor_id, region_id, slot_at, packed, n FROM np.chunk",
		     NULL, &r),
	     "chunks");
	for (size_t i = 0; i < pg_res_rows(r); i++)
		check_chunk(w, r, i, &seen);
	assert_int_equal(seen, w->result_n);
}

struct tier {
	const char *name, *sql;
	int64_t width_us;
};
#define ROLLS(t)                                                                             \
	"SELECT monitor_id, at, ok, degraded, fail, unknown, excluded_s, unknown_s, down_s," \
	" degraded_s, up_s, hist FROM np." t " ORDER BY 1, 2"
static const struct tier tiers[] = {
	{ "5m", ROLLS("rollup_5m"), 5 * NP_MIN_US },
	{ "1h", ROLLS("rollup_1h"), NP_HOUR_US },
	{ "1d", ROLLS("rollup_1d"), NP_DAY_US },
};

/* Second by second: everything in the story happens at whole seconds. */
static void expect_seconds(const struct world *w, const struct world_monitor *m, int64_t at_us,
			   int64_t width_us, int64_t ret[UPT_N])
{
	int64_t known_us = w->at_us[m->no % 16 - 3];
	memset(ret, 0, UPT_N * sizeof *ret);
	for (int64_t t = at_us; t < at_us + width_us; t += NP_SEC_US) {
		enum upt_state s = UPT_UNKNOWN;
		if (t < m->created_us || t >= known_us)
			continue;
		for (size_t i = 0; i < w->change_n; i++)
			if (w->change[i].monitor == m->no && w->change[i].at_us <= t)
				s = w->change[i].state;
		for (size_t i = 0; i < w->incident_n && s != UPT_UNKNOWN; i++)
			if (w->incident[i].monitor == m->no && w->incident[i].opened_us <= t &&
			    t < w->incident[i].closed_us)
				s = UPT_DOWN;
		ret[s]++;
	}
}

static void check_roll(struct world *w, const struct pg_res *r, size_t i, const struct tier *t)
{
	uint64_t no = (uint64_t)pg_res_i64(r, i, 0);
	int64_t at_us = pg_res_time(r, i, 1);
	int64_t count[RES_STATUS_N] = { 0 }, s[UPT_N];
	struct hist expect[WORLD_REGIONS + 1] = { 0 }, one;
	const struct world_monitor *m = &w->mon[no % 16 - 3 + WORLD_SHARDS * (no / 16 - 1)];
	np_str rest = pg_res_str(r, i, 11);
	uint32_t region;
	for (size_t k = 0; k < w->result_n; k++) {
		const struct world_result *x = &w->result[k];
		int64_t slot_us = x->row.r.slot_us;
		if (x->monitor != no || slot_us < at_us || slot_us >= at_us + t->width_us)
			continue;
		count[x->row.r.status]++;
		if (res_is_pass(x->row.r.status))
			hist_add(&expect[x->region], x->row.r.duration_us);
	}
	for (size_t k = RES_OK; k < RES_STATUS_N; k++)
		assert_int_equal(pg_res_i64(r, i, 1 + k), count[k]);
	while (rhist_next(&rest, &region, &one) == NP_OK) {
		assert_memory_equal(&one, &expect[region], sizeof one);
		expect[region] = (struct hist){ 0 };
	}
	for (size_t k = 0; k <= WORLD_REGIONS; k++)
		assert_int_equal(expect[k].count, 0);
	expect_seconds(w, m, at_us, t->width_us, s);
	for (size_t k = 0; k < UPT_N; k++)
		if (pg_res_i64(r, i, 6 + k) != s[k])
			fail_msg("%s monitor %llu at %lld: state %zu is %lld s, not %lld", t->name,
				 (unsigned long long)no, (long long)at_us, k,
				 (long long)pg_res_i64(r, i, 6 + k), (long long)s[k]);
}

void world_check(struct world *w)
{
	must(w->admin, pg_conn_ready(w->admin, soon()), "connect");
	check_chunks(w);
	for (size_t k = 0; k < NP_LEN(tiers); k++) {
		NP_CLEANUP(pg_res_free_p) struct pg_res *r = NULL;
		int64_t results = 0, seconds = 0, known = 0;
		must(w->admin, pg_exec(w->admin, tiers[k].sql, NULL, &r), tiers[k].name);
		for (size_t i = 0; i < pg_res_rows(r); i++) {
			check_roll(w, r, i, &tiers[k]);
			for (size_t c = 2; c < 6; c++)
				results += pg_res_i64(r, i, c);
			for (size_t c = 6; c < 11; c++)
				seconds += pg_res_i64(r, i, c);
		}
		assert_int_equal(results, w->result_n); /* no window is missing */
		for (size_t i = 0; i < WORLD_MONITORS; i++)
			if (w->at_us[i % WORLD_SHARDS] > w->mon[i].created_us)
				known += (w->at_us[i % WORLD_SHARDS] - w->mon[i].created_us) /
					 NP_SEC_US;
		assert_int_equal(seconds, known);
	}
}
