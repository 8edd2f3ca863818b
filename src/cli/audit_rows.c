/* SPDX-License-Identifier: Apache-2.0 */
/* The chain against itself: declared in audit.h. */
#include "base/clock.h"
#include "cli/audit.h"
#include "wire/auditrow.h"

#define PAGE_BYTES 4000000 /* of one page of entries, about */
#define PAGE_ROWS 2000

enum { C_SEQ = AUDITROW_N, C_SEALED, C_PREV, C_HASH };

static np_err ask_page(struct audit *a, int64_t org, uint64_t seq, struct pg_res **ret)
{
	NP_CLEANUP(pg_params_done) struct pg_params p;
	pg_params_init(&p);
	pg_params_i64(&p, org);
	pg_params_i64(&p, (int64_t)seq);
	pg_params_i64(&p, PAGE_ROWS);
	pg_params_i64(&p, PAGE_BYTES);
	return pg_exec(
		a->db,
		"SELECT " AUDITROW_COLUMNS ", seq, sealed_at, prev_hash, hash FROM ("
		"  SELECT *, sum(pg_column_size(x)) OVER (ORDER BY org_id, seq, id"
		"   ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS before_it FROM ("
		"   SELECT * FROM np.audit WHERE seq IS NOT NULL AND (org_id, seq) > ($1, $2)"
		"   ORDER BY org_id, seq LIMIT $3) x) y"
		" WHERE coalesce(before_it, 0) < $4 ORDER BY org_id, seq, id",
		&p, ret);
}

static bool is_hash(np_str s, const uint8_t hash[CHAIN_HASH_LEN])
{
	return s.n == CHAIN_HASH_LEN && memcmp(s.p, hash, CHAIN_HASH_LEN) == 0;
}

/* The hash of the entry as it stands. */
static np_err hash_of(struct audit *a, const struct pg_res *r, size_t i,
		      uint8_t ret[CHAIN_HASH_LEN])
{
	struct chain_row row = auditrow_read(r, i);
	np_str prev = pg_res_str(r, i, C_PREV);
	struct chain_link link = { .org = row.org,
				   .seq = (uint64_t)pg_res_i64(r, i, C_SEQ),
				   .sealed_us = pg_res_time(r, i, C_SEALED) };
	if (prev.n == CHAIN_HASH_LEN)
		memcpy(link.prev, prev.p, CHAIN_HASH_LEN);
	np_err e = chain_content(&row, &a->scratch, link.content);
	return e < 0 ? e : chain_hash(&link, &a->scratch, ret);
}

struct wrong { /* with an entry */
	enum audit_kind kind;
	const char *what; /* NULL: nothing */
};

/* The first thing that is wrong. */
static struct wrong judge(const struct audit_org *o, const struct pg_res *r, size_t i,
			  const uint8_t hash[CHAIN_HASH_LEN])
{
	uint64_t seq = (uint64_t)pg_res_i64(r, i, C_SEQ);
	if (seq > o->seq + 1)
		return (struct wrong){ AUDIT_MISSING, "is gone" };
	if (seq != o->seq + 1)
		return (struct wrong){ AUDIT_UNLINKED, "is there twice" };
	if (!is_hash(pg_res_str(r, i, C_HASH), hash))
		return (struct wrong){ AUDIT_EDITED, "was changed after it was sealed" };
	if (!is_hash(pg_res_str(r, i, C_PREV), o->hash))
		return (struct wrong){ AUDIT_UNLINKED, "does not follow on the one before it" };
	return (struct wrong){ AUDIT_KIND_N, NULL };
}

static void find_row(struct audit *a, const struct audit_org *o, const struct pg_res *r, size_t i,
		     struct wrong w)
{
	char at[CLOCK_RFC3339_MAX];
	bool gone = w.kind == AUDIT_MISSING;
	struct audit_finding f = { .kind = w.kind,
				   .org = pg_res_i64(r, i, AUDITROW_ORG),
				   .seq = gone ? o->seq + 1 : (uint64_t)pg_res_i64(r, i, C_SEQ),
				   .when_us = gone ? o->sealed_us : pg_res_time(r, i, C_SEALED) };
	(void)clock_rfc3339(f.when_us, at);
	if (gone)
		(void)snprintf(f.text, sizeof f.text,
			       "entry %llu %s; the one before it was sealed at %s",
			       (unsigned long long)f.seq, w.what, f.when_us ? at : "no time known");
	else
		(void)snprintf(f.text, sizeof f.text, "entry %llu %s, at %s",
			       (unsigned long long)f.seq, w.what, at);
	audit_find(a, &f);
}

static void hold_tip(struct audit *a, struct audit_org *o, int64_t org,
		     const uint8_t hash[CHAIN_HASH_LEN])
{
	if (o->seq != o->tip_seq || o->bad_row || o->bad_head ||
	    memcmp(hash, o->tip_hash, CHAIN_HASH_LEN) == 0)
		return;
	struct audit_finding f = {
		.kind = AUDIT_REWRITTEN, .org = org, .seq = o->seq, .when_us = o->sealed_us
	};
	(void)snprintf(f.text, sizeof f.text, "entry %llu is not the one that the sealer wrote",
		       (unsigned long long)o->seq);
	audit_find(a, &f);
}

static np_err take_row(struct audit *a, const struct pg_res *r, size_t i)
{
	int64_t org = pg_res_i64(r, i, AUDITROW_ORG);
	struct audit_org *o = audit_org(a, org);
	uint8_t hash[CHAIN_HASH_LEN];
	if (!o)
		return NP_E_NOMEM;
	np_err e = hash_of(a, r, i, hash);
	if (e < 0)
		return e;
	struct wrong w = judge(o, r, i, hash);
	if (w.what) {
		find_row(a, o, r, i, w);
		o->bad_row = true;
	}
	a->entries++;
	o->seq = (uint64_t)pg_res_i64(r, i, C_SEQ);
	o->sealed_us = pg_res_time(r, i, C_SEALED);
	/* Go on from what is stored: one changed entry is one finding, not a thousand. */
	np_str stored = pg_res_str(r, i, C_HASH);
	memset(o->hash, 0, sizeof o->hash);
	if (stored.n == CHAIN_HASH_LEN)
		memcpy(o->hash, stored.p, CHAIN_HASH_LEN);
	hold_tip(a, o, org, o->hash);
	return NP_OK;
}

/* Tips and heads that lie behind the last entry. */
static void find_ends(struct audit *a)
{
	size_t pos = 0;
	uint64_t org;
	void *value;
	while (map_next(a->orgs, &pos, &org, &value)) {
		const struct audit_org *o = value;
		if (o->tip_seq <= o->seq || o->bad_head)
			continue;
		struct audit_finding f = { .kind = AUDIT_CUT,
					   .org = (int64_t)org,
					   .seq = o->seq + 1,
					   .when_us = o->sealed_us };
		(void)snprintf(f.text, sizeof f.text,
			       "entries %llu to %llu are gone from the end of the chain",
			       (unsigned long long)o->seq + 1, (unsigned long long)o->tip_seq);
		audit_find(a, &f);
	}
}

static np_err count_unsealed(struct audit *a)
{
	NP_CLEANUP(pg_res_free_p) struct pg_res *r = NULL;
	np_err e = pg_exec(a->db, "SELECT count(*) FROM np.audit WHERE seq IS NULL", NULL, &r);
	if (e == NP_OK)
		a->unsealed = (uint64_t)pg_res_i64(r, 0, 0);
	return e;
}

np_err audit_read_rows(struct audit *a)
{
	int64_t org = INT64_MIN;
	uint64_t seq = 0;
	size_t rows = 1;
	np_err e = NP_OK;
	while (e == NP_OK && rows > 0) {
		NP_CLEANUP(pg_res_free_p) struct pg_res *r = NULL;
		e = ask_page(a, org, seq, &r);
		rows = e == NP_OK ? pg_res_rows(r) : 0;
		for (size_t i = 0; e == NP_OK && i < rows; i++)
			e = take_row(a, r, i);
		if (e == NP_OK && rows > 0) {
			org = pg_res_i64(r, rows - 1, AUDITROW_ORG);
			seq = (uint64_t)pg_res_i64(r, rows - 1, C_SEQ);
		}
	}
	if (e == NP_OK)
		find_ends(a);
	return e < 0 ? e : count_unsealed(a);
}
