/* SPDX-License-Identifier: Apache-2.0 */
#include "net/route.h"

#include "base/str.h"
#include "net/url.h"

np_err route_split(struct arena *a, np_str path, struct route_path *ret)
{
	ret->n = 0;
	if (path.n == 0 || path.p[0] != '/')
		return NP_OK; /* "*" of OPTIONS: no segment matches */
	for (size_t at = 1; at <= path.n;) {
		if (ret->n == HTTPD_SEGMENTS_MAX)
			return NP_E_LIMIT;
		np_str rest = str_sub(path, at, path.n);
		size_t n = str_find_byte(rest, '/');
		np_str raw = str_sub(rest, 0, n);
		np_err e = url_decode(a, raw, false, &ret->segments[ret->n]);
		if (e < 0)
			return e;
		ret->rests[ret->n++] = rest;
		at += raw.n + 1;
	}
	return NP_OK;
}

/* One pattern; captured segments go to `m`. `rest_at`: segment where "*" began, or SIZE_MAX. */
static bool matches(const char *pattern, const struct route_path *path, struct route_match *m,
		    size_t *ret_rest_at)
{
	np_str left = str_from_c(pattern), want;
	left = str_sub(left, 1, left.n);
	m->n_params = 0;
	*ret_rest_at = SIZE_MAX;
	for (size_t i = 0; i < path->n; i++) {
		bool more = str_cut(left, '/', &want, &left);
		if (str_eq_c(want, "*")) {
			*ret_rest_at = i;
			return true;
		}
		if (str_eq_c(want, "{}")) {
			if (path->segments[i].n == 0)
				return false;
			assert(m->n_params < HTTPD_PARAMS_MAX);
			m->params[m->n_params++] = path->segments[i];
		} else if (!str_eq(want, path->segments[i])) {
			return false;
		}
		if (!more)
			return i + 1 == path->n;
	}
	return false;
}

static bool method_fits(const char *of_route, np_str method)
{
	if (!of_route || str_eq_c(method, of_route))
		return true;
	return str_eq_c(method, "HEAD") && strcmp(of_route, "GET") == 0;
}

np_err route_find(const struct httpd_cfg *cfg, struct arena *a, np_str method,
		  const struct route_path *path, struct route_match *ret)
{
	*ret = (struct route_match){ .route = NULL };
	for (size_t i = 0; i < cfg->n_routes; i++) {
		const struct httpd_route *r = &cfg->routes[i];
		size_t rest_at;
		if (!matches(r->pattern, path, ret, &rest_at))
			continue;
		ret->path_known = true;
		if (!method_fits(r->method, method))
			continue;
		ret->route = r;
		if (rest_at == SIZE_MAX)
			return NP_OK;
		assert(ret->n_params < HTTPD_PARAMS_MAX);
		return url_decode(a, path->rests[rest_at], false, &ret->params[ret->n_params++]);
	}
	return NP_OK;
}

void route_allow(const struct httpd_cfg *cfg, const struct route_path *path, struct buf *out)
{
	struct route_match m;
	size_t rest_at;
	for (size_t i = 0; i < cfg->n_routes; i++) {
		const struct httpd_route *r = &cfg->routes[i];
		if (!r->method || !matches(r->pattern, path, &m, &rest_at))
			continue;
		(void)buf_printf(out, "%s%s, ", r->method,
				 strcmp(r->method, "GET") ? "" : ", HEAD");
	}
	(void)buf_add_c(out, "OPTIONS");
}
