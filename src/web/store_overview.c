/* SPDX-License-Identifier: Apache-2.0 */
#include "web/store_overview.h"

/* The sentence of a monitor that is plainly up is made on the screen: 1,000 of them are not sent. */
static const char monitors_sql[] =
	"SELECT m.uuid, m.id, m.name, m.kind, m.definition->>'target',"
	" coalesce(s.state, 'pending'), coalesce(s.since, m.created_at),"
	" coalesce(s.partial, false), coalesce(s.degraded, false),"
	" coalesce((m.definition->>'paused')::boolean, false),"
	" coalesce(s.failing, 0::smallint), coalesce(s.assigned, cardinality(m.region_ids)::smallint),"
	" s.incident_id,"
	" CASE WHEN s.state = 'up' AND NOT s.partial AND NOT s.degraded THEN ''"
	"  ELSE coalesce(s.why, '') END,"
	" coalesce(m.definition->'tags', '[]'::jsonb), (m.definition->>'interval_s')::float8,"
	" m.region_ids, s.core"
	" FROM np.monitor m LEFT JOIN np.monitor_state s ON s.monitor_id = m.id"
	" WHERE m.deleted_at IS NULL AND m.provenance <> 'drill' ORDER BY m.id LIMIT 20000";

NP_NODISCARD np_err sov_monitors(struct pg_conn *c, struct pg_res **ret)
{
	return pg_exec(c, monitors_sql, NULL, ret);
}

static const char regions_sql[] =
	"SELECT json_build_object('id', r.id, 'name', r.name,"
	" 'checkers', count(c.id) FILTER (WHERE c.state <> 'banned'),"
	" 'connected', count(c.id) FILTER (WHERE c.state <> 'banned' AND s.connected"
	"   AND s.heard_at > now() - interval '60 s'))"
	" FROM np.region r LEFT JOIN np.checker c ON c.region_id = r.id"
	" LEFT JOIN np.checker_seen s ON s.checker_id = c.id"
	" GROUP BY r.id, r.name ORDER BY r.id";

NP_NODISCARD np_err sov_regions(struct pg_conn *c, struct pg_res **ret)
{
	return pg_exec(c, regions_sql, NULL, ret);
}
