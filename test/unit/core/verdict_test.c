/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/verdict.h"

#define T0 (INT64_C(1700000000) * NP_SEC_US)

/* Regions by letter: O ok, F fail, '-' nothing yet, s stale, x stale after FAIL, b banned after
 * FAIL, u suspect after FAIL, p suspect after OK, ~ unknown after FAIL, D degraded. */
static struct vote vote_of(char letter)
{
	struct vote v = { .heard_us = T0, .status = RES_OK, .say = VOTE_OK, .start_us = T0 };
	bool failed = strchr("Fxbu~", letter) != NULL;
	if (failed) {
		v.say = VOTE_FAIL;
		v.status = RES_FAIL;
		v.said_fail = true;
		v.failed_us = T0;
	}
	if (letter == '-')
		v = (struct vote){ 0 };
	if (letter == '~')
		v.say = VOTE_NONE;
	v.ended = letter == 's' || letter == 'x' || letter == 'b';
	v.banned = letter == 'b';
	v.suspect = letter == 'u' || letter == 'p';
	v.soft = letter == 'D';
	return v;
}

static void decide(const char *regions, int quorum, struct vd_evidence *ret)
{
	struct mon_def d = mon_defaults(0);
	struct vote votes[MON_REGIONS_MAX] = { 0 };
	d.quorum = quorum > 0 ? MON_Q_NUMBER : (enum mon_quorum) - quorum;
	d.quorum_n = quorum > 0 ? (uint32_t)quorum : 0;
	for (; regions[d.region_n] != '\0'; d.region_n++) {
		d.region[d.region_n] = d.region_n + 1;
		votes[d.region_n] = vote_of(regions[d.region_n]);
	}
	vd_decide(&d, votes, T0 + 1, T0 + 1, ret);
}

#define MAJ (-(int)MON_Q_MAJORITY)
#define ALL (-(int)MON_Q_ALL)
#define ANY (-(int)MON_Q_ANY)

static void verdicts_by_rows(void **state NP_UNUSED)
{
	static const struct {
		const char *regions;
		int quorum; /* a number, or one of the words */
		enum vd_verdict verdict;
		bool partial, degraded;
	} rows[] = {
		{ "", MAJ, VD_NODATA, false, false },
		{ "O", MAJ, VD_UP, false, false },
		{ "F", MAJ, VD_DOWN, false, false },
		{ "OOO", MAJ, VD_UP, false, false },
		{ "OOF", MAJ, VD_UP, true, false },
		{ "OFF", MAJ, VD_DOWN, false, false },
		{ "OF", MAJ, VD_HELD, true, false }, /* a tie holds */
		{ "O-", MAJ, VD_NODATA, false, false },
		{ "OO-", MAJ, VD_UP, false, false },
		{ "O--", MAJ, VD_NODATA, false, false }, /* missing data is no agreement */
		{ "F--", MAJ, VD_NODATA, true, false },
		{ "FF-", MAJ, VD_DOWN, false, false },
		{ "OF-", MAJ, VD_HELD, true, false },
		{ "OOx", MAJ, VD_UP, false, false },
		{ "OOOxx", MAJ, VD_HELD, false, false }, /* f' = 2 reaches q = 2 of 3 */
		{ "OOObb", MAJ, VD_HELD, false, false },
		{ "OOOuu", MAJ, VD_HELD, false, false },
		{ "OOO~~", MAJ, VD_HELD, false, false },
		{ "OOOss", MAJ, VD_UP, false, false },
		{ "OOOpp", MAJ, VD_UP, false, false },
		{ "OFFss", MAJ, VD_DOWN, false, false },
		{ "FFF", ALL, VD_DOWN, false, false },
		{ "FFO", ALL, VD_HELD, true, false },
		{ "FOO", ALL, VD_UP, true, false },
		{ "FF-", ALL, VD_DOWN, false, false }, /* all of those that count */
		{ "FOO", ANY, VD_DOWN, false, false },
		{ "OOO", ANY, VD_UP, false, false },
		{ "OOx", ANY, VD_HELD, false, false },
		{ "FOO", 1, VD_DOWN, false, false },
		{ "FFO", 3, VD_HELD, true, false },
		{ "FF-", 3, VD_NODATA, true, false }, /* E < N */
		{ "FFF", 3, VD_DOWN, false, false },
		{ "DDO", MAJ, VD_UP, false, true },
		{ "DOO", MAJ, VD_UP, false, false },
		{ "DD", MAJ, VD_UP, false, true },
		{ "DO", MAJ, VD_UP, false, false }, /* half is no strict majority */
		{ "DFF", MAJ, VD_DOWN, false, false },
	};
	for (size_t i = 0; i < NP_LEN(rows); i++) {
		struct vd_evidence e;
		decide(rows[i].regions, rows[i].quorum, &e);
		if (e.verdict != rows[i].verdict || e.partial != rows[i].partial ||
		    e.degraded != rows[i].degraded)
			fail_msg("row %zu \"%s\": %s partial %d degraded %d", i, rows[i].regions,
				 vd_verdict_name((enum vd_verdict)e.verdict), e.partial,
				 e.degraded);
	}
}

static void unreachable_quorum_is_said(void **state NP_UNUSED)
{
	struct vd_evidence e;
	decide("OOO--", 4, &e);
	assert_true(e.unreachable);
	assert_int_equal(e.q, 4);
	assert_int_equal(e.e, 3);
	decide("OOOO-", 4, &e);
	assert_false(e.unreachable);
}

static void the_qth_failure_completes(void **state NP_UNUSED)
{
	struct mon_def d = mon_defaults(0);
	struct vote v[5];
	struct vd_evidence e;
	d.region_n = 5;
	for (uint32_t i = 0; i < 5; i++) {
		d.region[i] = i + 1;
		v[i] = vote_of('F');
		v[i].failed_us = T0 - (int64_t)i * NP_SEC_US; /* region 5 first */
		v[i].first_fail_us = v[i].failed_us - NP_SEC_US;
	}
	vd_decide(&d, v, T0 + 1, T0 + 1, &e);
	assert_int_equal(e.q, 3);
	assert_int_equal(e.completer, 2);
	assert_int_equal(e.completed_us, T0 - 2 * NP_SEC_US);
	assert_int_equal(e.completer_first_us, T0 - 3 * NP_SEC_US);
}

static void evidence_survives_storage(void **state NP_UNUSED)
{
	struct vd_evidence e, back;
	struct buf a, b;
	buf_init(&a, 4096);
	buf_init(&b, 4096);
	decide("OFbu-x~D", MAJ, &e);
	vd_encode(&e, &a);
	assert_int_equal(vd_decode(buf_str(&a), &back), NP_OK);
	vd_encode(&back, &b);
	assert_int_equal(a.n, b.n);
	assert_memory_equal(a.p, b.p, a.n);
	for (size_t i = 0; i < a.n; i++) { /* any damaged byte is noticed */
		a.p[i] = (char)(a.p[i] ^ 0x40);
		assert_true(vd_decode(buf_str(&a), &back) < 0);
		a.p[i] = (char)(a.p[i] ^ 0x40);
		assert_true(vd_decode((np_str){ a.p, i }, &back) < 0);
	}
	buf_done(&a);
	buf_done(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(verdicts_by_rows),
		cmocka_unit_test(unreachable_quorum_is_said),
		cmocka_unit_test(the_qth_failure_completes),
		cmocka_unit_test(evidence_survives_storage),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
