/* SPDX-License-Identifier: Apache-2.0 */
/* store_access.h - SQL around sessions of browsers and the audit log.
 *
 * Floor 4 (web). In a transaction of the tenant. Worker thread.
 */
#pragma once
#include "web/page.h"
#include "web/req.h"

/* A session of q's token; the database gets the cookie's SHA-256 only. */
NP_NODISCARD np_err sta_open(struct wreq *q, struct pg_conn *c, np_str cookie);
/* The session that q came with. */
NP_NODISCARD np_err sta_close(struct wreq *q, struct pg_conn *c);
/* Rows (json, id, ''), newest first; subject "": any. */
NP_NODISCARD np_err sta_audit(struct pg_conn *c, np_str subject, const struct page *p,
			      struct pg_res **ret);
