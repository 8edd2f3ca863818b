/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/group.h"

#include "base/clock.h"
#include "engine/after.h"
#include "engine/txbuild.h"

struct group *group_new(uint64_t serial, uint64_t era, const struct fx_facts *facts)
{
	struct group *g = np_zalloc(sizeof *g);
	if (!g)
		return NULL;
	g->era = era;
	g->opened_us = clock_mono_us();
	for (size_t i = 0; i < NP_SHARDS; i++)
		buf_init(&g->part[i].log, GROUP_LOG_MAX);
	g->fx = fx_new(serial, facts);
	if (g->fx)
		return g;
	free(g);
	return NULL;
}

void group_free(struct group *g)
{
	if (!g)
		return;
	for (size_t i = 0; i < NP_SHARDS; i++) {
		buf_done(&g->part[i].log);
		buf_done(&g->part[i].snapshot);
	}
	pg_batch_free(g->tx);
	fx_free(g->fx);
	free(g);
}

bool group_is_empty(const struct group *g)
{
	return g->inputs == 0 && g->acks.n == 0;
}

bool group_is_full(const struct group *g)
{
	return g->items >= GROUP_ITEMS_FULL || g->bytes >= GROUP_BYTES_FULL ||
	       g->checker_n == GROUP_CHECKERS_MAX;
}

struct group_part *group_part(struct group *g, struct shard *s, uint64_t token)
{
	struct group_part *p = &g->part[s->no];
	if (p->used)
		return p;
	p->used = true;
	p->shard = s;
	p->token = token;
	p->from = s->pos;
	p->gen = s->registry_gen;
	return p;
}

np_err group_log(struct group *g, struct group_part *p, const Np__I1__Input *in, size_t items)
{
	size_t before = p->log.n, n = np__i1__input__get_packed_size(in);
	char *to;
	(void)buf_add_u8(&p->log, 2 << 3 | 2); /* LogRow.inputs */
	(void)buf_add_varint(&p->log, n);
	np_err e = buf_reserve(&p->log, n, &to);
	if (e == NP_OK)
		e = buf_failed(&p->log);
	if (e < 0)
		return e;
	buf_commit(&p->log, np__i1__input__pack(in, (uint8_t *)to));
	p->items += items;
	g->inputs++;
	g->items += items > 0 ? items : 1;
	g->bytes += p->log.n - before;
	return NP_OK;
}

bool group_has_checker(const struct group *g, uint64_t checker)
{
	for (size_t i = 0; i < g->checker_n; i++)
		if (g->checker[i] == checker)
			return true;
	return false;
}

np_err group_note_checker(struct group *g, uint64_t checker)
{
	/* Exactness costs more than it gives: the latest few catch what comes in a row. */
	size_t from = g->checker_n > 8 ? g->checker_n - 8 : 0;
	for (size_t i = from; i < g->checker_n; i++)
		if (g->checker[i] == checker)
			return NP_OK;
	if (g->checker_n == GROUP_CHECKERS_MAX)
		return NP_E_LIMIT;
	g->checker[g->checker_n++] = checker;
	return NP_OK;
}

struct group_ack *group_ack(struct group *g, np_str gateway)
{
	struct group_ack *a = fx_alloc(g->fx, sizeof *a);
	if (!a)
		return NULL;
	a->msg = (Np__I1__AckRecord)NP__I1__ACK_RECORD__INIT;
	a->gateway = fx_copy(g->fx, gateway);
	fx_push(&g->acks, &a->row);
	return a;
}

static np_err close_part(struct group_part *p)
{
	struct shard *s = p->shard;
	p->to = p->from;
	p->gen = s->registry_gen;
	p->now_us = s->now_us;
	if (p->log.n == 0)
		return NP_OK;
	p->to = ++s->pos;
	(void)buf_add_u8(&p->log, 1 << 3); /* LogRow.now_us */
	return buf_add_varint(&p->log, (uint64_t)p->now_us);
}

np_err group_close(struct group *g)
{
	np_err e = g->fx->err;
	for (size_t i = 0; e == NP_OK && i < NP_SHARDS; i++)
		if (g->part[i].used)
			e = close_part(&g->part[i]);
	if (e == NP_OK)
		e = after_build(g);
	if (e == NP_OK && g->inputs > 0)
		e = txbuild(g, &g->tx);
	if (e == NP_OK)
		e = g->fx->err;
	for (size_t i = 0; i < NP_SHARDS; i++) {
		g->part[i].shard = NULL;
		buf_done(&g->part[i].log); /* it stands in the transaction now */
		buf_done(&g->part[i].snapshot);
	}
	return e;
}
