/* SPDX-License-Identifier: Apache-2.0 */
#include "../t.h"

#include "engine/cursor.h"

#define CHECKER 9

struct row {
	const char *rule;
	uint64_t epoch, first, numbers;
	bool end;
	enum cursor_verdict verdict;
	uint64_t n, skip;
};

/* In order: what is to be folded is folded. */
static const struct row rows[] = {
	{ "first sight of an epoch expects 1", 5, 2, 3, false, CURSOR_GAP, 1, 0 },
	{ "from 1 on", 5, 1, 3, false, CURSOR_FOLD, 3, 0 },
	{ "the next", 5, 4, 2, false, CURSOR_FOLD, 5, 0 },
	{ "a gap", 5, 7, 2, false, CURSOR_GAP, 6, 0 },
	{ "all known", 5, 2, 3, false, CURSOR_KNOWN, 4, 0 },
	{ "an overlap", 5, 3, 5, false, CURSOR_FOLD, 7, 3 },
	{ "a newer epoch beside it", 6, 1, 1, false, CURSOR_FOLD, 1, 0 },
	{ "an end before the last number is none", 5, 5, 1, true, CURSOR_KNOWN, 5, 0 },
	{ "an end behind a gap", 5, 9, 0, true, CURSOR_GAP, 8, 0 },
	{ "an empty end", 5, 8, 0, true, CURSOR_FOLD, 7, 0 },
	{ "closed: whatever it says", 5, 100, 2, false, CURSOR_CLOSED, 101, 0 },
	{ "closed: older ones too", 4, 1, 2, false, CURSOR_CLOSED, 2, 0 },
	{ "the newer one goes on", 6, 2, 1, false, CURSOR_FOLD, 2, 0 },
	{ "an end with items", 6, 3, 2, true, CURSOR_FOLD, 4, 0 },
	{ "is closed", 6, 5, 1, false, CURSOR_CLOSED, 5, 0 },
};

static void gap_rule(void **state NP_UNUSED)
{
	struct cursors *c = cursors_new();
	assert_non_null(c);
	for (size_t i = 0; i < NP_LEN(rows); i++) {
		const struct row *r = &rows[i];
		const struct batch_head h = { .epoch = r->epoch,
					      .first_seq = r->first,
					      .numbers = r->numbers,
					      .end = r->end };
		struct cursor_says says = cursors_judge(c, CHECKER, &h);
		if (says.verdict != r->verdict || says.n != r->n || says.skip != r->skip)
			fail_msg("%s: verdict %d n %llu skip %llu", r->rule, (int)says.verdict,
				 (unsigned long long)says.n, (unsigned long long)says.skip);
		if (says.verdict == CURSOR_FOLD)
			assert_ok(cursors_advance(c, CHECKER, &h));
	}
	assert_int_equal(cursors_closed_below(c, CHECKER), 7);
	cursors_free(c);
}

static void epochs_are_limited(void **state NP_UNUSED)
{
	struct cursors *c = cursors_new();
	for (uint64_t epoch = 1; epoch <= CURSOR_EPOCHS_MAX; epoch++)
		assert_ok(cursors_advance(
			c, CHECKER,
			&(struct batch_head){ .epoch = epoch, .first_seq = 1, .numbers = 1 }));
	const struct batch_head more = { .epoch = 999999, .first_seq = 1, .numbers = 1 };
	assert_int_equal(cursors_judge(c, CHECKER, &more).verdict, CURSOR_FULL);
	assert_int_equal(cursors_judge(c, CHECKER + 1, &more).verdict, CURSOR_FOLD);
	cursors_free(c);
}

static void put_row(void *ctx, const struct cursor_row *row)
{
	assert_ok(cursors_put(ctx, row));
}

static void survives_a_snapshot(void **state NP_UNUSED)
{
	struct cursors *a = cursors_new(), *b = cursors_new();
	for (uint64_t epoch = 1; epoch <= 5; epoch++)
		assert_ok(cursors_advance(a, CHECKER,
					  &(struct batch_head){ .epoch = epoch,
								.first_seq = 1,
								.numbers = 10 * epoch,
								.end = epoch == 2 }));
	cursors_each(a, put_row, b);
	for (uint64_t epoch = 1; epoch <= 5; epoch++)
		assert_int_equal(cursors_last(b, CHECKER, epoch), epoch > 2 ? 10 * epoch : 0);
	assert_int_equal(cursors_closed_below(b, CHECKER), 3);
	cursors_free(a);
	cursors_free(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(gap_rule),
		cmocka_unit_test(epochs_are_limited),
		cmocka_unit_test(survives_a_snapshot),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
