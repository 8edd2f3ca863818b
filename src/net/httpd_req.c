/* SPDX-License-Identifier: Apache-2.0 */
#include "base/str.h"
#include "net/httpd_impl.h"
#include "net/url.h"

np_str httpd_method(const struct httpd_req *r)
{
	return r->method;
}

np_str httpd_path(const struct httpd_req *r)
{
	return r->path;
}

np_str httpd_param(const struct httpd_req *r, size_t i)
{
	return i < r->match.n_params ? r->match.params[i] : (np_str){ NULL, 0 };
}

bool httpd_query_next(struct httpd_req *r, size_t *pos, np_str *ret_key, np_str *ret_value)
{
	np_str rest = str_sub(r->query, *pos, r->query.n), key, value;
	if (!url_query_next(&rest, &key, &value))
		return false;
	*pos = r->query.n - rest.n;
	/* A bad escape shows as it was sent: it will match nothing that is known. */
	if (url_decode(r->arena, key, true, ret_key) < 0)
		*ret_key = key;
	if (url_decode(r->arena, value, true, ret_value) < 0)
		*ret_value = value;
	return true;
}

bool httpd_query(struct httpd_req *r, const char *name, np_str *ret)
{
	np_str key, value;
	for (size_t pos = 0; httpd_query_next(r, &pos, &key, &value);) {
		if (str_eq_c(key, name)) {
			*ret = value;
			return true;
		}
	}
	return false;
}

np_str httpd_header(const struct httpd_req *r, const char *name)
{
	return http_field(http_head(r->msg), name);
}

const struct http_head *httpd_head(const struct httpd_req *r)
{
	return http_head(r->msg);
}

bool httpd_cookie(const struct httpd_req *r, const char *name, np_str *ret)
{
	np_str rest = httpd_header(r, "cookie"), pair, key, value;
	while (rest.n > 0) {
		(void)str_cut(rest, ';', &pair, &rest);
		if (!str_cut(str_trim(pair), '=', &key, &value) || !str_eq_c(key, name))
			continue;
		if (value.n >= 2 && value.p[0] == '"' && value.p[value.n - 1] == '"')
			value = str_sub(value, 1, value.n - 1);
		*ret = value;
		return true;
	}
	return false;
}

np_str httpd_body(const struct httpd_req *r)
{
	return http_body(r->msg);
}

const struct addr *httpd_peer(const struct httpd_req *r)
{
	return &r->peer;
}

const struct ident *httpd_ident(const struct httpd_req *r)
{
	return r->has_ident ? &r->ident : NULL;
}

struct arena *httpd_arena(struct httpd_req *r)
{
	return r->arena;
}

const struct httpd_route *httpd_route(const struct httpd_req *r)
{
	return r->match.route;
}

void httpd_set_user(struct httpd_req *r, void *user)
{
	r->user = user;
}

void *httpd_user(const struct httpd_req *r)
{
	return r->user;
}

bool httpd_is_gone(const struct httpd_req *r)
{
	return r->link == NULL;
}

void httpd_on_gone(struct httpd_req *r, void (*fn)(struct httpd_req *r, void *ctx), void *ctx)
{
	r->on_gone = fn;
	r->on_gone_ctx = ctx;
}

void httpd_close(struct httpd_req *r)
{
	r->close = true;
}
