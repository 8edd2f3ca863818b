/* SPDX-License-Identifier: Apache-2.0 */
/* `netpulse replay`: the log of a monitor's shard folded again, with the engine's own functions, and
 * its incidents held against the stored ones. The same history must give the same incidents. */
#include "base/clock.h"
#include "base/str.h"
#include "cli/cli.h"
#include "cli/owner.h"
#include "cli/tryrules.h"
#include "engine/replay.h"

#define DB_MS (10 * NP_MIN_MS)
#define INCIDENTS_MAX 100000

static const struct arg_opt opts[] = {
	OWNER_OPT,
	{ "monitor", "MONITOR", "its id, or its exact name", NULL },
	{ "from", "TIME", "only incidents from then on (RFC 3339)", NULL },
	{ "to", "TIME", "only incidents before then", NULL },
	{ "rules", "FILE", "what other rules would have made of it (YAML or JSON)", NULL },
	{ "json", NULL, "print JSON, for scripts", NULL },
};
static const struct arg_spec spec = {
	.usage = "netpulse replay --config FILE --monitor MONITOR [options]",
	.about =
		"Fold the log again and compare with the stored incidents. Reads the database\n"
		"directly, changes nothing. Exit code 1 when they differ. With --rules: the parts of\n"
		"a definition in FILE are laid over the monitor's, and what would have been is said.",
	.opts = opts,
	.n = NP_LEN(opts),
};

struct seen {
	uint8_t id[16];
	int64_t opened_us, closed_us; /* closed 0: open */
};
struct replay {
	struct command *c;
	struct owner db;
	uint64_t monitor;
	uint32_t shard;
	uint64_t pos;
	int64_t first_us; /* of the first folded input */
	int64_t from_us, to_us;
	struct seen *list;
	size_t n;
};

/* After each input: has this monitor's newest incident opened or closed? */
static np_err watch(void *ctx, struct shard *s, const Np__I1__Input *in)
{
	struct replay *r = ctx;
	const struct mon *m = shard_monitor(s, r->monitor);
	if (r->first_us == 0)
		r->first_us = in->at_us > r->from_us ? in->at_us : r->from_us;
	if (m == NULL || m->st.inc.ordinal == 0 || m->st.inc.opened_us < r->from_us ||
	    m->st.inc.opened_us >= r->to_us)
		return NP_OK;
	struct seen now = { .opened_us = m->st.inc.opened_us,
			    .closed_us = m->st.inc.open ? 0 : m->st.inc.closed_us };
	mon_incident_id(m, now.id);
	if (r->n > 0 && memcmp(r->list[r->n - 1].id, now.id, sizeof now.id) == 0) {
		r->list[r->n - 1] = now;
		return NP_OK;
	}
	if (r->n == INCIDENTS_MAX)
		return NP_E_LIMIT;
	r->list[r->n++] = now;
	return NP_OK;
}

static np_err find_monitor(struct replay *r, const char *what)
{
	NP_CLEANUP(pg_params_done) struct pg_params p;
	NP_CLEANUP(pg_res_free_p) struct pg_res *res = NULL;
	pg_params_init(&p);
	pg_params_c(&p, what);
	np_err e = pg_exec(
		r->db.db,
		"SELECT m.id, s.id, s.pos FROM np.monitor m JOIN np.shard s ON s.id = m.shard "
		" WHERE m.uuid::text = $1 OR m.name = $1 ORDER BY m.deleted_at NULLS FIRST LIMIT 1",
		&p, &res);
	if (e == NP_OK && pg_res_rows(res) == 0) {
		(void)buf_printf(&r->c->why, "no monitor has the id or name %s", what);
		return NP_E_NOTFOUND;
	}
	if (e < 0)
		return e;
	r->monitor = (uint64_t)pg_res_i64(res, 0, 0);
	r->shard = (uint32_t)pg_res_i64(res, 0, 1);
	r->pos = (uint64_t)pg_res_i64(res, 0, 2);
	return NP_OK;
}

static const struct seen *find_seen(const struct replay *r, const uint8_t id[16])
{
	for (size_t i = 0; i < r->n; i++)
		if (memcmp(r->list[i].id, id, 16) == 0)
			return &r->list[i];
	return NULL;
}

/* One stored incident against the fold; what it says is NULL when they agree. */
static const char *difference(const struct seen *f, int64_t opened_us, int64_t closed_us)
{
	if (f == NULL)
		return "stored, but the log does not give it";
	if (f->opened_us != opened_us)
		return "opened at another time";
	return f->closed_us != closed_us ? "closed at another time" : NULL;
}

static np_err compare(struct replay *r, json_t *out, size_t *ret_wrong)
{
	NP_CLEANUP(pg_params_done) struct pg_params p;
	NP_CLEANUP(pg_res_free_p) struct pg_res *res = NULL;
	pg_params_init(&p);
	pg_params_i64(&p, (int64_t)r->monitor);
	pg_params_time(&p, r->first_us);
	pg_params_time(&p, r->from_us);
	pg_params_time(&p, r->to_us);
	np_err e = pg_exec(r->db.db,
			   "SELECT id, opened_at, closed_at FROM np.incident "
			   " WHERE monitor_id = $1 AND kind = 'machine' AND decided_at >= $2"
			   " AND opened_at >= $3 AND opened_at < $4 ORDER BY opened_at",
			   &p, &res);
	if (e < 0)
		return e;
	size_t stored = pg_res_rows(res), agree = 0;
	for (size_t i = 0; i < stored; i++) {
		uint8_t id[16];
		char text[37] = { 0 }, at[CLOCK_RFC3339_MAX];
		pg_res_uuid(res, i, 0, id);
		str_uuid(id, text);
		(void)clock_rfc3339(pg_res_time(res, i, 1), at);
		const char *wrong = difference(find_seen(r, id), pg_res_time(res, i, 1),
					       pg_res_null(res, i, 2) ? 0 : pg_res_time(res, i, 2));
		agree += wrong == NULL;
		(void)json_array_append_new(out, json_pack("{s:s, s:s, s:s}", "incident", text,
							   "opened_at", at, "verdict",
							   wrong != NULL ? wrong : "same"));
	}
	*ret_wrong = (stored - agree) + (r->n - agree);
	return NP_OK;
}

static np_err report(struct replay *r)
{
	size_t wrong = 0, i;
	json_t *list = json_array(), *one;
	np_err e = compare(r, list, &wrong);
	if (e == NP_OK && args_flag(r->c->args, "json"))
		command_print_json(list);
	else if (e == NP_OK) {
		json_array_foreach(list, i, one)
		{
			char line[160];
			(void)snprintf(line, sizeof line, "%s %s", api_text(one, "incident"),
				       api_text(one, "verdict"));
			command_print_pair(api_text(one, "opened_at"), line);
		}
		(void)printf("%zu incidents folded, %zu differences\n", r->n, wrong);
	}
	json_decref(list);
	if (e == NP_OK && wrong > 0) {
		(void)buf_add_c(&r->c->why,
				"the log and the stored incidents differ: please report this");
		return NP_E_CORRUPT;
	}
	return e;
}

static np_err fold_again(struct replay *r, const struct shard_tap *tap)
{
	struct shard *s = NULL;
	size_t inputs = 0;
	const struct replay_watch w = { .input = watch, .ctx = r };
	const struct replay_to to = {
		.shard = r->shard, .to = r->pos, .from_the_start = true, .watch = &w, .tap = tap
	};
	np_err e = replay_load(r->db.db, &to, &s, &inputs);
	if (e < 0)
		(void)buf_printf(&r->c->why, "the log of shard %u cannot be folded: %s", r->shard,
				 np_err_text(e));
	shard_free(s);
	return e;
}

static np_err read_time(struct command *c, const char *name, int64_t *ret_us)
{
	const char *text = args_str(c->args, name);
	if (text == NULL || clock_from_rfc3339(str_from_c(text), ret_us) == NP_OK)
		return NP_OK;
	(void)buf_printf(&c->why, "--%s %s: want a time such as 2026-03-01T12:00:00Z", name, text);
	return NP_E_INVAL;
}

/* Other rules over the same log, and what really was beside it. */
static np_err other_rules(struct replay *r)
{
	struct tryr t = { .monitor = r->monitor, .from_us = r->from_us, .to_us = r->to_us };
	const struct shard_tap tap = { .event = tryr_event, .ctx = &t };
	np_err e = tryr_open(&t, r->c, &r->db);
	if (e == NP_OK)
		e = fold_again(r, &tap);
	for (size_t i = 0; i < r->n; i++)
		t.before += r->list[i].opened_us >= r->from_us;
	if (e == NP_OK)
		e = tryr_report(&t, r->c);
	tryr_done(&t);
	return e;
}

static np_err work(struct command *c)
{
	const char *what = args_str(c->args, "monitor");
	struct replay r = { .c = c, .from_us = 1, .to_us = clock_wall_us() };
	if (read_time(c, "from", &r.from_us) < 0 || read_time(c, "to", &r.to_us) < 0)
		return NP_E_INVAL;
	if (what == NULL) {
		(void)buf_add_c(&c->why, "--monitor MONITOR is needed");
		return NP_E_INVAL;
	}
	np_err e = owner_open(c, DB_MS, &r.db);
	if (e < 0)
		return e;
	r.list = np_calloc(INCIDENTS_MAX, sizeof *r.list);
	e = r.list == NULL ? NP_E_NOMEM : find_monitor(&r, what);
	bool other = args_str(c->args, "rules") != NULL;
	if (e == NP_OK && other)
		e = other_rules(&r);
	else if (e == NP_OK)
		e = fold_again(&r, NULL);
	if (e == NP_OK && !other)
		e = report(&r);
	free(r.list);
	owner_close(&r.db);
	return e;
}

int cli_replay_main(int argc, char **argv)
{
	return command_run(&spec, false, argc, argv, work);
}
