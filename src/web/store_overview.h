/* SPDX-License-Identifier: Apache-2.0 */
/* store_overview.h - the two statements behind every screen's start.
 *
 * Floor 4 (web). Worker thread, in the tenant's transaction.
 */
#pragma once
#include "web/req.h"

enum sov_col {
	SOV_UUID,
	SOV_NO,
	SOV_NAME,
	SOV_KIND,
	SOV_TARGET,
	SOV_STATE,
	SOV_SINCE,
	SOV_PARTIAL,
	SOV_DEGRADED,
	SOV_PAUSED,
	SOV_FAILING,
	SOV_ASSIGNED,
	SOV_INCIDENT,
	SOV_WHY,
	SOV_TAGS,
	SOV_INTERVAL,
	SOV_REGIONS,
	SOV_CORE
};
NP_NODISCARD np_err sov_monitors(struct pg_conn *c, struct pg_res **ret);
/* Rows (json). */
NP_NODISCARD np_err sov_regions(struct pg_conn *c, struct pg_res **ret);
