/* SPDX-License-Identifier: Apache-2.0 */
#include "net/metricsd.h"

#include "base/str.h"
#include "net/httpd.h"

#define METRICS_TEXT_MAX ((size_t)1024 * 1024)

struct metricsd {
	struct httpd *h;
	const struct metrics *m;
};

void metricsd_reply(struct httpd_req *r, const struct metrics *m)
{
	NP_CLEANUP(buf_done) struct buf text;
	buf_init(&text, METRICS_TEXT_MAX);
	if (metrics_render(m, &text) < 0)
		httpd_problem(r, 503, NP_STR("the metrics do not fit"));
	else
		httpd_reply(r, 200, "text/plain; version=0.0.4; charset=utf-8", buf_str(&text));
}

static void get_metrics(struct httpd_req *r, void *ctx)
{
	const struct metricsd *d = ctx;
	metricsd_reply(r, d->m);
}

static void get_health(struct httpd_req *r, void *ctx)
{
	(void)ctx;
	httpd_reply_static(r, 200, "application/json", NP_STR("{\"status\":\"ok\"}\n"));
}

static const struct httpd_route routes[] = {
	{ .method = "GET", .pattern = "/metrics", .fn = get_metrics },
	{ .method = "GET", .pattern = "/health", .fn = get_health },
};

np_err metricsd_new(struct loop *l, const char *address, const struct metrics *m,
		    struct metricsd **ret, struct buf *ret_why)
{
	struct metricsd *d = np_zalloc(sizeof *d);
	if (!d)
		return NP_E_NOMEM;
	d->m = m;
	const struct httpd_cfg cfg = { .routes = routes, .n_routes = NP_LEN(routes), .ctx = d };
	const struct listen_cfg listen = { .address = address, .conns_max = 64 };
	d->h = httpd_new(l, &cfg);
	np_err e = d->h ? httpd_listen(d->h, &listen, ret_why) : NP_E_NOMEM;
	if (e < 0)
		metricsd_free(d);
	else
		*ret = d;
	return e;
}

void metricsd_free(struct metricsd *d)
{
	if (!d)
		return;
	httpd_free(d->h);
	free(d);
}
