/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/str.h"
#include "core/chain.h"
#include "core/headread.h"

static const char seed[] = "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb";

static struct chain_row a_row(void)
{
	return (struct chain_row){ .id = 7,
				   .org = 2,
				   .at_us = 1767225600000001,
				   .actor = NP_STR("anna"),
				   .origin = NP_STR("api"),
				   .act = NP_STR("monitor.create"),
				   .subject = NP_STR("x"),
				   .after = NP_STR("{\"a\": 1}"),
				   .has_after = true };
}

static void content(const struct chain_row *r, uint8_t ret[CHAIN_HASH_LEN])
{
	NP_CLEANUP(buf_done) struct buf b;
	buf_init(&b, 4096);
	assert_int_equal(chain_content(r, &b, ret), NP_OK);
}

static void expect_hex(const uint8_t hash[CHAIN_HASH_LEN], const char *want)
{
	char hex[2 * CHAIN_HASH_LEN + 1] = { 0 };
	str_hex(hash, CHAIN_HASH_LEN, hex);
	assert_string_equal(hex, want);
}

/* Computed with sha256sum over bytes put together by hand: this form must never change. */
static void the_encoding_is_fixed(void **state)
{
	(void)state;
	NP_CLEANUP(buf_done) struct buf b;
	struct chain_row r = a_row();
	struct chain_link l = { .org = 2, .seq = 3, .sealed_us = 1767225600500000 };
	uint8_t hash[CHAIN_HASH_LEN];
	content(&r, l.content);
	expect_hex(l.content, "cddbbbbc1c83c56ff53ed2247122759b1e7060b842ebb191fa7153bc80dd511f");
	buf_init(&b, 4096);
	assert_int_equal(chain_hash(&l, &b, hash), NP_OK);
	expect_hex(hash, "59367693982b0264059524d64eca5d6c7aa20efff7ead39d997b325715a1437c");
}

static void no_two_rows_have_the_same_content(void **state)
{
	(void)state;
	struct chain_row r[14];
	uint8_t hash[14][CHAIN_HASH_LEN];
	for (size_t i = 0; i < 14; i++)
		r[i] = a_row();
	r[1].id++;
	r[2].org++;
	r[3].at_us++;
	r[4].actor = NP_STR("annaa"), r[4].origin = NP_STR("pi"); /* the same letters in a row */
	r[5].actor = NP_STR("anna\0api");
	r[6].act = NP_STR("monitor.creatE");
	r[7].subject = NP_STR("");
	r[8].has_after = false;
	r[9].after = NP_STR("null");
	r[10].before = r[10].after, r[10].has_before = true, r[10].has_after = false;
	r[11].has_before = true; /* empty is not absent */
	r[12].at_us = INT64_MIN;
	r[13].subject = NP_STR("x\0");
	for (size_t i = 0; i < 14; i++) {
		content(&r[i], hash[i]);
		for (size_t k = 0; k < i; k++)
			assert_memory_not_equal(hash[k], hash[i], CHAIN_HASH_LEN);
	}
}

static void every_bit_of_a_link_counts(void **state)
{
	(void)state;
	NP_CLEANUP(buf_done) struct buf b;
	struct chain_link l = { .org = 1, .seq = 2, .sealed_us = 3 }, x;
	uint8_t hash[CHAIN_HASH_LEN], other[CHAIN_HASH_LEN];
	buf_init(&b, 4096);
	assert_int_equal(chain_hash(&l, &b, hash), NP_OK);
	for (size_t bit = 0; bit < 8 * CHAIN_HASH_LEN; bit++) {
		x = l;
		x.prev[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_int_equal(chain_hash(&x, &b, other), NP_OK);
		assert_memory_not_equal(hash, other, sizeof hash);
		x = l;
		x.content[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_int_equal(chain_hash(&x, &b, other), NP_OK);
		assert_memory_not_equal(hash, other, sizeof hash);
	}
	for (size_t bit = 0; bit < 63; bit++) {
		struct chain_link y[3] = { l, l, l };
		y[0].org ^= INT64_C(1) << bit;
		y[1].seq ^= UINT64_C(1) << bit;
		y[2].sealed_us ^= INT64_C(1) << bit;
		for (size_t i = 0; i < 3; i++) {
			assert_int_equal(chain_hash(&y[i], &b, other), NP_OK);
			assert_memory_not_equal(hash, other, sizeof hash);
		}
	}
}

static void too_long_is_an_error_and_no_hash(void **state)
{
	(void)state;
	NP_CLEANUP(buf_done) struct buf b;
	struct chain_row r = a_row();
	struct chain_link l = { .org = 1 };
	uint8_t hash[CHAIN_HASH_LEN] = { 0 }, zero[CHAIN_HASH_LEN] = { 0 };
	buf_init(&b, 40);
	assert_int_equal(chain_content(&r, &b, hash), NP_E_LIMIT);
	assert_int_equal(chain_hash(&l, &b, hash), NP_E_LIMIT);
	assert_memory_equal(hash, zero, sizeof hash);
}

/* ---- heads ---- */

#define LINES 4

struct file {
	struct sign_key *key;
	uint8_t public[SIGN_PUBLIC_LEN];
	char text[LINES * (HEADS_LINE_MAX + 1)];
	size_t n, line[LINES + 1]; /* where they begin */
};

static void make(struct file *f)
{
	uint8_t prev[CHAIN_HASH_LEN] = { 0 };
	*f = (struct file){ .n = 0 };
	assert_int_equal(sign_key_new(str_from_c(seed), &f->key), NP_OK);
	sign_key_public(f->key, f->public);
	for (uint64_t i = 0; i < LINES; i++) {
		struct head h = { .n = i + 1,
				  .at_us = 1767225600000000 + (int64_t)i,
				  .org = 1 + (int64_t)i % 2,
				  .seq = 10 * (i + 1) };
		memset(h.hash, (int)i, sizeof h.hash);
		memcpy(h.prev, prev, sizeof prev);
		assert_int_equal(heads_sign(&h, f->key), NP_OK);
		size_t n = heads_line(&h, f->text + f->n);
		heads_hash((np_str){ f->text + f->n, n }, prev);
		f->text[f->n + n] = '\n';
		f->n += n + 1;
		f->line[i + 1] = f->n;
	}
}

struct seen {
	enum headread_wrong wrong[16];
	size_t n;
};

static np_err on_line(void *ctx, const struct headread_line *l)
{
	struct seen *s = ctx;
	assert_true(s->n < 16);
	assert_int_equal(l->at, s->n + 1);
	s->wrong[s->n++] = l->wrong;
	return NP_OK;
}

static size_t wrong_of(const struct file *f, np_str text, size_t piece, struct seen *s)
{
	struct headread r = { .key = f->public, .line = on_line, .ctx = s };
	size_t wrong = 0;
	*s = (struct seen){ .n = 0 };
	for (size_t at = 0; at < text.n; at += piece)
		assert_int_equal(headread_feed(&r, str_sub(text, at, at + piece)), NP_OK);
	assert_int_equal(headread_end(&r), NP_OK);
	for (size_t i = 0; i < s->n; i++)
		wrong += s->wrong[i] != HEADREAD_FINE;
	return wrong;
}

static void a_line_reads_back(void **state)
{
	(void)state;
	struct file f;
	struct seen s;
	make(&f);
	for (size_t piece = 1; piece < 700; piece += 13) {
		assert_int_equal(wrong_of(&f, (np_str){ f.text, f.n }, piece, &s), 0);
		assert_int_equal(s.n, LINES);
	}
	sign_key_free(f.key);
}

static void any_flipped_bit_is_found(void **state)
{
	(void)state;
	struct file f;
	struct seen s;
	make(&f);
	/* the last byte is a line feed: without it the last line is not finished */
	for (size_t bit = 0; bit < 8 * f.n; bit += 7) {
		f.text[bit / 8] = (char)(f.text[bit / 8] ^ 1 << bit % 8);
		assert_true(wrong_of(&f, (np_str){ f.text, f.n }, 4096, &s) > 0);
		f.text[bit / 8] = (char)(f.text[bit / 8] ^ 1 << bit % 8);
	}
	sign_key_free(f.key);
}

static void lines_left_out_or_moved_are_found(void **state)
{
	(void)state;
	struct file f;
	struct seen s;
	char t[sizeof f.text];
	make(&f);
	for (size_t i = 0; i + 1 < LINES; i++) { /* without one */
		size_t from = f.line[i], to = f.line[i + 1];
		memcpy(t, f.text, from);
		memcpy(t + from, f.text + to, f.n - to);
		assert_true(wrong_of(&f, (np_str){ t, f.n - (to - from) }, 4096, &s) > 0);
		assert_int_equal(s.wrong[i], HEADREAD_BROKEN);
	}
	/* one twice; the end cut off is not seen here: the database remembers */
	memcpy(t, f.text, f.line[1]);
	memcpy(t + f.line[1], f.text, f.line[1]);
	assert_int_equal(wrong_of(&f, (np_str){ t, 2 * f.line[1] }, 4096, &s), 1);
	assert_int_equal(s.wrong[1], HEADREAD_BROKEN);
	assert_int_equal(wrong_of(&f, (np_str){ f.text, f.line[2] }, 4096, &s), 0);
	assert_int_equal(wrong_of(&f, (np_str){ f.text, f.n - 1 }, 4096, &s), 1);
	assert_int_equal(s.wrong[LINES - 1], HEADREAD_TORN);
	sign_key_free(f.key);
}

static void somebody_elses_line_is_found(void **state)
{
	(void)state;
	struct file f;
	struct seen s;
	make(&f);
	f.public[0] ^= 1;
	assert_int_equal(wrong_of(&f, (np_str){ f.text, f.n }, 4096, &s), LINES);
	assert_int_equal(s.wrong[0], HEADREAD_FORGED);
	sign_key_free(f.key);
}

static void there_is_one_way_to_write_a_line(void **state)
{
	(void)state;
	struct file f;
	struct head h;
	char t[HEADS_LINE_MAX + 8];
	make(&f);
	np_str line = { f.text, f.line[1] - 1 };
	assert_int_equal(heads_parse(line, &h), NP_OK);
	assert_int_equal(heads_parse(str_sub(line, 0, line.n - 1), &h), NP_E_CORRUPT);
	assert_int_equal(heads_parse((np_str){ 0 }, &h), NP_E_CORRUPT);
	(void)snprintf(t, sizeof t, "%.*s ", NP_FMT(line));
	assert_int_equal(heads_parse(str_from_c(t), &h), NP_E_CORRUPT);
	(void)snprintf(t, sizeof t, "np.head.1 01%.*s", NP_FMT(str_sub(line, 11, line.n)));
	assert_int_equal(heads_parse(str_from_c(t), &h), NP_E_CORRUPT);
	(void)snprintf(t, sizeof t, "np.head.2%.*s", NP_FMT(str_sub(line, 9, line.n)));
	assert_int_equal(heads_parse(str_from_c(t), &h), NP_E_CORRUPT);
	sign_key_free(f.key);
}

static void a_line_too_long_is_no_head(void **state)
{
	(void)state;
	struct file f;
	struct seen s;
	char t[3 * HEADS_LINE_MAX];
	make(&f);
	memset(t, 'x', sizeof t);
	t[sizeof t - 1] = '\n';
	for (size_t piece = 1; piece < sizeof t; piece = piece * 3 + 1) {
		assert_int_equal(wrong_of(&f, (np_str){ t, sizeof t }, piece, &s), 1);
		assert_int_equal(s.wrong[0], HEADREAD_NO_HEAD);
	}
	assert_int_equal(wrong_of(&f, (np_str){ t, sizeof t - 1 }, 100, &s), 1);
	assert_int_equal(s.wrong[0], HEADREAD_TORN);
	sign_key_free(f.key);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_encoding_is_fixed),
		cmocka_unit_test(no_two_rows_have_the_same_content),
		cmocka_unit_test(every_bit_of_a_link_counts),
		cmocka_unit_test(too_long_is_an_error_and_no_hash),
		cmocka_unit_test(a_line_reads_back),
		cmocka_unit_test(any_flipped_bit_is_found),
		cmocka_unit_test(lines_left_out_or_moved_are_found),
		cmocka_unit_test(somebody_elses_line_is_found),
		cmocka_unit_test(there_is_one_way_to_write_a_line),
		cmocka_unit_test(a_line_too_long_is_no_head),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
