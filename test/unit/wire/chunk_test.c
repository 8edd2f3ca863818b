/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "base/crypt.h"
#include "base/str.h"
#include "wire/chunk.h"
#include "wire/rhist.h"

static uint64_t seed;

static uint64_t dice(uint64_t n)
{
	seed = crypt_mix64(seed + 0x9e3779b97f4a7c15);
	return n == 0 ? seed : seed % n;
}

static void same_row(const struct chunk_row *a, const struct chunk_row *b)
{
	assert_int_equal(a->received_us, b->received_us);
	assert_int_equal(a->r.slot_us, b->r.slot_us);
	assert_int_equal(a->r.attempt, b->r.attempt);
	assert_int_equal(a->r.start_us, b->r.start_us);
	assert_int_equal(a->r.duration_us, b->r.duration_us);
	assert_int_equal(a->r.revision, b->r.revision);
	assert_int_equal(a->r.status, b->r.status);
	assert_int_equal(a->r.cls, b->r.cls);
	assert_int_equal(a->r.code, b->r.code);
	assert_int_equal(a->r.skipped, b->r.skipped);
	assert_int_equal(a->r.cert_expires_s, b->r.cert_expires_s);
	assert_true(str_eq(a->r.text, b->r.text));
	assert_true(str_eq(a->r.address, b->r.address));
	for (size_t i = 0; i < RES_PHASE_N; i++)
		assert_int_equal(a->r.phase_us[i], b->r.phase_us[i]);
}

static void round_trip(const struct chunk_row *rows, size_t n)
{
	NP_CLEANUP(buf_done) struct buf b;
	struct chunk_iter it;
	struct chunk_row row;
	size_t got = 0;
	buf_init(&b, CHUNK_BYTES_MAX);
	assert_int_equal(chunk_pack(rows, n, &b), NP_OK);
	assert_int_equal(chunk_open(buf_str(&b), &it), NP_OK);
	assert_int_equal(it.n, n);
	while (chunk_next(&it, &row))
		same_row(&row, &rows[got++]);
	assert_int_equal(got, n);
}

static const char *const texts[] = { "", "TCP reset", "no answer after 10 s", "HTTP 503" };

static struct chunk_row wild_row(void)
{
	struct chunk_row x = { .received_us = (int64_t)dice(0) };
	x.r = (struct res_record){ .slot_us = (int64_t)dice(0),
				   .start_us = (int64_t)dice(0),
				   .duration_us = (int64_t)dice(0),
				   .attempt = (uint32_t)dice(0),
				   .revision = (uint32_t)dice(0),
				   .status = 1 + (enum res_status)dice(4),
				   .cls = (enum res_class)dice(RES_CLASS_N),
				   .code = (int32_t)dice(0),
				   .skipped = (uint32_t)dice(0),
				   .cert_expires_s = (int64_t)dice(0),
				   .text = str_from_c(texts[dice(4)]),
				   .address = str_from_c(texts[dice(4)]) };
	for (size_t i = 0; i < RES_PHASE_N; i++)
		x.r.phase_us[i] = (int64_t)dice(0);
	return x;
}

/* One of a quiet HTTPS monitor: a slot every 10 s, noisy microseconds everywhere. */
static struct chunk_row usual_row(size_t i)
{
	struct chunk_row x = { 0 };
	struct res_record *r = &x.r;
	bool fails = dice(200) == 0;
	int64_t sum = 0;
	r->slot_us = 1772366400000000 + (int64_t)i * 10 * NP_SEC_US;
	r->start_us = r->slot_us + (int64_t)dice(1500);
	r->phase_us[RES_P_DNS] = 200 + (int64_t)dice(600);
	r->phase_us[RES_P_CONNECT] = 18000 + (int64_t)dice(4000);
	r->phase_us[RES_P_TLS] = 40000 + (int64_t)dice(8000);
	r->phase_us[RES_P_FIRST_BYTE] = 60000 + (int64_t)dice(30000);
	r->phase_us[RES_P_TRANSFER] = 300 + (int64_t)dice(2000);
	for (size_t k = 0; k < RES_PHASE_N; k++)
		sum += r->phase_us[k];
	r->duration_us = sum + (int64_t)dice(60);
	x.received_us = r->start_us + r->duration_us + 22000 + (int64_t)dice(3000);
	r->revision = 3;
	r->status = fails ? RES_FAIL : RES_OK;
	r->cls = fails ? RES_C_STATUS : RES_C_NONE;
	r->code = fails ? 503 : 200;
	r->text = fails ? NP_STR("HTTP 503 instead of 200") : (np_str){ 0 };
	r->address = i % 360 == 0 ? NP_STR("203.0.113.80:443") : (np_str){ 0 };
	r->cert_expires_s = i % 360 == 0 ? 1790000000 : 0;
	return x;
}

static void rows_come_back_as_they_were(void **state NP_UNUSED)
{
	static struct chunk_row rows[300];
	for (seed = 1; seed < 100; seed++) {
		uint64_t keep = seed;
		size_t n = dice(300);
		for (size_t i = 0; i < n; i++)
			rows[i] = dice(3) == 0 ? wild_row() : usual_row(i);
		round_trip(rows, n);
		for (size_t i = 0; i < n; i++)
			rows[i] = usual_row(i);
		round_trip(rows, n);
		seed = keep;
	}
}

static void ten_minutes_are_small(void **state NP_UNUSED)
{
	NP_CLEANUP(buf_done) struct buf b;
	struct chunk_row rows[60];
	for (size_t i = 0; i < NP_LEN(rows); i++)
		rows[i] = usual_row(i);
	buf_init(&b, CHUNK_BYTES_MAX);
	assert_int_equal(chunk_pack(rows, NP_LEN(rows), &b), NP_OK);
	print_message("%zu bytes for 60 results of HTTPS\n", b.n);
	assert_in_range(b.n, 60, 60 * 20);
}

static void too_many_rows_and_texts_are_bounded(void **state NP_UNUSED)
{
	NP_CLEANUP(buf_done) struct buf b;
	NP_CLEANUP(np_free_ptr)
	struct chunk_row *rows = np_calloc(CHUNK_ROWS_MAX + 1, sizeof *rows);
	static char text[CHUNK_ROWS_MAX][8];
	struct chunk_iter it;
	struct chunk_row row;
	size_t with = 0;
	for (size_t i = 0; i < CHUNK_ROWS_MAX; i++) {
		snprintf(text[i], sizeof text[i], "%zu", i);
		rows[i] = usual_row(i);
		rows[i].r.address = (np_str){ 0 };
		rows[i].r.text = str_from_c(text[i]);
	}
	buf_init(&b, CHUNK_BYTES_MAX);
	assert_int_equal(chunk_pack(rows, CHUNK_ROWS_MAX + 1, &b), NP_E_LIMIT);
	assert_int_equal(chunk_pack(rows, CHUNK_ROWS_MAX, &b), NP_OK);
	assert_int_equal(chunk_open(buf_str(&b), &it), NP_OK);
	while (chunk_next(&it, &row))
		with += row.r.text.n > 0;
	assert_int_equal(it.next, CHUNK_ROWS_MAX);
	assert_int_equal(with, CHUNK_TEXTS_MAX);
}

static void damage_is_told_or_bounded(void **state NP_UNUSED)
{
	NP_CLEANUP(buf_done) struct buf b;
	struct chunk_row rows[40], row;
	struct chunk_iter it;
	seed = 7;
	for (size_t i = 0; i < NP_LEN(rows); i++)
		rows[i] = i % 5 == 0 ? wild_row() : usual_row(i);
	buf_init(&b, CHUNK_BYTES_MAX);
	assert_int_equal(chunk_pack(rows, NP_LEN(rows), &b), NP_OK);
	for (size_t n = 0; n < b.n; n++) { /* cut off */
		np_err e = chunk_open((np_str){ b.p, n }, &it);
		assert_int_equal(e, NP_E_CORRUPT);
	}
	for (size_t i = 0; i < b.n * 8; i++) { /* every bit turned */
		b.p[i / 8] = (char)(b.p[i / 8] ^ 1 << i % 8);
		if (chunk_open(buf_str(&b), &it) == NP_OK)
			while (chunk_next(&it, &row))
				assert_in_range(it.next, 1, CHUNK_ROWS_MAX);
		b.p[i / 8] = (char)(b.p[i / 8] ^ 1 << i % 8);
	}
	b.p[0] = 9;
	assert_int_equal(chunk_open(buf_str(&b), &it), NP_E_VERSION);
}

static void histograms_go_by_region(void **state NP_UNUSED)
{
	NP_CLEANUP(buf_done) struct buf b;
	struct hist h[2] = { 0 }, back, all = { 0 };
	uint32_t region = 0;
	np_str rest;
	hist_add(&h[0], 1000);
	hist_add(&h[1], 5000);
	hist_add(&h[1], 7000);
	buf_init(&b, RHIST_BYTES_MAX);
	assert_int_equal(rhist_put(&b, 3, &h[0]), NP_OK);
	assert_int_equal(rhist_put(&b, 900, &h[1]), NP_OK);
	rest = buf_str(&b);
	assert_int_equal(rhist_next(&rest, &region, &back), NP_OK);
	assert_int_equal(region, 3);
	assert_memory_equal(&back, &h[0], sizeof back);
	assert_int_equal(rhist_next(&rest, &region, &back), NP_OK);
	assert_int_equal(region, 900);
	assert_int_equal(back.count, 2);
	assert_int_equal(rhist_next(&rest, &region, &back), NP_E_NOTFOUND);
	rhist_merge_all(buf_str(&b), &all);
	assert_int_equal(all.count, 3);
	assert_int_equal(rhist_next(&(np_str){ b.p, b.n - 1 }, &region, &back), NP_OK);
	rest = (np_str){ b.p, 1 };
	assert_int_equal(rhist_next(&rest, &region, &back), NP_E_CORRUPT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows_come_back_as_they_were),
		cmocka_unit_test(ten_minutes_are_small),
		cmocka_unit_test(too_many_rows_and_texts_are_bounded),
		cmocka_unit_test(damage_is_told_or_bounded),
		cmocka_unit_test(histograms_go_by_region),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
