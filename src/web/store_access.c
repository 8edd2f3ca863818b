/* SPDX-License-Identifier: Apache-2.0 */
#include "web/store_access.h"

#include "web/sqlfmt.h"
#include "web/who.h"

static const char open_sql[] =
	"INSERT INTO np.web_session (cookie_sha256, org_id, token_id, expires_at)"
	" VALUES ($1, $2, $3, now() + interval '30 days')";
static_assert(WHO_SESSION_DAYS == 30, "the statement says so too");

NP_NODISCARD np_err sta_open(struct wreq *q, struct pg_conn *c, np_str cookie)
{
	uint8_t sha[CRYPT_SHA256_LEN];
	crypt_sha256(cookie, sha);
	NP_CLEANUP(pg_params_done) struct pg_params p;
	pg_params_init(&p);
	pg_params_bytea(&p, (np_str){ (const char *)sha, sizeof sha });
	pg_params_i64(&p, (int64_t)q->who.org);
	pg_params_uuid(&p, q->who.token_id);
	np_err e = pg_exec(c, open_sql, &p, NULL);
	if (e < 0)
		return e;
	/* What ran out goes when somebody signs in: nothing else grows the table. */
	return pg_exec(c, "DELETE FROM np.web_session WHERE expires_at < now()", NULL, NULL);
}

NP_NODISCARD np_err sta_close(struct wreq *q, struct pg_conn *c)
{
	NP_CLEANUP(pg_params_done) struct pg_params p;
	pg_params_init(&p);
	pg_params_bytea(&p, (np_str){ (const char *)q->who.credential, sizeof q->who.credential });
	return pg_exec(c, "DELETE FROM np.web_session WHERE cookie_sha256 = $1", &p, NULL);
}

static const char audit_sql[] = "SELECT json_build_object('at', " SQL_TIME(
	"at") ", 'actor', actor, 'origin', origin,"
	      " 'act', act, 'subject', subject, 'before', before, 'after', after, 'seq', seq), id, ''"
	      " FROM np.audit WHERE ($1 = '' OR subject = $1) AND (NOT $2 OR id < $3)"
	      " ORDER BY id DESC LIMIT $4";

NP_NODISCARD np_err sta_audit(struct pg_conn *c, np_str subject, const struct page *p,
			      struct pg_res **ret)
{
	NP_CLEANUP(pg_params_done) struct pg_params v;
	pg_params_init(&v);
	pg_params_text(&v, subject);
	pg_params_bool(&v, p->after);
	pg_params_i64(&v, p->num);
	pg_params_i32(&v, p->limit + 1);
	return pg_exec(c, audit_sql, &v, ret);
}
