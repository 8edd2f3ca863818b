/* SPDX-License-Identifier: Apache-2.0 */
/* httpc.h - HTTP client for our own servers: one request, or an upgrade.
 *
 * Floor 2 (net). One connection per request, one absolute deadline over
 * everything. Used for enrolment, renewal and the checker's uplink; HTTP checks
 * and webhooks use libcurl elsewhere. One loop's thread.
 */
#pragma once
#include "net/dial.h"
#include "net/http.h"

#define HTTPC_BODY_MAX ((size_t)256 * 1024)

struct httpc_req {
	struct dial_cfg to;              /* to.timeout_ms covers the whole exchange */
	const char *method;              /* "POST" */
	const char *path;                /* "/v1/enrol" */
	const struct http_field *fields; /* further ones; Host, lengths and Connection are ours */
	size_t n_fields;
	np_str body;         /* copied */
	const char *type;    /* of the body */
	const char *upgrade; /* protocol to upgrade to, or NULL */
};
struct httpc;
struct httpc_result {
	np_err err;      /* NP_OK: an answer came (whatever its status) */
	const char *why; /* one phrase when err < 0 */
	const struct http_head *head;
	np_str body;
	struct conn *conn; /* upgrade with 101: the callee's now; else NULL */
	np_str early;      /* bytes behind the 101 */
};
/* Once; everything in the result but `conn` dies with the callback, and so does the httpc. */
typedef void (*httpc_fn)(void *ctx, const struct httpc_result *res);
NP_NODISCARD np_err httpc_start(struct loop *l, const struct httpc_req *req, httpc_fn fn, void *ctx,
				struct httpc **ret);
void httpc_cancel(struct httpc *h); /* no callback comes; NULL is fine */
