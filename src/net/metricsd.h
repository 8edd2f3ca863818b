/* SPDX-License-Identifier: Apache-2.0 */
/* metricsd.h - GET /metrics and GET /health of a role without a web server of its own.
 *
 * Floor 2 (net). One loop's thread.
 */
#pragma once
#include "base/metrics.h"
#include "net/listen.h"

struct metricsd;
NP_NODISCARD np_err metricsd_new(struct loop *l, const char *address, const struct metrics *m,
				 struct metricsd **ret, struct buf *ret_why);
void metricsd_free(struct metricsd *d); /* NULL is fine */
/* Ready-made answer for a route of one's own server. */
struct httpd_req;
void metricsd_reply(struct httpd_req *r, const struct metrics *m);
