/* SPDX-License-Identifier: Apache-2.0 */
#include "unit/t.h"

#include "base/str.h"
#include "web/share.h"

#define ROOM 3

static const struct route route = { .method = "GET" }, open_route = { .flags = R_OPEN };

static struct wreq request[8 + SHARE_WAIT_MAX]; /* one is some KB */

static struct wreq *asking(size_t i, const char *credential)
{
	struct wreq *q = &request[i];
	q->route = &route;
	q->credential = str_from_c(credential);
	q->who.org = 0;
	return q;
}

static bool enters(struct share *s, struct wreq *q, bool first, bool *ret_full)
{
	share_ask(s, q);
	return share_enter(s, q, first, ret_full);
}

/* Asks, enters and leaves, so that the credential is known from then on. Its place. */
static uint32_t introduce(struct share *s, const char *credential, uint64_t org)
{
	struct wreq *q = asking(0, credential);
	bool full;
	assert_true(enters(s, q, true, &full));
	q->who.org = org;
	assert_null(share_leave(s, q));
	share_ask(s, q);
	return q->seat.place;
}

/* Organisation 1 with tokens a and b; c is of one that does not share its place. */
static struct share *two(void)
{
	struct share *s = share_new(ROOM);
	uint32_t one = introduce(s, "a", 1), two = one;
	assert_int_equal(introduce(s, "b", 1), one);
	for (uint64_t other = 2; two == one; other++)
		two = introduce(s, "c", other);
	return s;
}

static void one_organisation_leaves_room_for_others(void **state)
{
	struct share *s = two();
	struct wreq *q[ROOM + 2];
	bool full;
	(void)state;
	for (size_t i = 0; i < NP_LEN(q); i++) { /* whichever token it takes */
		q[i] = asking(i, i % 2 ? "a" : "b");
		assert_int_equal(enters(s, q[i], true, &full), i < ROOM);
		assert_false(full);
	}
	for (size_t i = 0; i < ROOM; i++)
		assert_true(enters(s, asking(NP_LEN(q) + i, "c"), true, &full));
	assert_true(enters(s, asking(NP_LEN(q) + ROOM, "nobody knows"), true, &full));
	assert_ptr_equal(share_leave(s, q[1]), q[ROOM]); /* in order, each for one that left */
	assert_ptr_equal(share_leave(s, q[0]), q[ROOM + 1]);
	assert_null(share_leave(s, q[2]));
	assert_true(enters(s, asking(NP_LEN(q) + ROOM + 1, "a"), true, &full));
	share_free(s);
}

static void strangers_share_one_place(void **state)
{
	static const char *const names[ROOM + 1] = { "w", "x", "y", "z" };
	struct share *s = share_new(ROOM);
	struct wreq *sign_in = asking(NP_LEN(names), "");
	bool full;
	(void)state;
	sign_in->route = &open_route;
	for (size_t i = 0; i < NP_LEN(names); i++)
		assert_int_equal(enters(s, asking(i, names[i]), true, &full), i < ROOM);
	assert_false(enters(s, sign_in, true, &full));
	/* what was nobody's stays so; what was somebody's is not a stranger's again */
	assert_ptr_equal(share_leave(s, &request[0]), &request[ROOM]);
	request[1].who.org = 7;
	assert_ptr_equal(share_leave(s, &request[1]), sign_in);
	struct wreq *again = asking(6, "w");
	assert_false(enters(s, again, true, &full));
	assert_true(enters(s, asking(7, "x"), true, &full));
	/* of an open route nothing is learned: its credential is none */
	sign_in->who.org = 8;
	assert_ptr_equal(share_leave(s, sign_in), again);
	share_free(s);
}

static void those_who_wait_are_bounded(void **state)
{
	struct share *s = share_new(ROOM);
	size_t n = ROOM + SHARE_WAIT_MAX, evicted = 0;
	bool full;
	(void)state;
	for (size_t i = 0; i < n; i++) {
		(void)enters(s, asking(i, "x"), true, &full);
		assert_false(full);
	}
	assert_false(enters(s, asking(n, "x"), true, &full));
	assert_true(full);
	/* a command that was written down already only waits longer */
	assert_false(enters(s, asking(n + 1, "x"), false, &full));
	assert_false(full);
	while (share_evict(s))
		evicted++;
	assert_int_equal(evicted, SHARE_WAIT_MAX + 1);
	for (size_t i = 0; i < ROOM; i++)
		assert_null(share_leave(s, &request[i]));
	share_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_organisation_leaves_room_for_others),
		cmocka_unit_test(strangers_share_one_place),
		cmocka_unit_test(those_who_wait_are_bounded),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
