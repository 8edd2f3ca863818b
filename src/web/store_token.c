/* SPDX-License-Identifier: Apache-2.0 */
#include "web/store_token.h"

#include "base/str.h"
#include "web/sqlfmt.h"

#define ALIVE "t.revoked_at IS NULL AND (t.expires_at IS NULL OR t.expires_at > now())"
#define STATE                                               \
	"CASE WHEN t.revoked_at IS NOT NULL THEN 'revoked'" \
	" WHEN t.expires_at <= now() THEN 'expired' ELSE 'active' END"
#define CREATED SQL_TIME("t.created_at")
#define USED SQL_TIME("t.last_used_at")
#define EXPIRES SQL_TIME("t.expires_at")
#define REVOKED SQL_TIME("t.revoked_at")
/* $1: the token that asks */
#define TOKEN_JSON                                                                          \
	"json_build_object('id', t.id, 'name', t.name, 'prefix', t.prefix, 'role', t.role," \
	" 'scopes', array_to_json(array_remove(ARRAY["                                      \
	"CASE WHEN t.scopes & 1 > 0 THEN 'read' END, CASE WHEN t.scopes & 2 > 0 THEN"       \
	" 'write' END, CASE WHEN t.scopes & 4 > 0 THEN 'respond' END,"                      \
	" CASE WHEN t.scopes & 8 > 0 THEN 'admin' END], NULL)),"                            \
	" 'state', " STATE ", 'current', t.id = $1, 'created_at', " CREATED ","             \
	" 'created_by', t.created_by, 'last_used_at', " USED ", 'expires_at', " EXPIRES "," \
	" 'revoked_at', " REVOKED ", 'revoked_by', t.revoked_by)"
static_assert(ACC_S_READ == 1 && ACC_S_WRITE == 2 && ACC_S_RESPOND == 4 && ACC_S_ADMIN == 8,
	      "the statement says so too");

static const char lock_sql[] =
	"SELECT pg_advisory_xact_lock(hashtextextended('np.token ' || $1, 0)) IS NULL";

static const char insert_sql[] =
	"INSERT INTO np.api_token (token_sha256, id, org_id, name, role, scopes, prefix, created_by,"
	" expires_at) SELECT $1, $2, $3, $4, $5, $6, $7, $8,"
	" CASE WHEN $9::bigint > 0 THEN to_timestamp($9 / 1000000.0) END"
	" WHERE (SELECT count(*) FROM np.api_token t WHERE " ALIVE ") < $10 RETURNING id";

static const char list_sql[] =
	"SELECT " TOKEN_JSON ", (extract(epoch FROM t.created_at) * 1000000)::bigint, t.id::text"
	" FROM np.api_token t WHERE ($2 = '' OR " STATE " = $2)"
	" AND (NOT $3 OR ((extract(epoch FROM t.created_at) * 1000000)::bigint, t.id::text)"
	" < ($4, $5)) ORDER BY (extract(epoch FROM t.created_at) * 1000000)::bigint DESC,"
	" t.id::text DESC LIMIT $6";

static const char show_sql[] = "SELECT " TOKEN_JSON " FROM np.api_token t WHERE t.id = $2";

static const char see_sql[] =
	"SELECT t.role, t.name, t.revoked_at IS NOT NULL, t.role = 'owner' AND t.scopes = 15 AND " ALIVE
	" AND NOT EXISTS (SELECT FROM np.api_token t WHERE t.role = 'owner' AND t.scopes = 15"
	" AND t.id <> $1 AND " ALIVE "), t.scopes::bigint FROM np.api_token t WHERE t.id = $1";

static const char revoke_sql[] =
	"UPDATE np.api_token SET revoked_at = clock_timestamp(), revoked_by = $2 WHERE id = $1";

NP_NODISCARD np_err stok_lock(struct wreq *q, struct pg_conn *c)
{
	NP_CLEANUP(pg_params_done) struct pg_params p;
	pg_params_init(&p);
	pg_params_text(&p, arena_printf(q->arena, "%llu", (unsigned long long)q->who.org));
	return pg_exec(c, lock_sql, &p, NULL);
}

NP_NODISCARD np_err stok_insert(struct wreq *q, struct pg_conn *c, const struct stok *t)
{
	NP_CLEANUP(pg_params_done) struct pg_params p;
	pg_params_init(&p);
	pg_params_bytea(&p, (np_str){ (const char *)t->sha256, sizeof t->sha256 });
	pg_params_uuid(&p, t->id);
	pg_params_i64(&p, (int64_t)q->who.org);
	pg_params_text(&p, t->name);
	pg_params_c(&p, acc_role_name(t->role));
	pg_params_i32(&p, (int32_t)t->scopes);
	pg_params_text(&p, t->prefix);
	pg_params_text(&p, q->who.name);
	pg_params_i64(&p, t->expires_us);
	pg_params_i32(&p, STOK_LIVE_MAX);
	NP_CLEANUP(pg_res_free_p) struct pg_res *res = NULL;
	np_err e = pg_exec(c, insert_sql, &p, &res);
	if (e < 0)
		return e;
	return pg_res_rows(res) == 1 ? NP_OK : NP_E_LIMIT;
}

NP_NODISCARD np_err stok_list(struct wreq *q, struct pg_conn *c, np_str state, const struct page *p,
			      struct pg_res **ret)
{
	NP_CLEANUP(pg_params_done) struct pg_params v;
	pg_params_init(&v);
	pg_params_uuid(&v, q->who.token_id);
	pg_params_text(&v, state);
	pg_params_bool(&v, p->after);
	pg_params_i64(&v, p->num);
	pg_params_text(&v, p->text);
	pg_params_i32(&v, p->limit + 1);
	return pg_exec(c, list_sql, &v, ret);
}

static np_err one(struct pg_conn *c, const char *sql, const struct pg_params *p,
		  struct pg_res **ret)
{
	np_err e = pg_exec(c, sql, p, ret);
	if (e < 0)
		return e;
	return pg_res_rows(*ret) == 1 ? NP_OK : NP_E_NOTFOUND;
}

NP_NODISCARD np_err stok_show(struct wreq *q, struct pg_conn *c, const uint8_t id[16])
{
	NP_CLEANUP(pg_params_done) struct pg_params p;
	pg_params_init(&p);
	pg_params_uuid(&p, q->who.token_id);
	pg_params_uuid(&p, id);
	NP_CLEANUP(pg_res_free_p) struct pg_res *res = NULL;
	np_err e = one(c, show_sql, &p, &res);
	if (e == NP_OK)
		jsonw_raw(&q->json, pg_res_str(res, 0, 0));
	return e;
}

NP_NODISCARD np_err stok_see(struct wreq *q, struct pg_conn *c, const uint8_t id[16],
			     struct stok_seen *ret)
{
	NP_CLEANUP(pg_params_done) struct pg_params p;
	pg_params_init(&p);
	pg_params_uuid(&p, id);
	NP_CLEANUP(pg_res_free_p) struct pg_res *res = NULL;
	np_err e = one(c, see_sql, &p, &res);
	if (e < 0)
		return e;
	struct stok_seen s = { .name = arena_str(q->arena, pg_res_str(res, 0, 1)),
			       .revoked = pg_res_bool(res, 0, 2),
			       .last_owner = pg_res_bool(res, 0, 3),
			       .scopes = (uint32_t)pg_res_i64(res, 0, 4) & ACC_S_ALL };
	e = acc_role_from_name(pg_res_str(res, 0, 0), &s.role);
	if (e < 0)
		return e;
	*ret = s;
	return NP_OK;
}

NP_NODISCARD np_err stok_revoke(struct wreq *q, struct pg_conn *c, const uint8_t id[16])
{
	NP_CLEANUP(pg_params_done) struct pg_params p, own;
	pg_params_init(&p);
	pg_params_init(&own);
	pg_params_uuid(&p, id);
	pg_params_text(&p, q->who.name);
	np_err e = pg_exec(c, revoke_sql, &p, NULL);
	if (e < 0)
		return e;
	pg_params_uuid(&own, id);
	return pg_exec(c, "DELETE FROM np.web_session WHERE token_id = $1", &own, NULL);
}
