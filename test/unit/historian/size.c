/* SPDX-License-Identifier: Apache-2.0 */
/* How large is history? 100,000 results of ten HTTPS monitors in three regions every 10 s,
 * written once a minute as the worker does it. Not a test: prints a table.
 *   servers.py run pg pgbouncer -- size [tens of seconds between flushes [single]]
 * single: every result in a batch and a row of its own, as single posts at a low rate are. */
#include "world.h"

#include "base/clock.h"
#include "base/str.h"
#include "historian/flush.h"
#include "historian/pack.h"
#include "internal.pb-c.h"
#include "wire/batch.h"
#include "wire/pballoc.h"

enum { MONITORS = 10, REGIONS = 3, RESULTS = 100000 };

static void must(struct pg_conn *c, np_err e)
{
	if (e < 0) {
		fprintf(stderr, "%s %s\n", pg_conn_error(c)->sqlstate, pg_conn_error(c)->message);
		abort();
	}
}

static struct res_record result(struct world *w, uint64_t monitor, int64_t slot_us, uint64_t i)
{
	struct res_record r = RES_RECORD_INIT;
	bool fails = world_roll(w, 200) == 0;
	r.monitor = monitor;
	r.revision = 2;
	r.slot_us = slot_us;
	r.start_us = slot_us + (int64_t)world_roll(w, 1500);
	r.phase_us[RES_P_DNS] = 200 + (int64_t)world_roll(w, 600);
	r.phase_us[RES_P_CONNECT] = 18000 + (int64_t)world_roll(w, 4000);
	r.phase_us[RES_P_TLS] = 40000 + (int64_t)world_roll(w, 8000);
	r.phase_us[RES_P_FIRST_BYTE] = 60000 + (int64_t)world_roll(w, 30000);
	r.phase_us[RES_P_TRANSFER] = 300 + (int64_t)world_roll(w, 2000);
	for (size_t k = 0; k < RES_PHASE_N; k++)
		r.duration_us += r.phase_us[k];
	r.duration_us += (int64_t)world_roll(w, 60);
	r.status = fails ? RES_FAIL : RES_OK;
	r.cls = fails ? RES_C_STATUS : RES_C_NONE;
	r.code = fails ? 503 : 200;
	r.text = fails ? NP_STR("HTTP 503 instead of 200") : (np_str){ 0 };
	if (i % 360 == 0) {
		r.address = NP_STR("203.0.113.80:443");
		r.cert_expires_s = 1790000000;
	}
	return r;
}

struct part { /* of what the checker of one region found in this slot */
	uint32_t region;
	uint64_t first, n; /* monitors */
};

static void log_row(struct world *w, struct part part, int64_t slot_us, uint64_t i)
{
	uint32_t region = part.region;
	NP_CLEANUP(buf_done) struct buf batch, row;
	NP_CLEANUP(pg_params_done) struct pg_params p;
	Np__I1__BatchInput b = NP__I1__BATCH_INPUT__INIT;
	Np__I1__Input in = NP__I1__INPUT__INIT, *inputs[1] = { &in };
	Np__I1__LogRow log = NP__I1__LOG_ROW__INIT;
	struct batch_head h = { .epoch = region,
				.shard = 3,
				.first_seq = i * MONITORS + part.first + 1 };
	np_err e;
	buf_init(&batch, BATCH_BYTES_MAX);
	buf_init(&row, BATCH_BYTES_MAX * 2);
	e = batch_put_head(&batch, &h);
	for (uint64_t m = part.first; m < part.first + part.n && e == NP_OK; m++) {
		NP_CLEANUP(buf_done) struct buf item;
		struct res_record r = result(w, 3 + 16 * (m + 1), slot_us, i);
		buf_init(&item, BATCH_ITEM_MAX);
		e = batch_item_result(&item, &r);
		if (e == NP_OK)
			e = batch_put_item(&batch, buf_str(&item));
	}
	assert(e == NP_OK);
	b.checker = b.region = region;
	b.received_us = slot_us + 200000 + (int64_t)world_roll(w, 3000);
	b.batch = pballoc_from_str(buf_str(&batch));
	log.now_us = slot_us + 201000;
	in.kind_case = NP__I1__INPUT__KIND_BATCH;
	in.batch = &b;
	log.n_inputs = 1;
	log.inputs = inputs;
	e = pballoc_pack(&log.base, &row);
	assert(e == NP_OK);
	pg_params_init(&p);
	pg_params_i64(&p, (int64_t)++w->pos[0]);
	pg_params_time(&p, log.now_us);
	pg_params_bytea(&p, buf_str(&row));
	pg_params_i32(&p, (int32_t)part.n);
	must(w->admin,
	     pg_exec(w->admin, "INSERT INTO np.log VALUES (3, $1, $2, $4, $3)", &p, NULL));
}

static void flush(struct world *w, struct flush_counts *total, int64_t *us)
{
	NP_CLEANUP(pg_res_free_p) struct pg_res *res = NULL;
	struct intake *in = intake_new(3);
	struct flush_counts n = { 0 };
	struct store_cursor from;
	int64_t start = clock_mono_us();
	must(w->c, pg_conn_ready(w->c, clock_mono_ms() + 60000));
	must(w->c, store_cursor_read(w->c, 3, &from));
	intake_start(in, &from);
	must(w->c, store_log(w->c, 3, &from, 100000, &res));
	for (size_t i = 0; i < pg_res_rows(res); i++) {
		struct store_cursor at = { (uint64_t)pg_res_i64(res, i, 0),
					   pg_res_time(res, i, 1) };
		np_err e = intake_row(in, &at, pg_res_str(res, i, 2));
		assert(e == NP_OK);
	}
	must(w->c, flush_run(w->c, in, &n));
	*us += clock_mono_us() - start;
	total->results += n.results;
	intake_free(in);
}

static void sizes(struct world *w, const char *when)
{
	NP_CLEANUP(pg_res_free_p) struct pg_res *r = NULL;
	must(w->admin,
	     pg_exec(w->admin,
		     "SELECT t, sum(pg_relation_size(c.oid))::bigint, sum(pg_total_relation_size(c.oid))::bigint"
		     " FROM unnest(ARRAY['log', 'log_packed', 'chunk', 'rollup_5m', 'rollup_1h', 'rollup_1d']) t"
		     " JOIN pg_class c ON c.relname ~ ('^' || t || '(_[0-9]+)?$') AND c.relkind = 'r'"
		     " GROUP BY t ORDER BY t",
		     NULL, &r));
	for (size_t i = 0; i < pg_res_rows(r); i++)
		printf("%-18s %-10.*s table %8lld  with indexes and toast %8lld\n", when,
		       NP_FMT(pg_res_str(r, i, 0)), (long long)pg_res_i64(r, i, 1),
		       (long long)pg_res_i64(r, i, 2));
}

static void pack_all(struct world *w)
{
	int64_t start = clock_mono_us();
	size_t rows = 1, total = 0;
	must(w->admin,
	     pg_exec_script(w->admin, "INSERT INTO np.snapshot SELECT 3, max(pos) + k, now(), ''"
				      " FROM np.log, generate_series(0, 1) k GROUP BY k"));
	for (; rows > 0; total += rows) {
		must(w->c, pg_conn_ready(w->c, clock_mono_ms() + 60000));
		must(w->c, pack_turn(w->c, 3, clock_wall_us(), &rows));
	}
	printf("%zu log rows packed in %lld ms\n", total,
	       (long long)(clock_mono_us() - start) / 1000);
}

static void prepare(struct world *w)
{
	must(w->admin,
	     pg_exec_script(
		     w->admin,
		     "DELETE FROM np.monitor;"
		     "INSERT INTO np.monitor (id, uuid, org_id, name, kind, definition, region_ids, created_at)"
		     " OVERRIDING SYSTEM VALUE SELECT 3 + 16 * k, gen_random_uuid(), 1, 'm', 'http', '{}',"
		     " '{1,2,3}', current_date - 1 FROM generate_series(1, 10) k;"
		     "INSERT INTO np.state_change (monitor_id, at, n, org_id, state)"
		     " SELECT id, created_at, 1, 1, 'up' FROM np.monitor"));
}

int main(int argc, char **argv)
{
	int64_t every_us = (argc > 1 ? (int64_t)argv[1][0] - '0' : 6) * 10 * NP_SEC_US;
	uint64_t each = argc > 2 ? 1 : MONITORS;
	struct world *w = world_new(5);
	struct flush_counts total = { 0 };
	pg_conn_deadline(w->admin, clock_mono_ms() + 600000);
	int64_t flush_us = 0, next_us, flushes = 0;
	int64_t at_us = clock_day_start_us(clock_wall_us()) - NP_DAY_US + NP_HOUR_US;
	prepare(w);
	next_us = at_us + every_us;
	for (uint64_t i = 0; i < RESULTS / MONITORS / REGIONS; i++, at_us += 10 * NP_SEC_US) {
		for (uint32_t region = 1; region <= REGIONS; region++)
			for (uint64_t m = 0; m < MONITORS; m += each)
				log_row(w, (struct part){ region, m, each }, at_us + region, i);
		if (at_us < next_us)
			continue;
		flush(w, &total, &flush_us);
		flushes++;
		next_us = at_us + every_us;
	}
	flush(w, &total, &flush_us);
	printf("%llu results in %lld flushes, %lld us each\n", (unsigned long long)total.results,
	       (long long)flushes, (long long)(flush_us / (flushes + 1)));
	sizes(w, "as written");
	must(w->admin, pg_exec_script(w->admin, "VACUUM FULL"));
	sizes(w, "after VACUUM FULL");
	pack_all(w);
	must(w->admin, pg_exec_script(w->admin, "VACUUM"));
	sizes(w, "packed, VACUUM");
	world_free(w);
	return 0;
}
