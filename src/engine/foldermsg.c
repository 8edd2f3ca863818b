/* SPDX-License-Identifier: Apache-2.0 */
/* What the keeper and the committer say to the folder. */
#include "base/clock.h"
#include "base/log.h"
#include "base/str.h"
#include "engine/folderin.h"
#include "engine/overlay.h"

#define CAREFUL_MS (10 * NP_SEC_MS)

/* ---- rows: inputs that wait for their turn ---- */

static void row_key(const Np__I1__Input *in, char ret[GROUP_KEY_MAX])
{
	ProtobufCBinaryData id = { 0 };
	ret[0] = '\0';
	if (in->kind_case == NP__I1__INPUT__KIND_COMMAND)
		id = in->command->inbox_id;
	else if (in->kind_case == NP__I1__INPUT__KIND_DEFINITION)
		id = in->definition->inbox_id;
	if (id.len != 16)
		return;
	ret[0] = 'c';
	ret[1] = ':';
	str_hex(id.data, 16, ret + 2);
	ret[2 + 32] = '\0';
}

/* Its commit failed before: the command is answered, and changes nothing. */
static void refuse(struct folder *f, const struct fold_what *w)
{
	Np__I1__CommandInput cmd = NP__I1__COMMAND_INPUT__INIT;
	Np__I1__Input in = NP__I1__INPUT__INIT;
	bool definition = w->input->kind_case == NP__I1__INPUT__KIND_DEFINITION;
	cmd.inbox_id = definition ? w->input->definition->inbox_id : w->input->command->inbox_id;
	cmd.monitor = definition ? w->input->definition->monitor : w->input->command->monitor;
	in.kind_case = NP__I1__INPUT__KIND_COMMAND;
	in.command = &cmd;
	folder_fold(f, &(struct fold_what){ .slot = w->slot, .input = &in, .key = w->key });
}

bool foldermsg_members(struct folder *f, struct slot *slot, const Np__I1__MembershipInput *m)
{
	const struct membership one = { .number = m->number,
					.from_us = m->from_us,
					.org = m->org,
					.n = m->n_members,
					.no = m->members,
					.hash = m->hashes };
	const struct membership *newest = members_newest(slot->s->members, m->region);
	Np__I1__Input in = NP__I1__INPUT__INIT;
	struct members_short s;
	if (newest && m->number <= newest->number)
		return true;
	if (members_shorten(m->region, newest, &one, &s) < 0)
		return false; /* polls bring it again */
	in.kind_case = NP__I1__INPUT__KIND_MEMBERSHIP;
	in.membership = &s.msg;
	bool folded = folder_fold(f, &(struct fold_what){ .slot = slot, .input = &in });
	members_short_done(&s);
	return folded;
}

static void fold_row(struct folder *f, struct slot *slot, Np__I1__Input *in)
{
	char key[GROUP_KEY_MAX];
	struct fold_what w = { .slot = slot, .input = in, .key = key };
	row_key(in, key);
	if (in->kind_case == NP__I1__INPUT__KIND_BAN) {
		if (shard_is_banned(slot->s, in->ban->checker))
			return;
		/* What it said a moment ago may not count after its ban (I5). */
		if (f->open && group_has_checker(f->open, in->ban->checker)) {
			folder_doubt(f);
			return;
		}
	}
	if (in->kind_case == NP__I1__INPUT__KIND_MEMBERSHIP) {
		(void)foldermsg_members(f, slot, in->membership);
		return;
	}
	if (key[0] && folder_is_poison(f, key))
		refuse(f, &w);
	else
		folder_fold(f, &w);
}

static void row_for_all(struct folder *f, const struct msg_row *row)
{
	for (uint32_t i = 0; i < NP_SHARDS; i++) {
		bool meant = row->shard == MSG_ALL_SHARDS || row->shard == i;
		if (meant && slot_is_live(&f->slot[i]))
			fold_row(f, &f->slot[i], row->input);
	}
}

static void drop_first(struct folder *f)
{
	struct pending *p = NP_CONTAINER_OF(f->rows.first, struct pending, row);
	struct slot *slot = &f->slot[p->msg->shard_no];
	if (p->msg->kind == MSG_ROWS && p->msg->mask)
		slot->parked = false; /* what it asked for is folded */
	f->rows.first = p->row.next;
	if (!f->rows.first)
		f->rows.last = NULL;
	f->rows.n--;
	msg_free(p->msg);
	free(p);
}

void foldermsg_rows(struct folder *f)
{
	while (f->rows.first) {
		struct pending *p = NP_CONTAINER_OF(f->rows.first, struct pending, row);
		while (p->next < p->msg->n) {
			if (!folder_has_room(f))
				return;
			row_for_all(f, &p->msg->row[p->next++]);
		}
		drop_first(f);
	}
}

static void keep_rows(struct folder *f, struct msg *m)
{
	struct pending *p = np_zalloc(sizeof *p);
	if (!p) {
		msg_free(m);
		return; /* polls bring them again when the shard is loaded next */
	}
	p->msg = m;
	fx_push(&f->rows, &p->row);
}

/* ---- shards ---- */

void foldermsg_hold(struct folder *f, struct slot *slot, int64_t since_us)
{
	Np__I1__ResumeInput resume = NP__I1__RESUME_INPUT__INIT;
	Np__I1__Input in = NP__I1__INPUT__INIT;
	resume.since_us = since_us;
	in.kind_case = NP__I1__INPUT__KIND_RESUME;
	in.resume = &resume;
	folder_fold(f, &(struct fold_what){ .slot = slot, .input = &in });
}

static void seed_presence(struct folder *f, const struct shard *s)
{
	int64_t now_us = clock_wall_us();
	size_t pos = 0;
	for (const struct mon *m; (m = shard_next_monitor(s, &pos));)
		for (uint32_t i = 0; i < m->def.region_n; i++)
			if (m->voter[i])
				presence_seed(f->presence, m->voter[i], m->def.region[i], now_us);
}

static void seed_members(void *ctx, uint32_t region, const struct membership *one)
{
	struct folder *f = ctx;
	for (size_t i = 0; i < one->n; i++)
		presence_seed(f->presence, one->no[i], region, clock_wall_us());
}

static void lose(struct folder *f, uint32_t no)
{
	struct slot *slot = &f->slot[no];
	if (f->open && f->open->part[no].used)
		folder_doubt(f); /* its other shards are ours still, and loaded again */
	shard_free(np_take(slot->s));
	size_t in_flight = slot->in_flight;
	*slot = (struct slot){ .in_flight = in_flight };
}

static void install(struct folder *f, struct msg *m)
{
	struct slot *slot = &f->slot[m->shard_no];
	if (slot->leaving)
		lose(f, m->shard_no); /* it came back before it had gone */
	if (slot->state == SLOT_DOUBT || slot->state == SLOT_HELD) {
		msg_free(m); /* it was loaded for an earlier wish: another one is on its way */
		return;
	}
	size_t in_flight = slot->in_flight;
	*slot = (struct slot){ .state = SLOT_HELD,
			       .s = np_take(m->shard),
			       .token = m->token,
			       .lease_ms = slot->lease_ms,
			       .in_flight = in_flight };
	slot->snapshot_ms =
		clock_mono_ms() + f->cfg.snapshot_ms * (int64_t)(m->shard_no + 1) / NP_SHARDS;
	if (m->gen > slot->s->registry_gen)
		slot->s->registry_gen = m->gen;
	say_set_token(f->say, m->shard_no, m->token);
	seed_presence(f, slot->s);
	members_each(slot->s->members, seed_members, f);
	if (slot->s->now_us > 0)
		foldermsg_hold(f, slot, slot->s->now_us);
	keep_rows(f, m);
}

static void yield(struct folder *f, uint32_t no)
{
	if (f->slot[no].state == SLOT_HELD)
		f->slot[no].leaving = true;
	else
		lose(f, no);
}

static void lease(struct folder *f, const struct msg *m)
{
	for (uint32_t i = 0; i < NP_SHARDS; i++)
		if (m->mask >> i & 1)
			f->slot[i].lease_ms = m->until_ms;
}

/* ---- groups that ended ---- */

static void doubt_parts(struct folder *f, const struct group *g)
{
	for (uint32_t i = 0; i < NP_SHARDS; i++) {
		struct slot *slot = &f->slot[i];
		if (!g->part[i].used || slot->state != SLOT_HELD || slot->token != g->part[i].token)
			continue;
#ifdef NP_MUTANT_KEEP_MEMORY
		if (g->part[i].from < slot->s->pos) /* those queued behind end later */
			slot->s->pos = g->part[i].from;
#else
		shard_free(np_take(slot->s));
		slot->state = SLOT_DOUBT;
		metric_add(f->m.reloads, 1);
#endif
	}
}

/* Is it what was in it that the database refused, and not the state the database is in? */
static bool is_about_content(const struct group *g)
{
	np_str s = str_from_c(g->sqlstate);
	if (str_eq_c(s, "23514")) /* no partition for that day */
		return false;
	return str_starts(s, NP_STR("22")) || str_starts(s, NP_STR("23")) ||
	       str_starts(s, NP_STR("54"));
}

void foldermsg_blame(struct folder *f, const struct group *g)
{
	f->careful_ms = clock_mono_ms() + CAREFUL_MS;
	if (g->inputs != 1 || !is_about_content(g) || g->key.text[0] == '\0')
		return;
	np_log(NP_ERROR, "input.poison", KV_C("input", g->key.text), KV_C("sqlstate", g->sqlstate));
	folder_note_poison(f, g->key.text);
}

#ifndef NP_MUTANT_KEEP_MEMORY
static bool shares_shard(const struct group *open, const struct group *g)
{
	for (size_t i = 0; open && i < NP_SHARDS; i++)
		if (open->part[i].used && g->part[i].used)
			return true;
	return false;
}
#endif

static void ended(struct folder *f, struct group *g)
{
	for (uint32_t i = 0; i < NP_SHARDS; i++)
		f->slot[i].in_flight -= g->part[i].used;
	f->in_flight--;
	f->moved_us = clock_mono_us();
	f->in_flight_bytes -= g->bytes;
	metric_set(f->m.in_flight, (int64_t)f->in_flight);
	if (g->end == GROUP_DONE)
		return;
	if (g->end == GROUP_FAILED && g->err != NP_E_FENCED && g->err != NP_E_REGISTRY &&
	    g->err != NP_E_CANCELED)
		foldermsg_blame(f, g);
#ifdef NP_MUTANT_KEEP_MEMORY
	group_free(np_take(f->open));
	say_clear(f->say);
	f->era++;
#else
	if (g->end == GROUP_FAILED || shares_shard(f->open, g))
		folder_doubt(f); /* what was folded on top of it goes too */
#endif
	doubt_parts(f, g);
}

/* ---- all of them ---- */

static void set_channels(struct folder *f, struct msg *m)
{
	if (f->channels)
		map_free(f->channels, NULL);
	f->channels = np_take(m->channels);
	f->facts.channels = f->channels;
}

static void take(struct folder *f, struct msg *m)
{
	switch (m->kind) {
	case MSG_SHARD:
		install(f, m);
		return;
	case MSG_ROWS:
		keep_rows(f, m);
		return;
	case MSG_LOST:
		lose(f, m->shard_no);
		break;
	case MSG_YIELD:
		yield(f, m->shard_no);
		break;
	case MSG_LEASE:
		lease(f, m);
		break;
	case MSG_CHECKERS:
		presence_register(f->presence, m);
		break;
	case MSG_CHANNELS:
		set_channels(f, m);
		break;
	case MSG_GROUP:
		ended(f, m->group);
		break;
	case MSG_BEHIND:
		f->behind = m->on;
		break;
	case MSG_PARENTS:
	case MSG_TRUST:
	case MSG_WINDOWS:
		overlay_take(f->overlay, m);
		f->second_ms = 0; /* compare at once: a child may be about to decide */
		return;
	case MSG_TALLY:
	case MSG_LOAD:
	case MSG_WANT:
	case MSG_SEEN:
	case MSG_NUDGE:
		break; /* not for us */
	}
	msg_free(m);
}

void foldermsg_drain(struct folder *f)
{
	for (struct msg *m; (m = mbox_try_recv(f->cfg.in));)
		take(f, m);
}
