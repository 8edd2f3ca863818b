/* SPDX-License-Identifier: Apache-2.0 */
/* Folding again gives the same: from the log, and from a snapshot anywhere in it. */
#include "world.h"

#include "engine/group.h"
#include "engine/replay.h"
#include "engine/snapshot.h"

#define MONITORS 4
#define STEPS 400

struct story {
	struct world w;
	struct group *g;
	uint64_t x; /* randomness */
	uint64_t members;
	uint32_t revision[MONITORS + 1];
};

static uint64_t pick(struct story *t, uint64_t n)
{
	t->x = t->x * 6364136223846793005u + 1442695040888963407u;
	return (t->x >> 33) % n;
}

/* As the folder does: first into the row, then into the state. */
static void add(struct story *t, Np__I1__Input *in)
{
	in->at_us = t->w.now_us;
	if (in->at_us < t->w.s->now_us)
		in->at_us = t->w.s->now_us;
	assert_ok(group_log(t->g, group_part(t->g, t->w.s, 1), in, 1));
	assert_ok(fold_input(t->w.s, in, t->g->fx));
}

static void add_batch(struct story *t)
{
	uint64_t seq = cursors_last(t->w.s->cursors, WORLD_CHECKER, WORLD_EPOCH);
	t->w.seq = seq;
	struct res_record r[8];
	size_t n = 1 + pick(t, NP_LEN(r));
	uint64_t skip = seq > 0 && n > 1 && pick(t, 4) == 0 ? 1 : 0;
	for (size_t i = 0; i < n; i++) {
		uint64_t m = 16 * (1 + pick(t, MONITORS)), kind = pick(t, 10);
		r[i] = world_record(&t->w, m,
				    kind < 4   ? RES_FAIL
				    : kind < 9 ? RES_OK
					       : RES_UNKNOWN);
		r[i].slot_us -= (int64_t)pick(t, 3000000);
		r[i].attempt = (uint32_t)pick(t, 3);
	}
	add(t, world_batch(&t->w, &(struct world_batch){
					  .first = seq + 1 - skip, .skip = skip, .n = n, .r = r }));
}

static void add_timer(struct story *t)
{
	enum tmr_kind kind;
	int64_t due_us;
	struct mon *m = shard_next_timer(t->w.s, &kind, &due_us);
	if (!m)
		return;
	t->w.now_us = due_us > t->w.now_us ? due_us : t->w.now_us;
	add(t, world_timer(&t->w, m->no, kind, m->st.inc.timers.of[kind].generation));
}

static void add_definition(struct story *t)
{
	static const char *const more[] = { "", ",\"paused\":true", ",\"interval_s\":10",
					    ",\"quorum\":\"any\"" };
	uint64_t m = 1 + pick(t, MONITORS);
	add(t, world_define(&t->w, 16 * m, ++t->revision[m], more[pick(t, NP_LEN(more))]));
}

static void add_command(struct story *t)
{
	static const char *const names[] = { "acknowledge", "unacknowledge", "resolve", "note",
					     "check" };
	uint64_t m = 16 * (1 + pick(t, MONITORS));
	const struct mon *mon = shard_monitor(t->w.s, m);
	char uuid[36] = "00000000-0000-0000-0000-00000000000";
	uint8_t id[16];
	if (mon) {
		mon_incident_id(mon, id);
		str_uuid(id, uuid);
	}
	np_str body = arena_printf(t->w.arena, "{\"incident\":\"%.36s\"}", uuid);
	add(t, world_command(&t->w, m, names[pick(t, NP_LEN(names))], body.p));
}

static void one_step(struct story *t)
{
	t->w.now_us += (int64_t)pick(t, 4000000);
	uint64_t kind = pick(t, 100);
	if (kind < 55)
		add_batch(t);
	else if (kind < 85)
		add_timer(t);
	else if (kind < 88)
		add_definition(t);
	else if (kind < 93)
		add_command(t);
	else if (kind < 94)
		add(t, world_members(&t->w, ++t->members, (uint64_t[]){ WORLD_CHECKER, 99 }, 2));
	else if (kind < 96)
		add(t, world_resume(&t->w, t->w.now_us - 5000000, 0));
	else if (kind < 97)
		add(t, world_resume(&t->w, 1, t->w.now_us));
	else if (kind < 98)
		add(t, world_heard(&t->w, pick(t, 2) ? 99 : WORLD_CHECKER, 0));
	else if (kind < 99)
		add(t, world_timer(&t->w, 0, SHARD_TIMER_HOLD, 0));
	else
		add(t, world_timer(&t->w, WORLD_CHECKER, SHARD_TIMER_SILENT, 0));
}

static void begin_group(struct story *t, uint64_t serial)
{
	t->g = group_new(serial, 1, NULL);
	assert_non_null(t->g);
}

/* The row as it would stand in np.log: close_part's part, before the bytes are given away. */
static np_str row_of(struct story *t, struct arena *a)
{
	struct group_part *p = &t->g->part[0];
	struct buf row;
	buf_init(&row, GROUP_LOG_MAX);
	assert_ok(buf_add(&row, buf_str(&p->log)));
	np_str own = arena_str(a, buf_str(&row));
	buf_done(&row);
	return own;
}

static void reload(struct shard **s)
{
	struct buf bytes;
	buf_init(&bytes, SNAPSHOT_MAX);
	assert_ok(snapshot_encode(*s, &bytes));
	struct shard *other = shard_new(0);
	assert_ok(snapshot_decode(buf_str(&bytes), other));
	other->pos = (*s)->pos;
	buf_done(&bytes);
	world_assert_same(*s, other);
	shard_free(*s);
	*s = other;
}

/* One shard folds live; one only from the log; one is written down and read back all the time. */
static void one_story(uint64_t seed)
{
	struct story t = { .x = seed };
	world_init(&t.w, 0);
	struct shard *log = shard_new(0), *snap = shard_new(0);
	struct arena *rows = arena_new(64 * 1024 * 1024);
	begin_group(&t, 1);
	add(&t, world_members(&t.w, ++t.members, (uint64_t[]){ WORLD_CHECKER }, 1));
	for (uint64_t m = 1; m <= MONITORS; m++)
		add(&t, world_define(&t.w, 16 * m, ++t.revision[m], ""));
	for (uint64_t i = 2; i < STEPS; i++) {
		one_step(&t);
		if (pick(&t, 5) != 0 || t.g->inputs == 0)
			continue;
		np_str row = row_of(&t, rows);
		assert_ok(group_close(t.g));
		group_free(t.g);
		begin_group(&t, i);
		assert_ok(replay_row(log, row, NULL));
		assert_ok(replay_row(snap, row, NULL));
		assert_int_equal(log->pos, t.w.s->pos);
		world_assert_same(t.w.s, log);
		world_assert_same(t.w.s, snap);
		if (pick(&t, 3) == 0)
			reload(&snap);
	}
	group_free(t.g);
	shard_free(log);
	shard_free(snap);
	arena_free(rows);
	world_done(&t.w);
}

static void the_log_gives_the_same(void **state NP_UNUSED)
{
	for (uint64_t seed = 1; seed <= 60; seed++)
		one_story(seed);
}

/* Cut or flipped bytes are refused, never crash. */
static void damaged_snapshots_are_refused(void **state NP_UNUSED)
{
	struct world w;
	world_init(&w, 0);
	assert_ok(world_fold(&w, world_members(&w, 1, (uint64_t[]){ WORLD_CHECKER }, 1)));
	for (uint64_t m = 1; m <= 3; m++)
		assert_ok(world_fold(&w, world_define(&w, 16 * m, 1, "")));
	assert_ok(world_result(&w, 16, RES_OK));
	struct buf bytes;
	buf_init(&bytes, SNAPSHOT_MAX);
	assert_ok(snapshot_encode(w.s, &bytes));
	for (size_t i = 0; i < bytes.n; i += 3) {
		struct shard *s = shard_new(0);
		bytes.p[i] ^= 0x15;
		np_err e = snapshot_decode(buf_str(&bytes), s);
		assert_true(e == NP_OK || e == NP_E_CORRUPT || e == NP_E_VERSION);
		bytes.p[i] ^= 0x15;
		shard_free(s);
	}
	buf_done(&bytes);
	world_done(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_log_gives_the_same),
		cmocka_unit_test(damaged_snapshots_are_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
