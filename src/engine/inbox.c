/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/inbox.h"

#include "base/clock.h"
#include "base/str.h"
#include "engine/feeddef.h"
#include "engine/sql.h"

struct inbox {
	struct map *given; /* ids of commands that the folder has */
	bool more;         /* the newest poll left some for the next */
};

struct inbox *inbox_new(void)
{
	struct inbox *x = np_zalloc(sizeof *x);
	if (x)
		x->given = map_new(INBOX_MAX);
	if (x && !x->given) {
		free(x);
		return NULL;
	}
	return x;
}

void inbox_free(struct inbox *x)
{
	if (!x)
		return;
	map_free(x->given, NULL);
	free(x);
}

static np_err add_define(struct pg_conn *c, const struct pg_res *row_of, size_t row,
			 struct msg *rows)
{
	struct msg_want want = { .monitor = (uint64_t)pg_res_i64(row_of, row, 3),
				 .revision = (uint32_t)pg_res_i64(row_of, row, 7) };
	Np__I1__DefinitionInput *d;
	np_err e = feeddef_one(c, &want, rows, &d);
	if (e == NP_OK) {
		d->inbox_id = feeddef_uuid(rows, row_of, row, 0);
		d->actor = feeddef_text(rows, pg_res_str(row_of, row, 4));
	}
	return e < 0 || (d->inbox_id.data && d->actor) ? e : NP_E_NOMEM;
}

static np_err add_command(const struct pg_res *res, size_t row, struct msg *rows)
{
	Np__I1__CommandInput *cmd = arena_alloc(rows->arena, sizeof *cmd);
	Np__I1__Input *in;
	np_err e = msg_add_row(rows, (uint32_t)pg_res_i64(res, row, 1), &in);
	if (e < 0 || !cmd)
		return NP_E_NOMEM;
	*cmd = (Np__I1__CommandInput)NP__I1__COMMAND_INPUT__INIT;
	cmd->inbox_id = feeddef_uuid(rows, res, row, 0);
	cmd->monitor = (uint64_t)pg_res_i64(res, row, 3);
	cmd->actor = feeddef_text(rows, pg_res_str(res, row, 4));
	cmd->command = feeddef_text(rows, pg_res_str(res, row, 5));
	cmd->body_json = feeddef_text(rows, pg_res_str(res, row, 6));
	if (!cmd->inbox_id.data || !cmd->actor || !cmd->command || !cmd->body_json)
		return NP_E_NOMEM;
	in->kind_case = NP__I1__INPUT__KIND_COMMAND;
	in->command = cmd;
	return NP_OK;
}

static np_err query_inbox(struct pg_conn *c, uint32_t mask, struct pg_res **ret)
{
	NP_CLEANUP(pg_params_done) struct pg_params p;
	struct pg_array ids;
	pg_array_init(&ids, PG_INT2);
	for (uint32_t i = 0; i < NP_SHARDS; i++)
		if (mask >> i & 1)
			pg_array_int(&ids, i);
	pg_params_init(&p);
	pg_params_array(&p, &ids);
	pg_array_done(&ids);
	return pg_exec(c, sql_text(SQL_INBOX), &p, ret);
}

np_err inbox_poll(struct inbox *x, struct pg_conn *c, uint32_t mask, struct msg *rows)
{
	NP_CLEANUP(pg_res_free_p) struct pg_res *res = NULL;
	np_err e = query_inbox(c, mask, &res);
	struct map *given = e == NP_OK ? map_new(INBOX_MAX) : NULL;
	if (!given)
		return e < 0 ? e : NP_E_NOMEM;
	int64_t until_ms = clock_mono_ms() + INBOX_POLL_MS;
	x->more = false;
	for (size_t i = 0; e == NP_OK && i < pg_res_rows(res); i++) {
		uint8_t id[16] = { 0 };
		pg_res_uuid(res, i, 0, id);
		bool had = map_get(x->given, map_key_id(id)) != NULL;
		if (!had && clock_mono_ms() > until_ms) {
			x->more = true;
			continue;
		}
		if (!had && str_eq_c(pg_res_str(res, i, 5), "define"))
			e = add_define(c, res, i, rows);
		else if (!had)
			e = add_command(res, i, rows);
		if (e == NP_E_NOTFOUND) /* no such revision: let the fold refuse it */
			e = add_command(res, i, rows);
		if (e == NP_OK)
			e = map_put(given, map_key_id(id), x, NULL); /* any value: it is a set */
	}
	map_free(x->given, NULL); /* what is decided is not asked for again */
	x->given = given;
	return e;
}

bool inbox_has_more(const struct inbox *x)
{
	return x->more;
}

void inbox_forget(struct inbox *x)
{
	size_t pos = 0;
	uint64_t key;
	void *value;
	while (map_next(x->given, &pos, &key, &value))
		(void)map_del(x->given, key);
}
