/* SPDX-License-Identifier: Apache-2.0 */
/* admit.h - from a certificate to a checker of the registry, or to a refusal.
 *
 * Floor 4 (gateway). The chain was checked by the TLS stack; here uuid, region and
 * serial must be those of a row that is not banned. The loop's thread.
 */
#pragma once
#include "gateway/gw.h"

/* httpd's `before`: sets the request's user to its gw_checker. Refuses: 401 not (or no longer)
 * that checker, 403 banned; both close. */
bool admit_request(struct httpd_req *r, void *ctx);
/* A ban: stream and idle connections end now. */
void admit_ban(struct gw *g, struct gw_checker *c);
