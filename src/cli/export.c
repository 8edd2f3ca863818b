/* SPDX-License-Identifier: Apache-2.0 */
/* `netpulse incident export`: everything about one incident, to be checked by whoever gets it. */
#include "cli/export.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/str.h"
#include "cli/auditkey.h"
#include "cli/cli.h"
#include "cli/evidence.h"
#include "cli/owner.h"

#define DB_MS (30 * NP_MIN_MS)
#define BEFORE_US (15 * NP_MIN_US) /* evidence begins that long before the incident */
#define AFTER_US (5 * NP_SEC_US)

static const struct arg_opt opts[] = {
	OWNER_OPT,
	AUDITKEY_OPT,
	{ "out", "FILE", "write it there instead of to standard output", NULL },
};
static const struct arg_spec spec = {
	.usage = "netpulse incident export ID|N --data DIR | --config FILE [--key KEY]",
	.about =
		"One incident as one JSON document: definitions, inputs, events, notices with their\n"
		"attempts, and the proof of its audit entries. `netpulse verify FILE` checks it\n"
		"anywhere. N counts the incidents in the order in which they were decided. Reads the\n"
		"database directly: for the operator.",
	.opts = opts,
	.n = NP_LEN(opts),
	.min_pos = 1,
	.max_pos = 1,
};

static const char find_sql[] =
	"SELECT i.id, i.org_id, i.monitor_id, coalesce(s.id, 0::smallint), coalesce(s.pos, 0),"
	" i.opened_at, coalesce((SELECT max(e.at) FROM np.incident_event e WHERE e.incident_id = i.id),"
	" i.opened_at), i.closed_at IS NULL, i.id::text, coalesce((SELECT array_agg(DISTINCT x)"
	" FROM np.monitor_revision v, unnest(v.region_ids) x WHERE v.monitor_id = i.monitor_id), '{}')"
	" FROM np.incident i LEFT JOIN np.monitor m ON m.id = i.monitor_id"
	" LEFT JOIN np.shard s ON s.id = m.shard"
	" WHERE CASE WHEN $2 > 0 THEN i.id = (SELECT n.id FROM np.incident n"
	"  ORDER BY n.decided_at, n.id OFFSET greatest($2 - 1, 0) LIMIT 1) ELSE i.id = $1 END";

static const char facts_sql[] =
	"SELECT json_build_object("
	" 'incident', (SELECT to_jsonb(i) FROM np.incident i WHERE i.id = $1),"
	" 'monitor', (SELECT jsonb_build_object('number', m.id, 'id', m.uuid, 'name', m.name,"
	"  'kind', m.kind, 'revisions', (SELECT coalesce(jsonb_agg(to_jsonb(v)"
	"  || jsonb_build_object('definition', v.definition #- '{options,headers}'"
	"  #- '{options,body}' #- '{options,send}') ORDER BY v.revision),"
	"  '[]') FROM np.monitor_revision v WHERE v.monitor_id = m.id)) FROM np.monitor m"
	"  WHERE m.id = (SELECT monitor_id FROM np.incident WHERE id = $1)),"
	" 'events', (SELECT coalesce(jsonb_agg(to_jsonb(e) ORDER BY e.number), '[]')"
	"  FROM np.incident_event e WHERE e.incident_id = $1),"
	" 'updates', (SELECT coalesce(jsonb_agg(to_jsonb(u)), '[]') FROM np.incident_update u"
	"  WHERE u.incident_id = $1),"
	" 'notices', (SELECT coalesce(jsonb_agg(to_jsonb(n) - 'leased_by' - 'lease_until'"
	"  || jsonb_build_object('attempts', (SELECT coalesce(jsonb_agg(to_jsonb(a) ORDER BY a.n),"
	"  '[]') FROM np.notice_attempt a WHERE a.notice_id = n.id)) ORDER BY n.id), '[]')"
	"  FROM np.notice n WHERE n.incident_id = $1))::text";

static const char chunks_sql[] =
	"SELECT coalesce(json_agg(json_build_object('region', c.region_id, 'slot_at', c.slot_at,"
	" 'results', c.n, 'packed', encode(c.packed, 'base64')) ORDER BY c.slot_at, c.region_id),"
	" '[]')::text FROM np.chunk c WHERE c.monitor_id = $1 AND c.slot_at >= $2 AND c.slot_at <= $3";

struct exporting {
	struct command *c;
	struct owner o;
	uint8_t id[16];
	char id_text[37];
	int64_t org;
	bool has_monitor;
	struct evidence_of of;
};

static np_err parse(struct exporting *x, struct pg_params *p)
{
	const char *const *pos;
	uint64_t n = 0;
	(void)args_pos(x->c->args, &pos);
	if (str_to_uuid(str_from_c(pos[0]), x->id) < 0 &&
	    (str_to_u64(str_from_c(pos[0]), &n) < 0 || n == 0 || n > INT64_MAX)) {
		(void)buf_printf(&x->c->why, "%s is no incident's id and no number", pos[0]);
		return NP_E_INVAL;
	}
	pg_params_uuid(p, x->id);
	pg_params_i64(p, (int64_t)n);
	return NP_OK;
}

static void take_regions(struct exporting *x, const struct pg_res *r)
{
	int64_t region[EVIDENCE_REGIONS_MAX];
	size_t n = pg_res_ints(r, 0, 9, region, EVIDENCE_REGIONS_MAX);
	x->of.region_n = n < EVIDENCE_REGIONS_MAX ? n : EVIDENCE_REGIONS_MAX;
	for (size_t i = 0; i < x->of.region_n; i++)
		x->of.region[i] = (uint32_t)region[i];
}

static np_err find(struct exporting *x)
{
	NP_CLEANUP(pg_params_done) struct pg_params p;
	NP_CLEANUP(pg_res_free_p) struct pg_res *r = NULL;
	pg_params_init(&p);
	np_err e = parse(x, &p);
	if (e == NP_OK)
		e = pg_exec(x->o.db, find_sql, &p, &r);
	if (e == NP_OK && pg_res_rows(r) == 0) {
		(void)buf_add_c(&x->c->why, "there is no such incident");
		return NP_E_NOTFOUND;
	}
	if (e < 0)
		return e;
	pg_res_uuid(r, 0, 0, x->id);
	(void)snprintf(x->id_text, sizeof x->id_text, "%.*s", NP_FMT(pg_res_str(r, 0, 8)));
	x->org = pg_res_i64(r, 0, 1);
	x->has_monitor = !pg_res_null(r, 0, 2);
	x->of = (struct evidence_of){
		.db = x->o.db,
		.monitor = (uint64_t)pg_res_i64(r, 0, 2),
		.shard = (uint32_t)pg_res_i64(r, 0, 3),
		.to_pos = (uint64_t)pg_res_i64(r, 0, 4),
		.from_us = pg_res_time(r, 0, 5) - BEFORE_US,
		.until_us = pg_res_bool(r, 0, 7) ? INT64_MAX : pg_res_time(r, 0, 6) + AFTER_US,
	};
	take_regions(x, r);
	return NP_OK;
}

static np_err ask_json(struct exporting *x, const char *sql, const struct pg_params *p,
		       json_t **ret)
{
	NP_CLEANUP(pg_res_free_p) struct pg_res *r = NULL;
	json_error_t bad;
	np_err e = pg_exec(x->o.db, sql, p, &r);
	if (e < 0)
		return e;
	np_str text = pg_res_str(r, 0, 0);
	*ret = json_loadb(text.p, text.n, 0, &bad);
	return *ret == NULL ? NP_E_CORRUPT : NP_OK;
}

static np_err facts(struct exporting *x, json_t **ret)
{
	NP_CLEANUP(pg_params_done) struct pg_params p;
	pg_params_init(&p);
	pg_params_uuid(&p, x->id);
	return ask_json(x, facts_sql, &p, ret);
}

/* The log is gone: what history keeps of the results, marked so. */
static np_err chunks(struct exporting *x, json_t **ret)
{
	NP_CLEANUP(pg_params_done) struct pg_params p;
	json_t *list = NULL;
	pg_params_init(&p);
	pg_params_i64(&p, (int64_t)x->of.monitor);
	pg_params_time(&p, x->of.from_us);
	pg_params_time(&p, x->of.until_us);
	np_err e = ask_json(x, chunks_sql, &p, &list);
	if (e < 0)
		return e;
	*ret = json_pack("{s:s, s:o}", "source", "chunks", "chunks", list);
	return *ret == NULL ? NP_E_NOMEM : NP_OK;
}

static np_err evidence(struct exporting *x, json_t **ret)
{
	if (!x->has_monitor) { /* people opened it */
		*ret = json_pack("{s:s}", "source", "none");
		return *ret == NULL ? NP_E_NOMEM : NP_OK;
	}
	np_err e = evidence_collect(&x->of, ret);
	return e == NP_E_NOTFOUND ? chunks(x, ret) : e;
}

static np_err add_key(struct exporting *x, json_t *doc)
{
	uint8_t key[SIGN_PUBLIC_LEN];
	char hex[2 * SIGN_PUBLIC_LEN];
	if (args_str(x->c->args, "key") == NULL && args_str(x->c->args, "data") == NULL)
		return NP_OK; /* whoever checks must know it */
	np_err e = auditkey_public(x->c, key);
	if (e < 0)
		return e;
	str_hex(key, sizeof key, hex);
	return json_object_set_new(doc, "key", json_stringn(hex, sizeof hex)) < 0 ? NP_E_NOMEM
										  : NP_OK;
}

static np_err set(json_t *doc, const char *key, np_err e, json_t *value)
{
	if (e < 0)
		return e;
	return json_object_set_new(doc, key, value) < 0 ? NP_E_NOMEM : NP_OK;
}

static np_err build(struct exporting *x, json_t *doc)
{
	char at[CLOCK_RFC3339_MAX], sum[65];
	json_t *part = NULL;
	(void)clock_rfc3339(clock_wall_us(), at);
	np_err e = set(doc, "format", NP_OK, json_string(EXPORT_FORMAT));
	e = set(doc, "exported_at", e, json_string(at));
	e = e < 0 ? e : facts(x, &part);
	if (e == NP_OK)
		e = json_object_update(doc, part) < 0 ? NP_E_NOMEM : NP_OK;
	json_decref(part);
	part = NULL;
	e = e < 0 ? e : evidence(x, &part);
	e = set(doc, "evidence", e, part);
	part = NULL;
	e = e < 0 ? e : export_chain(x->o.db, x->org, str_from_c(x->id_text), &part);
	e = set(doc, "chain", e, part);
	e = e < 0 ? e : add_key(x, doc);
	e = e < 0 ? e : export_sum(doc, sum);
	return set(doc, "sha256", e, json_string(sum));
}

static np_err print(struct exporting *x, const json_t *doc)
{
	const char *out = args_str(x->c->args, "out");
	char *text = json_dumps(doc, JSON_COMPACT | JSON_SORT_KEYS);
	if (text == NULL)
		return NP_E_NOMEM;
	np_err e = NP_OK;
	if (out != NULL)
		e = file_write_atomic(out, str_from_c(text), 0600);
	else if (puts(text) < 0)
		e = NP_E_IO;
	if (e < 0)
		(void)buf_printf(&x->c->why, "cannot write %s", out != NULL ? out : "the document");
	free(text);
	return e;
}

static np_err work(struct command *c)
{
	struct exporting *x = np_zalloc(sizeof *x);
	json_t *doc = json_object();
	np_err e = x != NULL && doc != NULL ? NP_OK : NP_E_NOMEM;
	if (e == NP_OK) {
		x->c = c;
		e = owner_open(c, DB_MS, &x->o);
	}
	if (e == NP_OK) {
		e = find(x);
		e = e < 0 ? e : build(x, doc);
		if (e < 0 && c->why.n == 0)
			(void)buf_printf(&c->why, "the incident cannot be exported: %s %s",
					 np_err_text(e), pg_conn_error(x->o.db)->message);
		e = e < 0 ? e : print(x, doc);
		owner_close(&x->o);
	}
	json_decref(doc);
	free(x);
	return e;
}

int cli_incident_export_main(int argc, char **argv)
{
	return command_run(&spec, false, argc, argv, work);
}
