/* SPDX-License-Identifier: Apache-2.0 */
/* The heads file against the database: declared in audit.h. */
#include <errno.h>
#include <unistd.h>

#include "base/clock.h"
#include "cli/audit.h"

#define PAGE 1000 /* heads asked for at once */
#define PIECE 65536

struct heads_walk {
	struct audit *a;
	struct head head[PAGE];
	size_t n;
};

static void find_line(struct audit *a, const struct headread_line *l)
{
	struct audit_finding f = {
		.kind = AUDIT_HEAD, .org = l->head.org, .seq = l->head.seq, .when_us = l->head.at_us
	};
	(void)snprintf(f.text, sizeof f.text, "line %llu of the heads file %s",
		       (unsigned long long)l->at, headread_wrong_text(l->wrong));
	audit_find(a, &f);
}

/* The first head of a chain that does not fit bounds what happened: everything up to the last
 * one that fits is as it was. */
static void find_mismatch(struct audit *a, const struct head *h, struct audit_org *o, bool there)
{
	char at[CLOCK_RFC3339_MAX];
	struct audit_finding f = { .kind = there ? AUDIT_REWRITTEN : AUDIT_CUT,
				   .org = h->org,
				   .seq = h->seq,
				   .when_us = h->at_us };
	(void)clock_rfc3339(h->at_us, at);
	if (o->bad_head)
		return;
	o->bad_head = true;
	if (there)
		(void)snprintf(f.text, sizeof f.text,
			       "the chain was rewritten at or after entry %llu: entry %llu is not "
			       "the one that was signed at %s",
			       (unsigned long long)o->good_seq + 1, (unsigned long long)h->seq, at);
	else
		(void)snprintf(f.text, sizeof f.text, "entry %llu is gone, which was signed at %s",
			       (unsigned long long)h->seq, at);
	audit_find(a, &f);
}

static np_err hold_against(struct audit *a, const struct head *h, const struct pg_res *r, size_t i)
{
	struct audit_org *o = audit_org(a, h->org);
	np_str hash = pg_res_str(r, i, 0);
	bool there = !pg_res_null(r, i, 0);
	if (!o)
		return NP_E_NOMEM;
	a->heads++;
	a->copies_found += pg_res_bool(r, i, 1);
	o->head_seq = h->seq > o->head_seq ? h->seq : o->head_seq;
	o->head_us = h->at_us;
	if (!there || hash.n != CHAIN_HASH_LEN || memcmp(hash.p, h->hash, CHAIN_HASH_LEN) != 0) {
		find_mismatch(a, h, o, there);
		return NP_OK;
	}
	o->good_seq = h->seq > o->good_seq ? h->seq : o->good_seq;
	o->good_us = h->at_us;
	a->until_us = h->at_us > a->until_us ? h->at_us : a->until_us;
	return NP_OK;
}

static np_err ask_page(struct heads_walk *w, struct pg_res **ret)
{
	NP_CLEANUP(pg_params_done) struct pg_params p;
	struct pg_array col[3];
	pg_params_init(&p);
	for (size_t k = 0; k < 3; k++)
		pg_array_init(&col[k], PG_INT8);
	for (size_t i = 0; i < w->n; i++) {
		pg_array_int(&col[0], w->head[i].org);
		pg_array_int(&col[1], (int64_t)w->head[i].seq);
		pg_array_int(&col[2], (int64_t)w->head[i].n);
	}
	for (size_t k = 0; k < 3; k++) {
		pg_params_array(&p, &col[k]);
		pg_array_done(&col[k]);
	}
	return pg_exec(
		w->a->db,
		"SELECT (SELECT a.hash FROM np.audit a WHERE a.org_id = k.org AND a.seq = k.seq"
		"  LIMIT 1), EXISTS (SELECT FROM np.audit_signed s WHERE s.org_id = k.org"
		"  AND s.seq = k.seq AND s.n = k.n)"
		" FROM unnest($1, $2, $3) WITH ORDINALITY AS k(org, seq, n, place)"
		" ORDER BY k.place",
		&p, ret);
}

static np_err flush_page(struct heads_walk *w)
{
	NP_CLEANUP(pg_res_free_p) struct pg_res *r = NULL;
	if (w->n == 0)
		return NP_OK;
	np_err e = ask_page(w, &r);
	for (size_t i = 0; e == NP_OK && i < w->n; i++)
		e = hold_against(w->a, &w->head[i], r, i);
	w->n = 0;
	return e;
}

static np_err on_line(void *ctx, const struct headread_line *l)
{
	struct heads_walk *w = ctx;
	if (l->wrong == HEADREAD_TORN) /* a crash while it was written; the next append drops it */
		return NP_OK;
	if (l->wrong != HEADREAD_FINE)
		find_line(w->a, l);
	/* What is not by the key says nothing about the chain. */
	if (l->wrong == HEADREAD_NO_HEAD || l->wrong == HEADREAD_FORGED)
		return NP_OK;
	w->head[w->n++] = l->head;
	return w->n == PAGE ? flush_page(w) : NP_OK;
}

static np_err read_all(struct headread *r, int fd)
{
	NP_CLEANUP(np_free_ptr) char *piece = np_zalloc(PIECE);
	if (!piece)
		return NP_E_NOMEM;
	for (;;) {
		ssize_t got = read(fd, piece, PIECE);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return np_err_from_errno(errno);
		if (got == 0)
			return headread_end(r);
		np_err e = headread_feed(r, (np_str){ piece, (size_t)got });
		if (e < 0)
			return e;
	}
}

/* Heads that the database remembers must be in the file. */
void audit_end_heads(struct audit *a)
{
	size_t pos = 0;
	uint64_t org;
	void *value;
	bool told = false;
	while (map_next(a->orgs, &pos, &org, &value)) {
		const struct audit_org *o = value;
		if (o->head_seq >= o->copied_seq)
			continue;
		struct audit_finding f = { .kind = AUDIT_HEADS_CUT,
					   .org = (int64_t)org,
					   .seq = o->copied_seq,
					   .when_us = o->head_us };
		(void)snprintf(f.text, sizeof f.text,
			       "the heads file was cut: a head of entry %llu was written to it, "
			       "the newest there is of entry %llu",
			       (unsigned long long)o->copied_seq, (unsigned long long)o->head_seq);
		audit_find(a, &f);
		told = true;
	}
	if (told || a->copies_found >= a->copies)
		return;
	struct audit_finding f = { .kind = AUDIT_HEADS_CUT };
	(void)snprintf(f.text, sizeof f.text,
		       "the heads file lacks %llu of the %llu heads that were written to it",
		       (unsigned long long)(a->copies - a->copies_found),
		       (unsigned long long)a->copies);
	audit_find(a, &f);
}

np_err audit_read_heads(struct audit *a, int fd, const uint8_t key[SIGN_PUBLIC_LEN])
{
	NP_CLEANUP(np_free_ptr) struct heads_walk *w = np_zalloc(sizeof *w);
	if (!w)
		return NP_E_NOMEM;
	w->a = a;
	struct headread r = { .key = key, .line = on_line, .ctx = w };
	np_err e = read_all(&r, fd);
	return e < 0 ? e : flush_page(w);
}
