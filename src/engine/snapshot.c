/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/snapshot.h"

#include "base/arena.h"
#include "base/str.h"
#include "wire/pballoc.h"

/* Field numbers of np.i1.Snapshot and MonitorSnap that are written one by one. */
enum { F_CURSOR = 4, F_CLOSED = 5, F_MONITOR = 6, F_MEMBERSHIP = 7, F_BAN = 8 };
enum {
	M_DEFINITION = 1,
	M_STATE = 2,
	M_STRIP = 3,
	M_VOTERS = 4,
	M_ACKED_BY = 5,
	M_PARENT = 6,
	M_CERTS = 7
};

struct writer {
	struct buf *out;
	struct buf part;                 /* one message at a time */
	const struct membership *before; /* of the same region */
	uint32_t before_region;
	np_err err;
};

static void put_part(struct writer *w, uint32_t field)
{
	np_err e = buf_failed(&w->part);
	if (e == NP_OK)
		e = pballoc_put_bytes(w->out, field, buf_str(&w->part));
	if (e < 0 && w->err == NP_OK)
		w->err = e;
	buf_reset(&w->part);
}

static void put_msg(struct writer *w, uint32_t field, const ProtobufCMessage *msg)
{
	np_err e = pballoc_pack(msg, &w->part);
	if (e < 0 && w->err == NP_OK)
		w->err = e;
	put_part(w, field);
}

/* ---- writing ---- */

static void put_cursor(void *ctx, const struct cursor_row *row)
{
	struct writer *w = ctx;
	if (row->closed) {
		Np__I1__ClosedBelow c = NP__I1__CLOSED_BELOW__INIT;
		c.checker = row->checker;
		c.epoch = row->epoch;
		put_msg(w, F_CLOSED, &c.base);
		return;
	}
	Np__I1__Cursor c = NP__I1__CURSOR__INIT;
	c.checker = row->checker;
	c.epoch = row->epoch;
	c.last = row->last;
	put_msg(w, F_CURSOR, &c.base);
}

static void put_membership(void *ctx, uint32_t region, const struct membership *one)
{
	struct writer *w = ctx;
	struct members_short m;
	bool follows = w->before && w->before_region == region;
	np_err e = members_shorten(region, follows ? w->before : NULL, one, &m);
	if (e == NP_OK) {
		put_msg(w, F_MEMBERSHIP, &m.msg.base);
		members_short_done(&m);
	} else if (w->err == NP_OK) {
		w->err = e;
	}
	w->before = one;
	w->before_region = region;
}

static void put_monitor(struct writer *w, const struct mon *m)
{
	struct buf state, voters, certs;
	buf_init(&state, MST_ENCODED_MAX);
	buf_init(&voters, 16 * MON_REGIONS_MAX);
	buf_init(&certs, 16 * MON_REGIONS_MAX);
	mst_encode(&m->st, &state);
	for (uint32_t i = 0; i < m->def.region_n; i++) {
		(void)buf_add_varint(&voters, m->voter[i]);
		(void)buf_add_varint(&certs, (uint64_t)m->cert_s[i]);
	}
	np_err e = buf_failed(&state);
	if (e == NP_OK)
		e = pballoc_put_bytes(&w->part, M_DEFINITION,
				      (np_str){ m->doc.packed, m->doc.packed_n });
	if (e == NP_OK)
		e = pballoc_put_bytes(&w->part, M_STATE, buf_str(&state));
	if (e == NP_OK)
		e = pballoc_put_bytes(&w->part, M_STRIP, str_from_c(m->strip));
	if (e == NP_OK)
		e = pballoc_put_bytes(&w->part, M_VOTERS, buf_str(&voters));
	if (e == NP_OK)
		e = pballoc_put_bytes(&w->part, M_ACKED_BY, str_from_c(m->acked_by));
	if (e == NP_OK && m->def.has_parent)
		e = pballoc_put_bytes(&w->part, M_PARENT,
				      (np_str){ (const char *)m->parent_incident,
						sizeof m->parent_incident });
	if (e == NP_OK && mon_cert_s(m) != 0)
		e = pballoc_put_bytes(&w->part, M_CERTS, buf_str(&certs));
	if (e < 0 && w->err == NP_OK)
		w->err = e;
	buf_done(&state);
	buf_done(&voters);
	buf_done(&certs);
	put_part(w, F_MONITOR);
}

static void put_bans(struct writer *w, const struct shard *s)
{
	size_t pos = 0;
	uint64_t checker;
	void *value;
	while (map_next(s->bans, &pos, &checker, &value)) {
		const struct shard_ban *own = value;
		Np__I1__BanInput b = NP__I1__BAN_INPUT__INIT;
		b.checker = own->checker;
		b.region = own->region;
		b.at_us = own->at_us;
		b.registry_gen = own->registry_gen;
		put_msg(w, F_BAN, &b.base);
	}
}

static void put_head(struct writer *w, const struct shard *s)
{
	Np__I1__Snapshot head = NP__I1__SNAPSHOT__INIT;
	Np__I1__ResumeInput hold = NP__I1__RESUME_INPUT__INIT;
	head.version = SNAPSHOT_VERSION;
	head.now_us = s->now_us;
	head.registry_gen = s->registry_gen;
	if (s->hold.on) {
		hold.since_us = s->hold.since_us;
		hold.until_us = s->hold.folded_us;
		head.hold = &hold;
		head.hold_at_us = s->hold.at_us;
	}
	head.n_suspects = s->suspect_n;
	head.suspects = (uint32_t *)(uintptr_t)s->suspect; /* only read */
	np_err e = pballoc_pack(&head.base, w->out);
	if (e < 0 && w->err == NP_OK)
		w->err = e;
}

/* A repeated number, unpacked: one field each. Readers take both forms. */
static void put_caught_up(struct writer *w, const struct shard *s)
{
	size_t pos = 0;
	uint64_t checker;
	void *value;
	while (map_next(s->caught_up, &pos, &checker, &value)) {
		(void)buf_add_varint(w->out, 13 << 3);
		(void)buf_add_varint(w->out, checker);
	}
}

np_err snapshot_encode(const struct shard *s, struct buf *out)
{
	struct writer w = { .out = out };
	buf_init(&w.part, SNAPSHOT_MAX);
	put_head(&w, s);
	cursors_each(s->cursors, put_cursor, &w);
	members_each(s->members, put_membership, &w);
	put_bans(&w, s);
	put_caught_up(&w, s);
	size_t pos = 0;
	for (const struct mon *m; (m = shard_next_monitor(s, &pos));)
		if (!m->deleted && m->doc.packed)
			put_monitor(&w, m);
	buf_done(&w.part);
	np_err e = buf_failed(out);
	return w.err < 0 ? w.err : e;
}

/* ---- reading ---- */

static np_err get_monitor(struct shard *s, const Np__I1__MonitorSnap *in)
{
	if (!in->definition)
		return NP_E_CORRUPT;
	struct mon *m = shard_monitor_make(s, in->definition->monitor);
	if (!m)
		return NP_E_NOMEM;
	np_err e = mon_define(m, in->definition);
	if (e == NP_OK)
		e = mst_decode(pballoc_bytes(in->state), &m->st);
	if (e < 0)
		return e == NP_E_INVAL ? NP_E_CORRUPT : e;
	if (m->st.region_n != m->def.region_n || strlen(in->strip) > MON_STRIP ||
	    in->n_voters > MON_REGIONS_MAX)
		return NP_E_CORRUPT;
	memcpy(m->strip, in->strip, strlen(in->strip) + 1);
	for (size_t i = 0; i < in->n_voters; i++)
		m->voter[i] = in->voters[i];
	for (size_t i = 0; i < in->n_certs && i < MON_REGIONS_MAX; i++)
		m->cert_s[i] = in->certs[i];
	mon_set_acked_by(m, str_from_c(in->acked_by));
	if (in->parent_incident.len == sizeof m->parent_incident)
		memcpy(m->parent_incident, in->parent_incident.data, sizeof m->parent_incident);
	return shard_retime(s, m);
}

static np_err get_cursors(struct shard *s, const Np__I1__Snapshot *in)
{
	np_err e = NP_OK;
	for (size_t i = 0; e == NP_OK && i < in->n_closed; i++)
		e = cursors_put(s->cursors, &(struct cursor_row){ .checker = in->closed[i]->checker,
								  .closed = true,
								  .epoch = in->closed[i]->epoch });
	for (size_t i = 0; e == NP_OK && i < in->n_cursors; i++)
		e = cursors_put(s->cursors,
				&(struct cursor_row){ .checker = in->cursors[i]->checker,
						      .epoch = in->cursors[i]->epoch,
						      .last = in->cursors[i]->last });
	return e;
}

static np_err get_registry(struct shard *s, const Np__I1__Snapshot *in)
{
	np_err e = NP_OK;
	for (size_t i = 0; e == NP_OK && i < in->n_memberships; i++)
		e = members_add(s->members, in->memberships[i]);
	for (size_t i = 0; e == NP_OK && i < in->n_bans; i++)
		e = shard_put_ban(s,
				  &(struct shard_ban){ .checker = in->bans[i]->checker,
						       .region = in->bans[i]->region,
						       .at_us = in->bans[i]->at_us,
						       .registry_gen = in->bans[i]->registry_gen });
	for (size_t i = 0; e == NP_OK && i < in->n_caught_up; i++)
		e = shard_put_caught_up(s, in->caught_up[i]);
	return e;
}

static np_err get_all(struct shard *s, const Np__I1__Snapshot *in)
{
	if (in->version != SNAPSHOT_VERSION)
		return NP_E_VERSION;
	s->now_us = in->now_us;
	s->registry_gen = in->registry_gen;
	if (in->hold)
		s->hold = (struct shard_hold){ .on = true,
					       .folded = in->hold->until_us != 0,
					       .since_us = in->hold->since_us,
					       .folded_us = in->hold->until_us,
					       .at_us = in->hold_at_us };
	for (size_t i = 0; i < in->n_suspects; i++)
		shard_set_suspect(s, in->suspects[i], true);
	np_err e = get_cursors(s, in);
	if (e == NP_OK)
		e = get_registry(s, in);
	for (size_t i = 0; e == NP_OK && i < in->n_monitors; i++)
		e = get_monitor(s, in->monitors[i]);
	return e;
}

np_err snapshot_decode(np_str bytes, struct shard *s)
{
	struct arena *a = arena_new(SNAPSHOT_MAX);
	if (!a)
		return NP_E_NOMEM;
	ProtobufCMessage *msg;
	np_err e = pballoc_unpack(a, &np__i1__snapshot__descriptor, bytes, &msg);
	e = e == NP_E_PROTO ? NP_E_CORRUPT : e;
	if (e == NP_OK)
		e = get_all(s, (const Np__I1__Snapshot *)(const void *)msg);
	arena_free(a);
	return e;
}
