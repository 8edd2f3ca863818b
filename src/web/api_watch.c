/* SPDX-License-Identifier: Apache-2.0 */
#include "base/str.h"
#include "web/api.h"
#include "web/drill.h"
#include "web/input.h"
#include "web/store_region.h"
#include "web/store_watch.h"

#define LIMIT_MIN_S 10
#define LIMIT_MAX_S 3600

np_err api_findings(struct wreq *q, struct pg_conn *c)
{
	struct page page;
	page_read(q, &page);
	np_str state = in_choice(q, "state", "open all");
	np_err e = wq_check(q);
	if (e < 0)
		return e;
	NP_CLEANUP(pg_res_free_p) struct pg_res *rows = NULL;
	e = swa_findings(c, !str_eq_c(state, "all"), &page, &rows);
	if (e == NP_OK)
		page_write(q, &page, rows);
	return e;
}

np_err api_drills(struct wreq *q, struct pg_conn *c)
{
	struct page page;
	page_read(q, &page);
	np_str region = in_query(q, "region", 32);
	uint8_t last[16];
	if (page.after && str_to_uuid(page.text, last) < 0)
		problem_add(&q->problems, "", "cursor", "is not one that this list gave out");
	np_err e = wq_check(q);
	if (e < 0)
		return e;
	NP_CLEANUP(pg_res_free_p) struct pg_res *rows = NULL;
	e = swa_drills(c, region, &page, &rows);
	if (e == NP_OK)
		page_write(q, &page, rows);
	return e;
}

static int32_t limit_of(struct wreq *q)
{
	const json_t *j = in_member(q, "limit_s");
	in_only(q, "limit_s");
	if (!j)
		return DRILL_LIMIT_S;
	json_int_t v = json_integer_value(j);
	if (!json_is_integer(j) || v < LIMIT_MIN_S || v > LIMIT_MAX_S)
		problem_add(&q->problems, "", "limit_s", "must be a whole number from 10 to 3600");
	return (int32_t)(v & INT32_MAX);
}

np_err api_drills_start(struct wreq *q, struct pg_conn *c)
{
	int64_t id = 0;
	bool has = false;
	int32_t limit_s = limit_of(q);
	np_str name = httpd_param(q->http, 0);
	np_err e = wq_check(q);
	if (e == NP_OK)
		e = sreg_find(c, name, &id);
	if (e == NP_OK)
		e = swa_has_drill(c, (int32_t)id, &has);
	if (e == NP_OK && !has)
		e = drill_make(q->web, c, &(struct drill_region){ (int32_t)id, name });
	if (e == NP_OK)
		e = swa_drill_start(q, c, (int32_t)id, limit_s, q->subject);
	if (e == NP_E_BUSY)
		return wq_problem(q, 409, "A drill of this region is under way.");
	if (e < 0)
		return e;
	q->nudge_monitors = !has;
	q->status = 201;
	return swa_drill_show(q, c, q->subject);
}
