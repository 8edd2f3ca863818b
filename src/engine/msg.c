/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/msg.h"

#include "base/clock.h"

struct msg *msg_new(enum msg_kind kind)
{
	struct msg *m = np_zalloc(sizeof *m);
	if (!m)
		return NULL;
	m->kind = kind;
	m->arena = arena_new(MSG_ARENA_MAX);
	if (m->arena)
		return m;
	free(m);
	return NULL;
}

void msg_free(struct msg *m)
{
	if (!m)
		return;
	shard_free(m->shard);
	group_free(m->group);
	if (m->channels)
		map_free(m->channels, NULL);
	arena_free(m->arena);
	free(m);
}

void msg_drop(void *m)
{
	msg_free(m);
}

int msg_by_id(const void *a, const void *b)
{
	return memcmp(a, b, 16);
}

void *msg_grow(struct msg *m, size_t size)
{
	if (m->n == m->cap) {
		size_t cap = m->cap ? 2 * m->cap : 16;
		char *grown = arena_calloc(m->arena, cap, size);
		if (!grown)
			return NULL;
		if (m->n > 0)
			memcpy(grown, m->row, m->n * size);
		m->row = (void *)grown;
		m->cap = cap;
	}
	return (char *)m->row + m->n++ * size;
}

np_err msg_add_row(struct msg *m, uint32_t shard, Np__I1__Input **ret_input)
{
	struct msg_row *row = msg_grow(m, sizeof *row);
	Np__I1__Input *in = arena_alloc(m->arena, sizeof *in);
	if (!row || !in)
		return NP_E_NOMEM;
	*in = (Np__I1__Input)NP__I1__INPUT__INIT;
	row->shard = shard;
	row->input = in;
	*ret_input = in;
	return NP_OK;
}

bool msg_send(struct mbox *to, struct msg *m)
{
	if (!m)
		return false;
	np_err e;
	do
		e = mbox_send_wait(to, m, clock_mono_ms() + 10 * NP_SEC_MS);
	while (e == NP_E_TIMEOUT);
	if (e == NP_OK)
		return true;
	msg_free(m);
	return false;
}
