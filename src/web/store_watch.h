/* SPDX-License-Identifier: Apache-2.0 */
/* store_watch.h - SQL of what watches NetPulse itself: findings, drills.
 *
 * Floor 4 (web). In a transaction of the tenant. Worker thread.
 */
#pragma once
#include "web/page.h"

/* open: those that are; else all of the last 90 days. Newest first. */
NP_NODISCARD np_err swa_findings(struct pg_conn *c, bool open, const struct page *p,
				 struct pg_res **ret);
/* region "": all. Newest first. */
NP_NODISCARD np_err swa_drills(struct pg_conn *c, np_str region, const struct page *p,
			       struct pg_res **ret);
NP_NODISCARD np_err swa_has_drill(struct pg_conn *c, int32_t region, bool *ret);
/* NP_E_BUSY: one is under way. Id of the run. */
NP_NODISCARD np_err swa_drill_start(struct wreq *q, struct pg_conn *c, int32_t region,
				    int32_t limit_s, uint8_t ret_id[16]);
NP_NODISCARD np_err swa_drill_show(struct wreq *q, struct pg_conn *c, const uint8_t id[16]);
