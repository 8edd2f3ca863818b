/* SPDX-License-Identifier: Apache-2.0 */
/* The proof: entries of the audit chain with the links between them and a signed head. */
#include "base/clock.h"
#include "base/crypt.h"
#include "base/str.h"
#include "cli/export.h"
#include "wire/auditrow.h"

enum { C_SEQ = AUDITROW_N, C_SEALED, C_PREV };

struct proof {
	struct pg_conn *db;
	int64_t org;
	np_str subject;
	json_t *segments;
	size_t links;
	struct buf scratch;
};

static json_t *hex_json(const uint8_t hash[CHAIN_HASH_LEN])
{
	char hex[2 * CHAIN_HASH_LEN];
	str_hex(hash, CHAIN_HASH_LEN, hex);
	return json_stringn(hex, sizeof hex);
}

static json_t *text_or_null(const struct pg_res *r, size_t i, size_t col)
{
	np_str s = pg_res_str(r, i, col);
	return pg_res_null(r, i, col) ? json_null() : json_stringn(s.n > 0 ? s.p : "", s.n);
}

static json_t *entry_json(const struct pg_res *r, size_t i)
{
	return json_pack("{s:I, s:I, s:o, s:o, s:o, s:o, s:o, s:o}", "id",
			 (json_int_t)pg_res_i64(r, i, AUDITROW_ID), "at",
			 (json_int_t)pg_res_time(r, i, AUDITROW_AT), "actor",
			 text_or_null(r, i, AUDITROW_ACTOR), "origin",
			 text_or_null(r, i, AUDITROW_ORIGIN), "act",
			 text_or_null(r, i, AUDITROW_ACT), "subject",
			 text_or_null(r, i, AUDITROW_SUBJECT), "before",
			 text_or_null(r, i, AUDITROW_BEFORE), "after",
			 text_or_null(r, i, AUDITROW_AFTER));
}

/* An entry of the incident is shown; of any other only its digest. */
static np_err link_json(struct proof *p, const struct pg_res *r, size_t i, json_t **ret)
{
	json_t *l = json_pack("{s:I, s:I}", "seq", (json_int_t)pg_res_i64(r, i, C_SEQ), "sealed",
			      (json_int_t)pg_res_time(r, i, C_SEALED));
	uint8_t content[CHAIN_HASH_LEN];
	np_err e = l != NULL ? NP_OK : NP_E_NOMEM;
	if (e == NP_OK && str_eq(pg_res_str(r, i, AUDITROW_SUBJECT), p->subject)) {
		e = json_object_set_new(l, "entry", entry_json(r, i)) < 0 ? NP_E_NOMEM : NP_OK;
	} else if (e == NP_OK) {
		struct chain_row row = auditrow_read(r, i);
		e = chain_content(&row, &p->scratch, content);
		if (e == NP_OK && json_object_set_new(l, "content", hex_json(content)) < 0)
			e = NP_E_NOMEM;
	}
	if (e < 0)
		json_decref(l);
	else
		*ret = l;
	return e;
}

static np_err add_segment(struct proof *p, int64_t from, int64_t to, np_str line)
{
	NP_CLEANUP(pg_params_done) struct pg_params v;
	NP_CLEANUP(pg_res_free_p) struct pg_res *r = NULL;
	pg_params_init(&v);
	pg_params_i64(&v, p->org);
	pg_params_i64(&v, from);
	pg_params_i64(&v, to);
	np_err e = pg_exec(p->db,
			   "SELECT " AUDITROW_COLUMNS ", seq, sealed_at, prev_hash FROM np.audit"
			   " WHERE org_id = $1 AND seq BETWEEN $2 AND $3 ORDER BY seq",
			   &v, &r);
	if (e < 0)
		return e;
	size_t n = pg_res_rows(r);
	p->links += n;
	if (n == 0 || p->links > EXPORT_LINKS_MAX || pg_res_str(r, 0, C_PREV).n != CHAIN_HASH_LEN)
		return n == 0 ? NP_E_CORRUPT : NP_E_LIMIT;
	json_t *links = json_array(), *one = NULL;
	for (size_t i = 0; e == NP_OK && i < n; i++) {
		e = link_json(p, r, i, &one);
		if (e == NP_OK && json_array_append_new(links, one) < 0)
			e = NP_E_NOMEM;
	}
	const uint8_t *prev = (const uint8_t *)pg_res_str(r, 0, C_PREV).p;
	json_t *s = json_pack("{s:I, s:o, s:o, s:s%}", "org", (json_int_t)p->org, "prev_hash",
			      hex_json(prev), "links", links, "head", line.p, line.n);
	if (e == NP_OK && (s == NULL || json_array_append(p->segments, s) < 0))
		e = NP_E_NOMEM;
	json_decref(s);
	return e;
}

/* First and last place of the entries that the same head covers, and that head. */
static np_err ask_segments(struct proof *p, struct pg_res **ret)
{
	NP_CLEANUP(pg_params_done) struct pg_params v;
	pg_params_init(&v);
	pg_params_i64(&v, p->org);
	pg_params_text(&v, p->subject);
	return pg_exec(
		p->db,
		"SELECT min(a.seq), h.seq, h.line, count(*) FROM np.audit a"
		" LEFT JOIN LATERAL (SELECT s.seq, s.line FROM np.audit_signed s"
		"  WHERE s.org_id = a.org_id AND s.seq >= a.seq ORDER BY s.seq, s.at LIMIT 1) h"
		" ON true WHERE a.org_id = $1 AND a.subject = $2"
		" GROUP BY h.seq, h.line ORDER BY h.seq",
		&v, ret);
}

np_err export_chain(struct pg_conn *db, int64_t org, np_str subject, json_t **ret)
{
	NP_CLEANUP(pg_res_free_p) struct pg_res *r = NULL;
	struct proof p = { .db = db, .org = org, .subject = subject, .segments = json_array() };
	int64_t unproven = 0;
	buf_init(&p.scratch, CHAIN_ROW_MAX);
	np_err e = p.segments != NULL ? ask_segments(&p, &r) : NP_E_NOMEM;
	for (size_t i = 0; e == NP_OK && i < pg_res_rows(r); i++) {
		if (pg_res_null(r, i, 0) || pg_res_null(r, i, 1))
			unproven += pg_res_i64(r, i, 3); /* not sealed, or not signed yet */
		else
			e = add_segment(&p, pg_res_i64(r, i, 0), pg_res_i64(r, i, 1),
					pg_res_str(r, i, 2));
	}
	buf_done(&p.scratch);
	if (e == NP_OK) {
		*ret = json_pack("{s:O, s:I}", "segments", p.segments, "unproven",
				 (json_int_t)unproven);
		e = *ret == NULL ? NP_E_NOMEM : NP_OK;
	}
	json_decref(p.segments);
	return e;
}

np_err export_sum(const json_t *doc, char ret_hex[65])
{
	uint8_t sum[CRYPT_SHA256_LEN];
	json_t *rest = json_copy((json_t *)(uintptr_t)doc); /* shallow: its parts are not touched */
	if (rest == NULL)
		return NP_E_NOMEM;
	(void)json_object_del(rest, "sha256");
	char *text = json_dumps(rest, JSON_COMPACT | JSON_SORT_KEYS);
	json_decref(rest);
	if (text == NULL)
		return NP_E_NOMEM;
	crypt_sha256(str_from_c(text), sum);
	free(text);
	str_hex(sum, sizeof sum, ret_hex);
	ret_hex[64] = '\0';
	return NP_OK;
}
