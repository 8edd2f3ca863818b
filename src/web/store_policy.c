/* SPDX-License-Identifier: Apache-2.0 */
#include "web/store_policy.h"

#include "base/str.h"
#include "web/sqlfmt.h"

static const char lock_sql[] =
	"SELECT CASE WHEN $1 THEN pg_advisory_xact_lock(hashtextextended('np.policy ' || $2, 0))"
	" ELSE pg_advisory_xact_lock_shared(hashtextextended('np.policy ' || $2, 0)) END IS NULL";

NP_NODISCARD np_err stp_lock(struct wreq *q, struct pg_conn *c, bool all)
{
	NP_CLEANUP(pg_params_done) struct pg_params p;
	pg_params_init(&p);
	pg_params_bool(&p, all);
	pg_params_i64(&p, (int64_t)q->who.org);
	return pg_exec(c, lock_sql, &p, NULL);
}

static np_err take_policy(struct wreq *q, struct derive *d, const struct pg_res *res, size_t i)
{
	struct pol *p = &d->pol[i];
	np_str rules = pg_res_str(res, i, 5);
	pg_res_uuid(res, i, 0, p->id);
	if (pol_scope_from_name(pg_res_str(res, i, 1), &p->scope) < 0)
		return NP_E_CORRUPT;
	p->tag = arena_str(q->arena, pg_res_str(res, i, 2));
	p->priority = (int32_t)pg_res_i64(res, i, 3);
	p->name = arena_str(q->arena, pg_res_str(res, i, 4));
	json_t *object = json_loadb(rules.p, rules.n, 0, NULL);
	if (!object)
		return NP_E_CORRUPT;
	p->rules = object;
	return json_array_append_new(d->rules, object) == 0 && p->name.p ? NP_OK : NP_E_NOMEM;
}

NP_NODISCARD np_err stp_policies(struct wreq *q, struct pg_conn *c, struct derive *d)
{
	NP_CLEANUP(pg_res_free_p) struct pg_res *res = NULL;
	np_err e = pg_exec(c,
			   "SELECT id, scope, coalesce(tag, ''), priority, name, rules FROM"
			   " np.policy WHERE deleted_at IS NULL ORDER BY name, id LIMIT 200",
			   NULL, &res);
	if (e < 0)
		return e;
	d->rules = json_array();
	if (!d->rules)
		return NP_E_NOMEM;
	for (size_t i = 0; e == NP_OK && i < pg_res_rows(res); i++) {
		e = take_policy(q, d, res, i);
		d->pol_n = i + 1;
	}
	return e;
}

NP_NODISCARD np_err stp_channel_names(struct pg_conn *c, json_t **ret)
{
	NP_CLEANUP(pg_res_free_p) struct pg_res *res = NULL;
	np_err e = pg_exec(c,
			   "SELECT coalesce(json_object_agg(id, name), '{}') FROM np.channel"
			   " WHERE deleted_at IS NULL",
			   NULL, &res);
	if (e < 0)
		return e;
	np_str text = pg_res_str(res, 0, 0);
	*ret = json_loadb(text.p, text.n, 0, NULL);
	return *ret ? NP_OK : NP_E_NOMEM;
}

NP_NODISCARD np_err stp_channels_missing(struct pg_conn *c, const json_t *ids, int64_t *ret)
{
	*ret = 0;
	if (json_array_size(ids) == 0)
		return NP_OK;
	char *text = json_dumps(ids, JSON_COMPACT);
	if (!text)
		return NP_E_NOMEM;
	NP_CLEANUP(pg_params_done) struct pg_params p;
	pg_params_init(&p);
	pg_params_jsonb(&p, str_from_c(text));
	free(text);
	NP_CLEANUP(pg_res_free_p) struct pg_res *res = NULL;
	np_err e = pg_exec(c,
			   "SELECT count(*) FROM jsonb_array_elements_text($1) x WHERE NOT EXISTS"
			   " (SELECT FROM np.channel c WHERE c.id::text = lower(x)"
			   "  AND c.deleted_at IS NULL)",
			   &p, &res);
	if (e == NP_OK)
		*ret = pg_res_i64(res, 0, 0);
	return e;
}

/* ---- rows ---- */

#define CONCERNED                                                                \
	"(SELECT count(*) FROM np.monitor m WHERE m.deleted_at IS NULL"          \
	" AND m.provenance <> 'drill' AND CASE p.scope"                          \
	" WHEN 'organisation' THEN true WHEN 'tag' THEN m.given->'tags' ? p.tag" \
	" ELSE m.given->>'policy' = p.id::text END)"

static const char list_sql[] =
	"SELECT p.id, p.name, coalesce(p.tag, ''), p.rules, p.scope, p.priority, p.version,"
	" to_json(" SQL_TIME("p.created_at") "), to_json(" SQL_TIME(
		"p.changed_at") "), " CONCERNED
				" FROM np.policy p WHERE p.deleted_at IS NULL AND ($1::uuid IS NULL OR p.id = $1)"
				" ORDER BY CASE p.scope WHEN 'organisation' THEN 0 WHEN 'tag' THEN 1 ELSE 2 END,"
				" p.priority DESC, p.name, p.id LIMIT 200";

static np_err take_row(struct arena *a, const struct pg_res *res, size_t i, struct stp_row *ret)
{
	pg_res_uuid(res, i, 0, ret->id);
	ret->name = arena_str(a, pg_res_str(res, i, 1));
	ret->tag = arena_str(a, pg_res_str(res, i, 2));
	ret->rules = arena_str(a, pg_res_str(res, i, 3));
	ret->priority = (int32_t)pg_res_i64(res, i, 5);
	ret->version = (int32_t)pg_res_i64(res, i, 6);
	ret->created_at = arena_str(a, pg_res_str(res, i, 7));
	ret->changed_at = arena_str(a, pg_res_str(res, i, 8));
	ret->monitors = pg_res_i64(res, i, 9);
	if (!ret->rules.p || !ret->changed_at.p)
		return NP_E_NOMEM;
	return pol_scope_from_name(pg_res_str(res, i, 4), &ret->scope);
}

static np_err query(struct wreq *q, struct pg_conn *c, const uint8_t *id, struct stp_list *ret)
{
	NP_CLEANUP(pg_params_done) struct pg_params p;
	pg_params_init(&p);
	if (id)
		pg_params_uuid(&p, id);
	else
		pg_params_null(&p, PG_UUID);
	NP_CLEANUP(pg_res_free_p) struct pg_res *res = NULL;
	np_err e = pg_exec(c, list_sql, &p, &res);
	if (e < 0)
		return e;
	ret->n = pg_res_rows(res);
	ret->row = arena_calloc(q->arena, ret->n + 1, sizeof *ret->row);
	if (!ret->row)
		return NP_E_NOMEM;
	for (size_t i = 0; e == NP_OK && i < ret->n; i++)
		e = take_row(q->arena, res, i, &ret->row[i]);
	return e;
}

NP_NODISCARD np_err stp_list(struct wreq *q, struct pg_conn *c, struct stp_list *ret)
{
	return query(q, c, NULL, ret);
}

NP_NODISCARD np_err stp_read(struct wreq *q, struct pg_conn *c, const uint8_t id[16],
			     struct stp_row *ret)
{
	struct stp_list one;
	np_err e = query(q, c, id, &one);
	if (e < 0)
		return e;
	if (one.n != 1)
		return NP_E_NOTFOUND;
	*ret = one.row[0];
	return NP_OK;
}

static void tag_param(struct pg_params *p, np_str tag)
{
	if (tag.n)
		pg_params_text(p, tag);
	else
		pg_params_null(p, PG_TEXT);
}

/* Uniqueness is an index's; asking first gives an answer instead of an error. Nobody else changes
 * policies meanwhile (stp_lock). */
static const char free_sql[] =
	"SELECT NOT EXISTS (SELECT FROM np.policy WHERE deleted_at IS NULL AND id <> $1 AND"
	" (name = $2 OR scope = 'organisation' AND $3 = 'organisation' OR tag = $4))";

static np_err must_be_free(struct wreq *q, struct pg_conn *c, const struct stp_row *w)
{
	NP_CLEANUP(pg_params_done) struct pg_params p;
	pg_params_init(&p);
	pg_params_uuid(&p, q->subject);
	pg_params_text(&p, w->name);
	pg_params_c(&p, pol_scope_name(w->scope));
	tag_param(&p, w->tag);
	NP_CLEANUP(pg_res_free_p) struct pg_res *res = NULL;
	np_err e = pg_exec(c, free_sql, &p, &res);
	if (e < 0)
		return e;
	return pg_res_bool(res, 0, 0) ? NP_OK : NP_E_EXISTS;
}

NP_NODISCARD np_err stp_insert(struct wreq *q, struct pg_conn *c, const struct stp_row *w)
{
	np_err e = must_be_free(q, c, w);
	if (e < 0)
		return e;
	NP_CLEANUP(pg_params_done) struct pg_params p;
	pg_params_init(&p);
	pg_params_uuid(&p, q->subject);
	pg_params_i64(&p, (int64_t)q->who.org);
	pg_params_text(&p, w->name);
	pg_params_c(&p, pol_scope_name(w->scope));
	tag_param(&p, w->tag);
	pg_params_i32(&p, w->priority);
	pg_params_jsonb(&p, w->rules);
	NP_CLEANUP(pg_res_free_p) struct pg_res *res = NULL;
	e = pg_exec(c,
		    "INSERT INTO np.policy (id, org_id, name, scope, tag, priority, rules)"
		    " SELECT $1, $2, $3, $4, $5, $6, $7 WHERE (SELECT count(*) FROM np.policy"
		    " WHERE deleted_at IS NULL) < 200",
		    &p, &res);
	if (e < 0)
		return e;
	return pg_res_affected(res) == 1 ? NP_OK : NP_E_LIMIT;
}

NP_NODISCARD np_err stp_update(struct wreq *q, struct pg_conn *c, const struct stp_row *w)
{
	np_err e = must_be_free(q, c, w);
	if (e < 0)
		return e;
	NP_CLEANUP(pg_params_done) struct pg_params p;
	pg_params_init(&p);
	pg_params_uuid(&p, q->subject);
	pg_params_text(&p, w->name);
	tag_param(&p, w->tag);
	pg_params_i32(&p, w->priority);
	pg_params_jsonb(&p, w->rules);
	return pg_exec(c,
		       "UPDATE np.policy SET name = $2, tag = $3, priority = $4, rules = $5,"
		       " version = version + 1, changed_at = now() WHERE id = $1",
		       &p, NULL);
}

NP_NODISCARD np_err stp_delete(struct wreq *q, struct pg_conn *c)
{
	NP_CLEANUP(pg_params_done) struct pg_params p;
	pg_params_init(&p);
	pg_params_uuid(&p, q->subject);
	return pg_exec(c, "UPDATE np.policy SET deleted_at = now() WHERE id = $1", &p, NULL);
}

NP_NODISCARD np_err stp_is_named(struct wreq *q, struct pg_conn *c, bool *ret)
{
	NP_CLEANUP(pg_params_done) struct pg_params p;
	pg_params_init(&p);
	pg_params_uuid(&p, q->subject);
	NP_CLEANUP(pg_res_free_p) struct pg_res *res = NULL;
	np_err e = pg_exec(c,
			   "SELECT EXISTS (SELECT FROM np.monitor WHERE deleted_at IS NULL"
			   " AND given->>'policy' = $1::text)",
			   &p, &res);
	if (e == NP_OK)
		*ret = pg_res_bool(res, 0, 0);
	return e;
}

/* ---- definitions ---- */

#define CONCERNED_SQL                                                                                     \
	"SELECT id, uuid, name, given, definition FROM np.monitor WHERE deleted_at IS NULL"               \
	" AND provenance <> 'drill' AND ($1 OR given->'tags' ?| $2 OR given->>'policy' = $3::uuid::text)" \
	" ORDER BY id LIMIT 20001"

NP_NODISCARD np_err stp_concerned(struct pg_conn *c, const struct stp_concern *w,
				  struct pg_res **ret)
{
	NP_CLEANUP(pg_params_done) struct pg_params p;
	struct pg_array tags;
	pg_params_init(&p);
	pg_array_init(&tags, PG_TEXT);
	if (w->tag.n)
		pg_array_str(&tags, w->tag);
	if (w->old_tag.n)
		pg_array_str(&tags, w->old_tag);
	pg_params_bool(&p, w->scope == POL_ORGANISATION);
	pg_params_array(&p, &tags);
	pg_array_done(&tags);
	if (w->scope == POL_NAMED && w->id)
		pg_params_uuid(&p, w->id);
	else
		pg_params_null(&p, PG_UUID);
	np_err e = pg_exec(c, w->lock ? CONCERNED_SQL " FOR UPDATE" : CONCERNED_SQL, &p, ret);
	if (e < 0)
		return e;
	return pg_res_rows(*ret) > STP_MONITORS_MAX ? NP_E_LIMIT : NP_OK;
}

static const char redefine_sql[] =
	"WITH d AS (SELECT * FROM unnest($1::bigint[], $2::jsonb[]) AS t(id, definition)),"
	" u AS (UPDATE np.monitor m SET revision = m.revision + 1, definition = d.definition,"
	"  changed_xid = pg_current_xact_id(), region_ids = (SELECT coalesce(array_agg(r.id"
	"   ORDER BY x.place), '{}') FROM jsonb_array_elements_text(d.definition->'regions')"
	"   WITH ORDINALITY AS x(name, place) JOIN np.region r ON r.name = x.name)"
	"  FROM d WHERE m.id = d.id"
	"  RETURNING m.id, m.shard, m.org_id, m.revision, m.definition, m.region_ids),"
	" r AS (INSERT INTO np.monitor_revision (monitor_id, revision, org_id, definition,"
	"  region_ids, actor) SELECT id, revision, org_id, definition, region_ids, $3 FROM u)"
	" INSERT INTO np.inbox (id, shard, org_id, monitor_id, actor, origin, command, body)"
	" SELECT gen_random_uuid(), shard, org_id, id, $3, $4, 'define',"
	" jsonb_build_object('revision', revision) FROM u";

NP_NODISCARD np_err stp_redefine(struct wreq *q, struct pg_conn *c, np_str actor,
				 const struct pg_array ids_definitions[2])
{
	NP_CLEANUP(pg_params_done) struct pg_params p = { 0 };
	if (ids_definitions[0].n == 0)
		return NP_OK;
	pg_params_init(&p);
	pg_params_array(&p, &ids_definitions[0]);
	pg_params_array(&p, &ids_definitions[1]);
	pg_params_text(&p, actor);
	pg_params_c(&p, q->origin);
	return pg_exec(c, redefine_sql, &p, NULL);
}
