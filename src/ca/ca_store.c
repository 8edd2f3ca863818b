/* SPDX-License-Identifier: Apache-2.0 */
#include "ca/ca_store.h"

#include "base/jsonw.h"
#include "base/str.h"

/* An IPv4 client of a dual-stack socket is an IPv4 client. */
static np_str peer_text(const struct addr *from, char text[ADDR_TEXT_MAX])
{
	np_str ip = { text, addr_print_ip(from, text) }, mapped = NP_STR("::ffff:");
	if (str_starts(ip, mapped) && str_find_byte(ip, '.') != SIZE_MAX)
		return str_sub(ip, mapped.n, ip.n);
	return ip;
}

static void copy_text(char *to, size_t size, np_str from)
{
	size_t n = from.n < size - 1 ? from.n : size - 1;
	if (n > 0)
		memcpy(to, from.p, n);
	to[n] = 0;
}

static np_err exec(struct pg_conn *c, const char *sql, struct pg_params *p, struct pg_res **ret)
{
	np_err e = pg_params_failed(p);
	if (e == NP_OK)
		e = pg_exec(c, sql, p, ret);
	pg_params_done(p);
	return e;
}

static void read_token(const struct pg_res *r, struct ca_store_token *t)
{
	t->rules.found = true;
	t->org = pg_res_i64(r, 0, 0);
	t->region_id = pg_res_i64(r, 0, 1);
	copy_text(t->region, sizeof t->region, pg_res_str(r, 0, 2));
	t->rules.alive = pg_res_bool(r, 0, 3);
	t->rules.source_ok = pg_res_bool(r, 0, 4);
	t->rules.used = pg_res_bool(r, 0, 5);
	np_str key = pg_res_str(r, 0, 6);
	if (key.n == sizeof t->rules.key_sha256)
		memcpy(t->rules.key_sha256, key.p, key.n);
	t->checker_id = pg_res_i64(r, 0, 7);
	t->rules.has_checker = !pg_res_null(r, 0, 8);
	pg_res_uuid(r, 0, 8, t->checker);
	t->rules.banned = pg_res_bool(r, 0, 9);
}

np_err ca_store_token(struct pg_conn *c, const uint8_t token_sha256[32], const struct addr *from,
		      struct ca_store_token *ret)
{
	static const char sql[] =
		"SELECT t.org_id, t.region_id, r.name, t.expires_at > clock_timestamp(),"
		" t.cidr IS NULL OR $2::text::inet <<= t.cidr, t.used_at IS NOT NULL, t.key_sha256,"
		" t.checker_id, c.uuid, coalesce(c.state = 'banned', false)"
		" FROM np.join_token t JOIN np.region r ON r.id = t.region_id"
		" LEFT JOIN np.checker c ON c.id = t.checker_id"
		" WHERE t.token_sha256 = $1 FOR UPDATE OF t";
	NP_CLEANUP(pg_res_free_p) struct pg_res *r = NULL;
	struct ca_store_token t = { .org = 0 };
	struct pg_params p;
	char text[ADDR_TEXT_MAX];
	np_str peer = peer_text(from, text);
	pg_params_init(&p);
	pg_params_bytea(&p, (np_str){ (const char *)token_sha256, 32 });
	pg_params_text(&p, str_eq_c(peer, "-") ? NP_STR("127.0.0.1") : peer);
	np_err e = exec(c, sql, &p, &r);
	if (e < 0)
		return e;
	if (pg_res_rows(r) > 0)
		read_token(r, &t);
	*ret = t;
	return NP_OK;
}

np_err ca_store_checker(struct pg_conn *c, const uint8_t uuid[16], struct ca_store_checker *ret)
{
	static const char sql[] =
		"SELECT c.id, c.org_id, r.name, c.state = 'banned', c.serial, c.next_serial"
		" FROM np.checker c JOIN np.region r ON r.id = c.region_id"
		" WHERE c.uuid = $1 FOR UPDATE OF c";
	NP_CLEANUP(pg_res_free_p) struct pg_res *r = NULL;
	struct ca_store_checker row = { .id = 0 };
	struct pg_params p;
	pg_params_init(&p);
	pg_params_uuid(&p, uuid);
	np_err e = exec(c, sql, &p, &r);
	if (e < 0)
		return e;
	if (pg_res_rows(r) > 0) {
		struct rules_checker *k = &row.rules;
		k->found = true;
		row.id = pg_res_i64(r, 0, 0);
		row.org = pg_res_i64(r, 0, 1);
		copy_text(k->region, sizeof k->region, pg_res_str(r, 0, 2));
		k->banned = pg_res_bool(r, 0, 3);
		copy_text(k->serial, sizeof k->serial, pg_res_str(r, 0, 4));
		copy_text(k->next_serial, sizeof k->next_serial, pg_res_str(r, 0, 5));
	}
	*ret = row;
	return NP_OK;
}

np_err ca_store_enrol(struct pg_conn *c, const struct ca_store_token *t,
		      const uint8_t token_sha256[32], const struct ident *leaf)
{
	static const char sql[] =
		"WITH made AS (INSERT INTO np.checker"
		" (uuid, org_id, region_id, serial, not_after, key_sha256)"
		" VALUES ($1, $2, $3, $4, $5, $6) RETURNING id)"
		" UPDATE np.join_token SET used_at = clock_timestamp(), key_sha256 = $6,"
		" checker_id = made.id FROM made WHERE token_sha256 = $7";
	struct pg_params p;
	pg_params_init(&p);
	pg_params_uuid(&p, leaf->uuid);
	pg_params_i64(&p, t->org);
	pg_params_i32(&p, (int32_t)t->region_id);
	pg_params_c(&p, leaf->serial);
	pg_params_time(&p, leaf->not_after_us);
	pg_params_bytea(&p, (np_str){ (const char *)leaf->key_sha256, 32 });
	pg_params_bytea(&p, (np_str){ (const char *)token_sha256, 32 });
	return exec(c, sql, &p, NULL);
}

np_err ca_store_next(struct pg_conn *c, int64_t checker_id, bool promote, const struct ident *leaf)
{
	static const char keep[] =
		"UPDATE np.checker SET next_serial = $2, next_not_after = $3,"
		" renewed_at = clock_timestamp(), changed_xid = pg_current_xact_id() WHERE id = $1";
	static const char move[] =
		"UPDATE np.checker SET serial = next_serial, not_after = next_not_after,"
		" next_serial = $2, next_not_after = $3,"
		" renewed_at = clock_timestamp(), changed_xid = pg_current_xact_id() WHERE id = $1";
	struct pg_params p;
	pg_params_init(&p);
	pg_params_i64(&p, checker_id);
	pg_params_c(&p, leaf->serial);
	pg_params_time(&p, leaf->not_after_us);
	return exec(c, promote ? move : keep, &p, NULL);
}

np_err ca_store_audit(struct pg_conn *c, const struct ca_store_act *a)
{
	static const char sql[] =
		"INSERT INTO np.audit (org_id, actor, origin, act, subject, after)"
		" VALUES ($1, 'ca', $2, $3, $4, $5)";
	NP_CLEANUP(buf_done) struct buf after;
	struct jsonw w;
	struct pg_params p;
	char ip[ADDR_TEXT_MAX], uuid[36];
	buf_init(&after, 1024);
	jsonw_init(&w, &after);
	jsonw_obj(&w);
	jsonw_kc(&w, "outcome", a->verdict);
	if (a->region)
		jsonw_kc(&w, "region", a->region);
	if (a->serial)
		jsonw_kc(&w, "serial", a->serial);
	jsonw_obj_end(&w);
	if (a->subject)
		str_uuid(a->subject, uuid);
	pg_params_init(&p);
	pg_params_i64(&p, a->org);
	pg_params_text(&p, peer_text(a->from, ip));
	pg_params_c(&p, a->act);
	pg_params_text(&p, a->subject ? (np_str){ uuid, sizeof uuid } : NP_STR(""));
	pg_params_jsonb(&p, buf_str(&after));
	return exec(c, sql, &p, NULL);
}

np_err ca_store_ping(struct pg_conn *c)
{
	return pg_exec(c, "SELECT 1", NULL, NULL);
}
