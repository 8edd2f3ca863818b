/* SPDX-License-Identifier: Apache-2.0 */
#include "checker/assign.h"

#include "base/file.h"
#include "base/log.h"
#include "base/map.h"
#include "checker/crc32c.h"
#include "wire/pballoc.h"

#define FILE_MAGIC 0x3141504eU /* "NPA1" */
#define FILE_VERSION 1
#define ONE_ARENA_MAX ((size_t)1024 * 1024)
#define ONE_MAX ((size_t)256 * 1024) /* a monitor, encoded */

struct kept {
	bool stale; /* not named (yet) in a full assignment */
	size_t n;
	char bytes[]; /* np.v1.Monitor */
};

struct assign {
	struct loop *loop;
	struct runner *runner;
	char *path;
	struct map *kept;
	struct loop_timer *save;
	struct arena *arena;
	uint64_t generation;
	bool in_full, known, dirty, saving;
	struct buf file; /* being written by the pool */
	np_err err;
};

static void encode(struct assign *a)
{
	size_t pos = 0;
	uint64_t no;
	void *value;
	buf_init(&a->file, ASSIGN_FILE_MAX);
	buf_add_le32(&a->file, FILE_MAGIC);
	buf_add_u8(&a->file, FILE_VERSION);
	buf_add_le64(&a->file, a->generation);
	while (map_next(a->kept, &pos, &no, &value)) {
		const struct kept *k = value;
		buf_add_le32(&a->file, (uint32_t)k->n);
		buf_add(&a->file, (np_str){ k->bytes, k->n });
	}
	buf_add_le32(&a->file, crc32c(0, buf_str(&a->file)));
}

static void run_save(void *ctx)
{
	struct assign *a = ctx;
	a->err = file_write_atomic(a->path, buf_str(&a->file), 0600);
}

static void after_save(void *ctx)
{
	struct assign *a = ctx;
	a->saving = false;
	buf_done(&a->file);
	if (a->err < 0) {
		a->dirty = true;
		np_log(NP_WARN, "assignment.not_saved", KV_ERR(a->err));
	}
	if (a->dirty)
		loop_timer_at(a->save, loop_now_ms(a->loop) + ASSIGN_SAVE_MS);
}

static void on_save(void *ctx)
{
	struct assign *a = ctx;
	if (a->saving || !a->dirty)
		return;
	encode(a);
	a->dirty = false;
	a->saving = buf_failed(&a->file) == NP_OK &&
		    loop_work(a->loop, run_save, after_save, a) == NP_OK;
	if (!a->saving) {
		a->dirty = true;
		buf_done(&a->file);
		loop_timer_at(a->save, loop_now_ms(a->loop) + ASSIGN_SAVE_MS);
	}
}

np_err assign_new(struct loop *l, struct runner *r, const char *path, struct assign **ret_assign)
{
	struct assign *a = np_zalloc(sizeof *a);
	if (!a)
		return NP_E_NOMEM;
	a->loop = l;
	a->runner = r;
	a->path = np_strdup(str_from_c(path));
	a->kept = map_new(RUNNER_MONITORS_MAX);
	a->save = loop_timer_new(l, on_save, a);
	a->arena = arena_new(ONE_ARENA_MAX);
	if (!a->path || !a->kept || !a->save || !a->arena) {
		assign_free(a);
		return NP_E_NOMEM;
	}
	*ret_assign = a;
	return NP_OK;
}

void assign_free(struct assign *a)
{
	if (!a)
		return;
	while (a->saving)
		loop_run_for(a->loop, 10);
	if (a->dirty) {
		encode(a);
		if (buf_failed(&a->file) == NP_OK)
			run_save(a);
		buf_done(&a->file);
	}
	if (a->kept)
		map_free(a->kept, free);
	loop_timer_free(a->save);
	arena_free(a->arena);
	free(a->path);
	free(a);
}

/* ---- one monitor ------------------------------------------------------------------------------ */

static void run_it(struct assign *a, const Np__V1__Monitor *m)
{
	struct check_def *def = NULL;
	np_err e = def_new(m, &def);
	if (e < 0) {
		np_log(NP_WARN, "assignment.monitor_refused", KV_U64("monitor", m->monitor),
		       KV_ERR(e));
		return;
	}
	runner_set(a->runner, def);
}

static void keep_it(struct assign *a, const Np__V1__Monitor *m)
{
	size_t n = np__v1__monitor__get_packed_size(m);
	struct kept *k = n <= ONE_MAX ? np_zalloc(sizeof *k + n) : NULL;
	void *old = NULL;
	if (!k)
		return;
	k->n = np__v1__monitor__pack(m, (uint8_t *)k->bytes);
	if (map_put(a->kept, m->monitor, k, &old) < 0)
		free(k);
	free(old);
}

static void drop_it(struct assign *a, uint64_t monitor)
{
	free(map_del(a->kept, monitor));
	runner_remove(a->runner, monitor);
}

/* ---- a message ---------------------------------------------------------------------------------- */

static void full_begin(struct assign *a)
{
	size_t pos = 0;
	uint64_t no;
	void *value;
	runner_full_begin(a->runner);
	while (map_next(a->kept, &pos, &no, &value))
		((struct kept *)value)->stale = true;
	a->in_full = true;
}

static void full_end(struct assign *a)
{
	size_t pos = 0;
	uint64_t no;
	void *value;
	runner_full_end(a->runner);
	while (map_next(a->kept, &pos, &no, &value))
		if (((struct kept *)value)->stale)
			free(map_del(a->kept, no));
	a->in_full = false;
	a->known = true;
}

void assign_take(struct assign *a, const Np__V1__Assign *m)
{
	if (m->full)
		full_begin(a);
	for (size_t i = 0; i < m->n_upsert; i++) {
		run_it(a, m->upsert[i]);
		keep_it(a, m->upsert[i]);
	}
	for (size_t i = 0; i < m->n_remove; i++)
		drop_it(a, m->remove[i]);
	a->dirty = true;
	if (!loop_timer_is_set(a->save))
		loop_timer_at(a->save, loop_now_ms(a->loop) + ASSIGN_SAVE_MS);
	if (m->more)
		return;
	enum np_log_level level = a->in_full ? NP_INFO : NP_DEBUG;
	if (a->in_full)
		full_end(a);
	a->generation = m->generation;
	np_log(level, "assignment.taken", KV_U64("generation", m->generation),
	       KV_U64("monitors", runner_monitors(a->runner)));
}

/* ---- the copy ----------------------------------------------------------------------------------- */

static np_err load_one(struct assign *a, struct cur *c)
{
	uint32_t n = 0;
	np_str bytes;
	ProtobufCMessage *msg = NULL;
	arena_reset(a->arena);
	if (cur_le32(c, &n) < 0 || n > ONE_MAX || cur_bytes(c, n, &bytes) < 0 ||
	    pballoc_unpack(a->arena, &np__v1__monitor__descriptor, bytes, &msg) < 0)
		return NP_E_CORRUPT;
	run_it(a, (const Np__V1__Monitor *)msg);
	keep_it(a, (const Np__V1__Monitor *)msg);
	return NP_OK;
}

np_err assign_load(struct assign *a)
{
	NP_CLEANUP(buf_done) struct buf b;
	buf_init(&b, ASSIGN_FILE_MAX);
	np_err e = file_read(a->path, &b);
	if (e < 0)
		return e;
	uint32_t magic = 0, crc = 0;
	uint8_t version = 0;
	uint64_t generation = 0;
	np_str body = str_sub(buf_str(&b), 0, b.n < 4 ? 0 : b.n - 4);
	struct cur c = { body }, tail = { str_sub(buf_str(&b), body.n, b.n) };
	if (cur_le32(&tail, &crc) < 0 || crc != crc32c(0, body) || cur_le32(&c, &magic) < 0 ||
	    magic != FILE_MAGIC || cur_u8(&c, &version) < 0)
		return NP_E_CORRUPT;
	if (version != FILE_VERSION || cur_le64(&c, &generation) < 0)
		return NP_E_VERSION;
	while (e == NP_OK && c.rest.n > 0)
		e = load_one(a, &c);
	return e;
}

uint64_t assign_generation(const struct assign *a)
{
	return a->generation;
}

bool assign_is_known(const struct assign *a)
{
	return a->known;
}
