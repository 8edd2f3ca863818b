/* SPDX-License-Identifier: Apache-2.0 */
/* routes.h - the table of everything the role answers, and who may ask for it.
 *
 * Floor 4 (web). Constant.
 */
#pragma once
#include "web/req.h"

#define ROUTES_MAX 128

/* The same table as the HTTP server wants it: fills at most ROUTES_MAX, yields how many. */
size_t routes_fill(struct httpd_route ret[ROUTES_MAX]);
/* Our row of a request that the server matched. */
const struct route *routes_of(const struct httpd_req *r);
