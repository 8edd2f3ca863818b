/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/fx.h"

#include "base/str.h"

struct fx *fx_new(uint64_t serial, const struct fx_facts *facts)
{
	struct fx *x = np_zalloc(sizeof *x);
	if (!x)
		return NULL;
	x->serial = serial;
	x->facts = facts;
	buf_init(&x->text, FX_TEXT_MAX);
	x->arena = arena_new(FX_ARENA_MAX);
	if (x->arena)
		return x;
	free(x);
	return NULL;
}

void fx_free(struct fx *x)
{
	if (!x)
		return;
	buf_done(&x->text);
	arena_free(x->arena);
	free(x);
}

void *fx_alloc(struct fx *x, size_t size)
{
	void *p = arena_alloc(x->arena, size);
	if (!p)
		x->err = NP_E_NOMEM;
	return p;
}

np_str fx_copy(struct fx *x, np_str s)
{
	if (s.n == 0)
		return (np_str){ 0 };
	np_str own = arena_str(x->arena, s);
	if (!own.p)
		x->err = NP_E_NOMEM;
	return own;
}

char *fx_c(np_str copied)
{
	static const char none[1];
	const char *p = copied.n > 0 ? copied.p : none;
	return (char *)(uintptr_t)p; /* protobuf-c's structs are not const; it only reads */
}

void fx_push(struct fx_list *l, struct fx_row *row)
{
	row->next = NULL;
	if (l->last)
		l->last->next = row;
	else
		l->first = row;
	l->last = row;
	l->n++;
}

struct fx_mon *fx_touch(struct fx *x, struct mon *m)
{
	if (m->work_of == x->serial)
		return m->work;
	struct fx_mon *w = fx_alloc(x, sizeof *w);
	if (!w)
		return NULL;
	w->mon = m;
	w->no = m->no;
	w->org = m->org;
	memcpy(w->id, m->id, sizeof w->id);
	m->work = w;
	m->work_of = x->serial;
	fx_push(&x->mons, &w->row);
	return w;
}

np_str fx_take_text(struct fx *x)
{
	np_err e = buf_failed(&x->text);
	if (e < 0)
		x->err = e;
	np_str own = fx_copy(x, buf_str(&x->text));
	buf_reset(&x->text);
	return own;
}

void fx_uuid_text(const uint8_t id[16], struct buf *out)
{
	char text[36];
	str_uuid(id, text);
	(void)buf_add(out, (np_str){ text, sizeof text });
}
