/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/answer.h"

#include "base/clock.h"
#include "base/str.h"
#include "gateway/peer.h"
#include "gateway/post.h"
#include "wire/ack.h"

/* Everything must match: a reused request number once acknowledged somebody else's batch. */
static struct pend *match(struct gw *g, const Np__I1__AckRecord *r)
{
#ifndef NP_MUTANT_ACK_BY_REQUEST
	if (r->incarnation != g->incarnation) {
		gw_count(g, GW_C_ACK_FOREIGN);
		return NULL;
	}
#endif
	struct pend *p = pend_find(g, r->request);
	if (!p) {
		gw_count(g, GW_C_ACK_UNKNOWN);
		return NULL;
	}
#ifndef NP_MUTANT_ACK_BY_REQUEST
	if (p->checker->id != r->checker || p->epoch != r->epoch || p->shard != r->shard) {
		gw_count(g, GW_C_ACK_MISMATCH);
		return NULL;
	}
#endif
	return p;
}

static void finish(struct gw *g, struct pend *p, const Np__I1__AckRecord *r)
{
	struct peer *peer = p->peer;
	metric_observe_us(g->ack_us, clock_mono_us() - p->at_us);
	if (!peer) {
		post_answer(p, r);
		return;
	}
	pend_close(p); /* first: a write that fails closes the stream with all its pends */
	peer_answer(peer, r);
}

static void banned(struct gw *g, struct pend *p)
{
	gw_count(g, GW_C_BANNED);
	if (p->peer)
		peer_close(p->peer, "banned");
	else
		post_refuse(p, 403, "this checker is banned");
	regfeed_nudge(g->feed); /* the engine knows it before us */
}

static void record(struct gw *g, const Np__I1__AckRecord *r)
{
	struct pend *p = match(g, r);
	if (!p)
		return;
	if (r->closed_below > p->checker->closed_below[r->shard])
		p->checker->closed_below[r->shard] = r->closed_below;
	switch (r->kind) {
	case NP__I1__ACK_RECORD__KIND__ACK:
		gw_count(g, GW_C_ACKS);
		finish(g, p, r);
		break;
	case NP__I1__ACK_RECORD__KIND__REWIND:
		gw_count(g, GW_C_REWINDS);
		finish(g, p, r);
		break;
	case NP__I1__ACK_RECORD__KIND__REJECT:
		gw_count(g, GW_C_REJECTS);
		if (p->peer)
			peer_reject(p->peer, r);
		else
			post_reject(p, r);
		break;
	case NP__I1__ACK_RECORD__KIND__BANNED:
		banned(g, p);
		break;
	case _NP__I1__ACK_RECORD__KIND_IS_INT_SIZE:
		break;
	}
}

void answer_message(struct gw *g, np_str message)
{
	Np__I1__AckBatch *b = NULL;
	arena_reset(g->arena);
	if (ack_open(g->seal, str_from_c(g->name), message, g->arena, &b) < 0) {
		gw_count(g, GW_C_ACK_FORGED);
		return;
	}
	for (size_t i = 0; i < b->n_acks; i++)
		record(g, b->acks[i]);
}

void answer_again(struct gw *g, struct pend *p, const char *why)
{
	gw_count(g, GW_C_PAUSES);
	struct peer *peer = p->peer;
	if (!peer) {
		post_refuse(p, 503, why);
		return;
	}
	pend_close(p);
	peer_pause(peer, why);
}

void answer_overdue(struct gw *g)
{
	int64_t now = clock_mono_us();
	struct pend *p;
	while ((p = pend_overdue(g, now)) != NULL) {
		gw_count(g, GW_C_EXPIRED);
		if (p->req)
			post_refuse(p, 503, "no answer in time; send it again");
		else
			pend_close(p); /* the checker sends again by itself */
	}
}
