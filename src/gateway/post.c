/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/post.h"

#include "base/clock.h"
#include "base/str.h"
#include "gateway/ingest.h"
#include "gateway/heard.h"
#include "wire/batchjson.h"

#define TYPE_PROTOBUF "application/x-protobuf"
#define TYPE_JSON "application/json"

/* "application/json; charset=utf-8" is JSON too. */
static bool is_type(np_str given, np_str type)
{
	np_str head, tail;
	(void)str_cut(given, ';', &head, &tail);
	return str_eq_nocase(str_trim(head), type);
}

static void retry_later(struct httpd_req *r, uint16_t status, const char *why)
{
	if (status == 503)
		(void)httpd_set(r, "Retry-After", NP_STR("1"));
	if (status == 403)
		httpd_close(r);
	httpd_problem(r, status, str_from_c(why));
}

/* Who only posts becomes a member by it, as a stream does by its HELLO. */
static void note_presence(struct gw *g, struct gw_checker *c)
{
	if (!c->peer && clock_wall_us() - c->heard_us > GW_SILENCE_MS * NP_MS_US)
		heard_hello(g, c);
}

static void unreadable(struct httpd_req *r, np_err e, np_str why)
{
	if (e == NP_E_LIMIT)
		httpd_problem(r, 413, NP_STR("at most 1000 items and 256 KiB in one batch"));
	else
		httpd_problem(r, 400, why);
}

static void take(struct gw *g, const struct pend_from *from, np_str batch)
{
	const char *why = "";
	note_presence(g, from->checker);
	np_err e = ingest_batch(g, from, batch, &why);
	if (e == NP_E_AGAIN)
		retry_later(from->req, 503, why);
	else if (e < 0)
		unreadable(from->req, e, NP_STR("not a readable batch"));
}

static void take_json(struct gw *g, const struct pend_from *from)
{
	NP_CLEANUP(buf_done) struct buf batch;
	NP_CLEANUP(buf_done) struct buf why;
	buf_init(&batch, BATCHJSON_MAX);
	buf_init(&why, 512);
	np_err e = batchjson_read(httpd_body(from->req), &batch, &why);
	if (e < 0) {
		gw_count(g, GW_C_UNREADABLE);
		unreadable(from->req, e,
			   why.n > 0 ? buf_str(&why) : NP_STR("not a readable batch"));
		return;
	}
	take(g, from, buf_str(&batch));
}

void post_results(struct httpd_req *r, void *ctx)
{
	struct gw *g = ctx;
	np_str type = httpd_header(r, "Content-Type");
	struct pend_from from = { .checker = httpd_user(r), .req = r };
	if (is_type(type, NP_STR(TYPE_PROTOBUF))) {
		take(g, &from, httpd_body(r));
	} else if (is_type(type, NP_STR(TYPE_JSON))) {
		from.json = true;
		take_json(g, &from);
	} else {
		httpd_problem(r, 415, NP_STR("send " TYPE_PROTOBUF " or " TYPE_JSON));
	}
}

void post_refuse(struct pend *p, uint16_t status, const char *why)
{
	struct httpd_req *r = p->req;
	pend_close(p);
	retry_later(r, status, why);
}

void post_reject(struct pend *p, const Np__I1__AckRecord *r)
{
	struct arena *a = httpd_arena(p->req);
	struct pend_reject *x = arena_alloc(a, sizeof *x);
	uint64_t *seqs = arena_calloc(a, r->n_seqs + 1, sizeof *seqs);
	const char *reason = arena_c(a, pballoc_str(r->reason));
	if (!x || !seqs || !reason)
		return; /* acknowledged all the same; the reason stays with the engine */
	if (r->n_seqs > 0)
		memcpy(seqs, r->seqs, r->n_seqs * sizeof *seqs);
	*x = (struct pend_reject){
		.seqs = seqs, .n = r->n_seqs, .reason = reason, .next = p->rejects
	};
	p->rejects = x;
}

static size_t count_rejects(const struct pend *p)
{
	size_t n = 0;
	for (const struct pend_reject *x = p->rejects; x; x = x->next)
		n++;
	return n;
}

static void fill_rejects(struct pend *p, struct arena *a, Np__V1__PostAnswer *m)
{
	size_t n = count_rejects(p);
	if (n == 0)
		return;
	Np__V1__Reject *rows = arena_calloc(a, n, sizeof *rows);
	m->rejects = arena_calloc(a, n, sizeof(Np__V1__Reject *));
	if (!rows || !m->rejects)
		return;
	for (const struct pend_reject *x = p->rejects; x; x = x->next) {
		Np__V1__Reject *row = &rows[m->n_rejects];
		np__v1__reject__init(row);
		row->epoch = p->epoch;
		row->shard = p->shard;
		row->n_seqs = x->n;
		row->seqs = (uint64_t *)(uintptr_t)x->seqs; /* packing only reads */
		row->reason = (char *)(uintptr_t)x->reason;
		m->rejects[m->n_rejects++] = row;
	}
}

static void reply(struct pend *p, const Np__V1__PostAnswer *m)
{
	struct buf *out = &p->g->frame;
	struct httpd_req *r = p->req;
	bool json = p->json;
	pend_close(p);
	buf_reset(out);
	np_err e = json ? batchjson_write_answer(m, out) : pballoc_pack(&m->base, out);
	if (e < 0)
		httpd_problem(r, 500, NP_STR("no memory for the answer"));
	else
		httpd_reply(r, 200, json ? TYPE_JSON : TYPE_PROTOBUF, buf_str(out));
}

void post_answer(struct pend *p, const Np__I1__AckRecord *r)
{
	Np__V1__PostAnswer m = NP__V1__POST_ANSWER__INIT;
	Np__V1__Ack ack = NP__V1__ACK__INIT, *acks[] = { &ack };
	Np__V1__Rewind rewind = NP__V1__REWIND__INIT, *rewinds[] = { &rewind };
	fill_rejects(p, httpd_arena(p->req), &m);
	if (r->kind == NP__I1__ACK_RECORD__KIND__ACK) {
		ack.epoch = r->epoch;
		ack.shard = r->shard;
		ack.n = r->n;
		m.acks = acks;
		m.n_acks = 1;
	} else {
		rewind.epoch = r->epoch;
		rewind.shard = r->shard;
		rewind.n = r->n;
		m.rewinds = rewinds;
		m.n_rewinds = 1;
	}
	reply(p, &m);
}
