/* SPDX-License-Identifier: Apache-2.0 */
#include "net/admin.h"

#include "base/str.h"
#include "net/httpd.h"

#define ADMIN_TEXT_MAX ((size_t)1024 * 1024)

struct admin {
	struct httpd *server;
	struct admin_cfg cfg;
};

static void on_metrics(struct httpd_req *r, void *ctx)
{
	const struct admin *a = ctx;
	NP_CLEANUP(buf_done) struct buf out;
	buf_init(&out, ADMIN_TEXT_MAX);
	if (metrics_render(a->cfg.metrics, &out) < 0)
		httpd_problem(r, 500, NP_STR("the metrics do not fit"));
	else
		httpd_reply(r, 200, "text/plain; version=0.0.4", buf_str(&out));
}

static void on_live(struct httpd_req *r, void *ctx)
{
	(void)ctx;
	httpd_reply(r, 200, "text/plain", NP_STR("ok\n"));
}

static void on_ready(struct httpd_req *r, void *ctx)
{
	const struct admin *a = ctx;
	if (a->cfg.ready(a->cfg.ctx))
		httpd_reply(r, 200, "text/plain", NP_STR("ok\n"));
	else
		httpd_reply(r, 503, "text/plain", NP_STR("not yet\n"));
}

static const struct httpd_route routes[] = {
	{ "GET", "/metrics", 0, on_metrics },
	{ "GET", "/live", 0, on_live },
	{ "GET", "/ready", 0, on_ready },
};

np_err admin_start(struct loop *l, const struct admin_cfg *cfg, struct admin **ret,
		   struct buf *ret_why)
{
	struct admin *a = np_zalloc(sizeof *a);
	if (a == NULL)
		return NP_E_NOMEM;
	a->cfg = *cfg;
	const struct httpd_cfg http = { .routes = routes, .n_routes = NP_LEN(routes), .ctx = a };
	const struct listen_cfg where = { .address = cfg->listen };
	a->server = httpd_new(l, &http);
	np_err e = a->server == NULL ? NP_E_NOMEM : httpd_listen(a->server, &where, ret_why);
	if (e < 0) {
		admin_free(a);
		return e;
	}
	*ret = a;
	return NP_OK;
}

void admin_free(struct admin *a)
{
	if (a == NULL)
		return;
	httpd_free(a->server);
	free(a);
}
