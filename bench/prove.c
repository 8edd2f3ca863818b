/* SPDX-License-Identifier: Apache-2.0 */
/* netpulse-prove: does the log hold exactly what was acknowledged?
 *
 * Reads every row of the log and the file that netpulse-load wrote. Per checker and
 * epoch the numbers stored must follow one another without a gap (lost) or an overlap
 * (twice), and reach at least the highest number acknowledged (lost). Prints JSON. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/args.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/map.h"
#include "base/str.h"
#include "engine/logread.h"
#include "internal.pb-c.h"
#include "pg/pg.h"
#include "record.h"
#include "wire/batch.h"
#include "wire/pballoc.h"

#define LOG_ARENA_MAX ((size_t)512 * 1024 * 1024)
#define ACKS_MAX ((size_t)4 * 1024 * 1024 * 1024)
#define STATEMENT_MS 60000

static const struct arg_opt opts[] = {
	{ "db", "DIR", "folder of PostgreSQL's socket", NULL },
	{ "password-file", "FILE", "of the owner, np_admin", NULL },
	{ "acks", "FILE", "what netpulse-load wrote", NULL },
};
static const struct arg_spec spec = {
	.usage = "netpulse-prove --db DIR --password-file FILE --acks FILE",
	.about = "Hold the log against what was acknowledged.",
	.opts = opts,
	.n = NP_LEN(opts),
};

struct one { /* a checker; a worker of the load has one epoch and one shard */
	uint64_t epoch, stored, acked;
	int64_t count_acked;
};
struct prove {
	struct pg_conn *c;
	struct map *ones;
	struct arena *arena, *items;
	uint64_t rows, bytes, committed, lost, twice, odd;
};

static struct one *one_of(struct prove *p, uint64_t checker)
{
	struct one *o = map_get(p->ones, checker);
	if (o)
		return o;
	o = np_zalloc(sizeof *o);
	if (o && map_put(p->ones, checker, o, NULL) == NP_OK)
		return o;
	free(o);
	return NULL;
}

static np_err read_acks(struct prove *p, const char *path)
{
	NP_CLEANUP(buf_done) struct buf b;
	buf_init(&b, ACKS_MAX);
	np_err e = file_read(path, &b);
	for (size_t at = 0; e == NP_OK && at + sizeof(struct record_ack) <= b.n;
	     at += sizeof(struct record_ack)) {
		struct record_ack a;
		memcpy(&a, b.p + at, sizeof a);
		struct one *o = one_of(p, a.checker);
		if (!o)
			return NP_E_NOMEM;
		o->epoch = a.epoch;
		o->count_acked += a.count;
		if (a.first_seq + a.count - 1 > o->acked)
			o->acked = a.first_seq + a.count - 1;
	}
	return e;
}

static np_err on_input(struct prove *p, const Np__I1__BatchInput *in)
{
	struct one *o = map_get(p->ones, in->checker);
	struct batch *b = NULL;
	if (!o)
		return NP_OK; /* no worker of this load */
	arena_reset(p->items);
	np_err e = batch_decode(p->items, pballoc_bytes(in->batch), &b);
	if (e < 0)
		return e;
	const struct batch_head *h = batch_head(b);
	if (h->epoch != o->epoch)
		return NP_OK; /* of a run before */
	uint64_t first = h->first_seq + in->skip, end = h->first_seq + h->numbers;
	if (first > o->stored + 1)
		p->lost += first - o->stored - 1;
	if (first < o->stored + 1)
		p->twice += (end < o->stored + 1 ? end : o->stored + 1) - first;
	p->committed += end - first;
	if (end - 1 > o->stored)
		o->stored = end - 1;
	return NP_OK;
}

static np_err on_row(struct prove *p, np_str inputs)
{
	ProtobufCMessage *m = NULL;
	arena_reset(p->arena);
	np_err e = pballoc_unpack(p->arena, &np__i1__log_row__descriptor, inputs, &m);
	if (e < 0)
		return e;
	const Np__I1__LogRow *row = (const Np__I1__LogRow *)(const void *)m;
	p->rows++;
	p->bytes += inputs.n;
	for (size_t i = 0; e == NP_OK && i < row->n_inputs; i++)
		if (row->inputs[i]->kind_case == NP__I1__INPUT__KIND_BATCH)
			e = on_input(p, row->inputs[i]->batch);
	return e;
}

/* Wherever the rows lie by now: the historian repacks old ones. */
static np_err read_shard(struct prove *p, uint32_t shard)
{
	struct logread r;
	struct logpack_row row;
	logread_init(&r, p->c, shard, 0, INT64_MIN);
	np_err e = NP_OK;
	while (e == NP_OK) {
		e = pg_conn_ready(p->c, clock_mono_ms() + STATEMENT_MS);
		if (e == NP_OK)
			e = logread_next(&r, &row);
		if (e == NP_OK)
			e = on_row(p, row.inputs);
	}
	logread_done(&r);
	return e == NP_E_NOTFOUND ? NP_OK : e;
}

static void sum_up(struct prove *p, uint64_t *ret_acked)
{
	size_t pos = 0;
	uint64_t key;
	void *value;
	while (map_next(p->ones, &pos, &key, &value)) {
		const struct one *o = value;
		*ret_acked += (uint64_t)o->count_acked;
		if (o->acked > o->stored)
			p->lost += o->acked - o->stored;
	}
}

static np_err run(const struct args *a)
{
	const struct pg_conf conf = { .host = args_str(a, "db"),
				      .port = 5432,
				      .name = "netpulse",
				      .user = "np_admin",
				      .app = "netpulse-prove",
				      .password_file = args_str(a, "password-file") };
	struct prove p = { .c = pg_conn_new(&conf),
			   .ones = map_new(1000000),
			   .arena = arena_new(LOG_ARENA_MAX),
			   .items = arena_new(BATCH_ARENA_MAX) };
	uint64_t acked = 0;
	if (!p.c || !p.ones || !p.arena || !p.items || !conf.host || !args_str(a, "acks"))
		return NP_E_INVAL;
	np_err e = read_acks(&p, args_str(a, "acks"));
	for (uint32_t shard = 0; e == NP_OK && shard < NP_SHARDS; shard++)
		e = read_shard(&p, shard);
	if (e < 0) {
		(void)fprintf(stderr, "netpulse-prove: %s\n", pg_conn_error(p.c)->message);
		return e;
	}
	sum_up(&p, &acked);
	(void)printf("{\"acked\": %llu, \"committed\": %llu, \"lost\": %llu, \"twice\": %llu,"
		     " \"log_rows\": %llu, \"log_bytes\": %llu}\n",
		     (unsigned long long)acked, (unsigned long long)p.committed,
		     (unsigned long long)p.lost, (unsigned long long)p.twice,
		     (unsigned long long)p.rows, (unsigned long long)p.bytes);
	pg_conn_free(p.c);
	map_free(p.ones, free);
	arena_free(p.arena);
	arena_free(p.items);
	return NP_OK;
}

int main(int argc, char **argv)
{
	NP_CLEANUP(buf_done) struct buf why;
	struct args *args = NULL;
	buf_init(&why, 4096);
	np_err e = args_parse(&spec, argc, argv, &args, &why);
	if (e == NP_E_CANCELED)
		return 0;
	if (e == NP_OK)
		e = run(args);
	if (e < 0)
		(void)fprintf(stderr, "netpulse-prove: %s\n", why.n ? buf_c(&why) : np_err_text(e));
	args_free(args);
	return e < 0;
}
