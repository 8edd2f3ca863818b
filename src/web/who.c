/* SPDX-License-Identifier: Apache-2.0 */
#include "web/who.h"

#include "base/log.h"
#include "base/str.h"

static const char *who_cookie_name(const struct web *w)
{
	return w->https ? WHO_COOKIE_HTTPS : WHO_COOKIE;
}

bool who_credential(const struct web *w, struct httpd_req *r, np_str *ret, bool *ret_cookie)
{
	np_str auth = httpd_header(r, "authorization");
	if (auth.p) {
		np_str scheme, token;
		*ret_cookie = false;
		*ret = (np_str){ "",
				 0 }; /* an unreadable one is nobody, whatever the cookie says */
		if (str_cut(auth, ' ', &scheme, &token) && str_eq_nocase(scheme, NP_STR("Bearer")))
			*ret = str_trim(token);
		return true;
	}
	*ret_cookie = true;
	return httpd_cookie(r, who_cookie_name(w), ret) && ret->n > 0;
}

bool who_origin_is(np_str origin, np_str host)
{
	if (str_starts(origin, NP_STR("https://")))
		origin = str_sub(origin, 8, origin.n);
	else if (str_starts(origin, NP_STR("http://")))
		origin = str_sub(origin, 7, origin.n);
	else
		return false;
	return host.n > 0 && str_eq_nocase(origin, host);
}

bool who_same_origin(struct httpd_req *r)
{
	return who_origin_is(httpd_header(r, "origin"), httpd_header(r, "host"));
}

static const char who_sql[] =
	"SELECT org_id, token_id, name, role, private_ok, org_name, scopes::bigint, unnoted"
	" FROM np.who($1, $2)";

static np_err ask(struct pg_conn *c, const uint8_t sha256[CRYPT_SHA256_LEN], bool cookie,
		  struct pg_res **ret)
{
	NP_CLEANUP(pg_params_done) struct pg_params p;
	pg_params_init(&p);
	pg_params_bytea(&p, (np_str){ (const char *)sha256, CRYPT_SHA256_LEN });
	pg_params_bool(&p, cookie);
	np_err e = pg_exec(c, who_sql, &p, ret);
	if (e < 0)
		return e;
	return pg_res_rows(*ret) == 1 ? NP_OK : NP_E_AUTH;
}

NP_NODISCARD np_err who_is_known(struct pg_conn *c, const uint8_t sha256[CRYPT_SHA256_LEN],
				 bool cookie)
{
	NP_CLEANUP(pg_res_free_p) struct pg_res *res = NULL;
	return ask(c, sha256, cookie, &res);
}

NP_NODISCARD np_err who_find(struct pg_conn *c, np_str credential, bool cookie, struct arena *a,
			     struct who *ret)
{
	if (credential.n == 0 || credential.n > WHO_TOKEN_MAX)
		return NP_E_AUTH;
	struct who w = { .by_cookie = cookie };
	crypt_sha256(credential, w.credential);
	NP_CLEANUP(pg_res_free_p) struct pg_res *res = NULL;
	np_err e = ask(c, w.credential, cookie, &res);
	if (e < 0)
		return e;
	w.org = (uint64_t)pg_res_i64(res, 0, 0);
	pg_res_uuid(res, 0, 1, w.token_id);
	w.name = arena_str(a, pg_res_str(res, 0, 2));
	w.private_ok = pg_res_bool(res, 0, 4);
	w.org_name = arena_str(a, pg_res_str(res, 0, 5));
	w.scopes = (uint32_t)pg_res_i64(res, 0, 6) & ACC_S_ALL;
	w.unnoted = pg_res_bool(res, 0, 7);
	if (!w.name.p || !w.org_name.p)
		return NP_E_NOMEM;
	e = acc_role_from_name(pg_res_str(res, 0, 3), &w.role);
	if (e < 0)
		return NP_E_AUTH;
	*ret = w;
	return NP_OK;
}

void who_note(struct pg_conn *c, const struct who *w)
{
	if (!w->unnoted)
		return;
	NP_CLEANUP(pg_params_done) struct pg_params p;
	pg_params_init(&p);
	pg_params_uuid(&p, w->token_id);
	/* Who only reads must not fail for what this writes: the next request tries again. */
	np_err e = pg_exec(c, "SELECT np.token_used($1)", &p, NULL);
	if (e < 0)
		np_log(NP_WARN, "token.unnoted", KV_ERR(e));
}

bool who_may(const struct who *w, enum acc_action action)
{
	return acc_may(w->role, w->scopes, action);
}

np_str who_set_cookie(const struct web *w, struct arena *a, np_str value)
{
	return arena_printf(a, "%s=%.*s; Path=/; HttpOnly; SameSite=Strict; Max-Age=%d%s",
			    who_cookie_name(w), NP_FMT(value),
			    value.n ? WHO_SESSION_DAYS * 24 * 3600 : 0, w->https ? "; Secure" : "");
}
