/* SPDX-License-Identifier: Apache-2.0 */
#include "base/clock.h"
#include "base/str.h"
#include "core/monitor_json.h"
#include "net/addr.h"
#include "net/token.h"
#include "web/act.h"
#include "web/api.h"
#include "web/input.h"
#include "web/store_region.h"

#define TOKEN_LIFE_US (15 * NP_MIN_US)

np_err api_regions_list(struct wreq *q, struct pg_conn *c)
{
	const struct page all = { .limit = INT32_MAX - 1 };
	NP_CLEANUP(pg_res_free_p) struct pg_res *rows = NULL;
	np_err e = sreg_regions(c, 0, &rows);
	if (e == NP_OK)
		page_write(q, &all, rows);
	return e;
}

np_err api_regions_create(struct wreq *q, struct pg_conn *c)
{
	in_only(q, "name");
	np_str name = in_text(q, (struct in_text){ "name", 1, 32 });
	if (name.n && !monj_is_region_name(name))
		problem_add(&q->problems, "", "name",
			    "must be 1 to 32 of a-z, 0-9 and inner '-', as in eu-west");
	np_err e = wq_check(q);
	if (e < 0)
		return e;
	int64_t id = 0;
	e = sreg_insert(q, c, name, &id);
	if (e == NP_E_EXISTS)
		return wq_problem(q, 409, "A region of that name is there already.");
	if (e == NP_OK)
		e = act_audit(q, c, &(struct act_audit){ .act = "region.create", .subject = name });
	if (e < 0)
		return e;
	NP_CLEANUP(pg_res_free_p) struct pg_res *rows = NULL;
	e = sreg_regions(c, id, &rows);
	if (e < 0)
		return e;
	q->status = 201;
	jsonw_raw(&q->json, pg_res_str(rows, 0, 0));
	return NP_OK;
}

static void write_token(struct wreq *q, np_str text, const struct token *t, int64_t expires_us)
{
	struct jsonw *w = &q->json;
	jsonw_obj(w);
	jsonw_kstr(w, "token", text);
	jsonw_kc(w, "region", t->region);
	jsonw_ktime(w, "expires_at", expires_us);
	jsonw_kc(w, "command", "netpulse join --token - --dir /var/lib/netpulse-checker");
	jsonw_obj_end(w);
}

static np_err make_token(struct wreq *q, struct token *t, struct buf *text)
{
	const struct web *w = q->web;
	if (!w->ca_address || !w->has_root)
		return wq_problem(q, 409,
				  "This server was not told where checkers enrol: "
				  "set ca_address and edge_root_file.");
	np_str addr = str_from_c(w->ca_address), region = httpd_param(q->http, 0);
	if (addr.n >= sizeof t->addr || region.n >= sizeof t->region)
		return NP_E_LIMIT;
	memcpy(t->addr, addr.p, addr.n);
	memcpy(t->region, region.p, region.n);
	memcpy(t->root_sha256, w->root_sha256, sizeof t->root_sha256);
	token_fresh(t);
	return token_encode(t, text);
}

np_err api_regions_token(struct wreq *q, struct pg_conn *c)
{
	in_only(q, "cidr");
	struct sreg_token row = { .cidr = in_text(q, (struct in_text){ "cidr", 0, 50 }),
				  .expires_us = clock_wall_us() + TOKEN_LIFE_US };
	struct addr_cidr cidr;
	if (row.cidr.n && addr_cidr_parse(row.cidr, &cidr) < 0)
		problem_add(&q->problems, "", "cidr",
			    "must be an address range such as 203.0.113.0/24, host bits 0");
	np_err e = wq_check(q);
	if (e == NP_OK)
		e = sreg_find(c, httpd_param(q->http, 0), &row.region);
	if (e < 0)
		return e;
	NP_CLEANUP(token_done) struct token t = { 0 };
	NP_CLEANUP(buf_done) struct buf text;
	buf_init(&text, TOKEN_TEXT_MAX);
	e = make_token(q, &t, &text);
	if (e < 0)
		return e;
	token_hash(t.secret, row.sha256);
	e = sreg_token(q, c, &row);
	if (e == NP_OK)
		e = act_audit(q, c,
			      &(struct act_audit){ .act = "join_token.create",
						   .subject = str_from_c(t.region) });
	if (e < 0)
		return e;
	q->status = 201;
	write_token(q, buf_str(&text), &t, row.expires_us);
	return NP_OK;
}

np_err api_checkers_list(struct wreq *q, struct pg_conn *c)
{
	struct page page;
	page_read(q, &page);
	np_str region = in_query(q, "region", 32);
	np_err e = wq_check(q);
	if (e < 0)
		return e;
	NP_CLEANUP(pg_res_free_p) struct pg_res *rows = NULL;
	e = sreg_checkers(c, region, &page, &rows);
	if (e == NP_OK)
		page_write(q, &page, rows);
	return e;
}

np_err api_checkers_ban(struct wreq *q, struct pg_conn *c)
{
	uint8_t id[16];
	in_only(q, "reason");
	np_str reason = in_text(q, (struct in_text){ "reason", 1, 500 });
	np_err e = wq_check(q);
	if (e == NP_OK)
		e = in_id(q, 0, id);
	if (e == NP_OK)
		e = sreg_ban(q, c, id, reason);
	if (e < 0)
		return e;
	q->nudge_ban = true;
	return sreg_checker(q, c, id);
}
