/* SPDX-License-Identifier: Apache-2.0 */
#include "web/routes.h"

#include "web/ack_page.h"
#include "web/act.h"
#include "web/api.h"
#include "web/drill.h"
#include "web/files.h"
#include "web/pulse.h"
#include "web/sse.h"

#define PAGING "cursor limit"
#define MONITOR "/api/v1/monitors/{}"
#define INCIDENT "/api/v1/incidents/{}"
#define CHANNEL "/api/v1/channels/{}"
#define POLICY "/api/v1/policies/{}"
#define MAINTENANCE "/api/v1/maintenance/{}"
#define ROTA "/api/v1/rotas/{}"
#define TOKEN "/api/v1/tokens/{}"

static void open_events(struct wreq *q)
{
	sse_open(q->web->sse, q);
}

#define GET(path, handler, may, params)                                               \
	{                                                                             \
		.method = "GET", .pattern = (path), .fn = (handler), .action = (may), \
		.query = (params)                                                     \
	}
#define DIRECT(path, handler)                                           \
	{                                                               \
		.method = "GET", .pattern = (path), .direct = (handler) \
	}
#define DO(verb, path, handler, may, how)                                              \
	{                                                                              \
		.method = (verb), .pattern = (path), .fn = (handler), .action = (may), \
		.flags = (how)                                                         \
	}

static const struct route table[] = {
	DIRECT("/", files_redirect),
	DIRECT("/app", files_redirect),
	DIRECT("/app/", files_app),
	DIRECT("/app/*", files_app),
	DIRECT("/robots.txt", files_robots),
	DIRECT("/health/web", pulse_web),
	DIRECT("/health/database", pulse_database),
	DIRECT("/health/queue", pulse_queue),
	DIRECT("/drill/target/{}", drill_target),
	{ .method = "POST", .pattern = "/drill/sink/{}", .flags = R_BODY, .direct = drill_sink },
	DIRECT("/api/v1/health", pulse_all),
	DIRECT("/api/v1/openapi.yaml", files_contract),

	{ .method = "GET",
	  .pattern = "/api/v1/overview",
	  .fn = api_overview,
	  .action = ACC_SEE,
	  .prepare = api_overview_prepare,
	  .keep = api_overview_keep },
	{ .method = "GET",
	  .pattern = "/api/v1/events",
	  .fn = api_events,
	  .action = ACC_SEE,
	  .query = "since",
	  .finish = open_events },

	GET("/api/v1/monitors", api_monitors_list, ACC_SEE, "q state tag kind provenance " PAGING),
	DO("POST", "/api/v1/monitors", api_monitors_create, ACC_MONITOR_EDIT, R_COMMAND | R_BODY),
	GET(MONITOR, api_monitors_read, ACC_SEE, NULL),
	DO("PATCH", MONITOR, api_monitors_update, ACC_MONITOR_EDIT, R_COMMAND | R_BODY),
	DO("DELETE", MONITOR, api_monitors_delete, ACC_MONITOR_EDIT, R_COMMAND),
	GET(MONITOR "/checks", api_checks, ACC_SEE, "before limit"),
	GET(MONITOR "/series", api_series, ACC_SEE, "from to points"),
	GET(MONITOR "/uptime", api_uptime, ACC_SEE, NULL),
	GET(MONITOR "/why", api_why, ACC_SEE, "at"),
	GET(MONITOR "/revisions", api_monitors_revisions, ACC_SEE, PAGING),
	DO("POST", MONITOR "/check", api_monitors_check, ACC_CHECK_NOW, R_COMMAND),
	DO("POST", MONITOR "/try", api_monitors_try, ACC_SEE, R_BODY),

	GET("/api/v1/incidents", api_incidents_list, ACC_SEE, "state monitor provenance " PAGING),
	GET(INCIDENT, api_incidents_read, ACC_SEE, NULL),
	DO("POST", "/api/v1/incidents", api_life_open, ACC_INCIDENT_RESPOND, R_BODY),
	DO("PATCH", INCIDENT, api_life_update, ACC_INCIDENT_RESPOND, R_BODY),
	DO("POST", INCIDENT "/publish", api_life_publish, ACC_INCIDENT_PUBLISH, 0),
	DO("DELETE", INCIDENT "/publish", api_life_unpublish, ACC_INCIDENT_PUBLISH, 0),
	DO("POST", INCIDENT "/merge", api_life_merge, ACC_INCIDENT_RESPOND, R_BODY),
	DO("DELETE", INCIDENT "/merge", api_life_unmerge, ACC_INCIDENT_RESPOND, 0),
	DO("POST", INCIDENT "/reopen", api_life_reopen, ACC_INCIDENT_RESPOND,
	   R_COMMAND | R_BODY_MAY),
	DO("POST", INCIDENT "/ack", api_incidents_ack, ACC_INCIDENT_RESPOND,
	   R_COMMAND | R_BODY_MAY),
	DO("DELETE", INCIDENT "/ack", api_incidents_unack, ACC_INCIDENT_RESPOND, R_COMMAND),
	DO("POST", INCIDENT "/resolve", api_incidents_resolve, ACC_INCIDENT_RESPOND,
	   R_COMMAND | R_BODY_MAY),
	DO("POST", INCIDENT "/notes", api_incidents_note, ACC_INCIDENT_RESPOND, R_COMMAND | R_BODY),
	GET("/api/v1/inbox/{}", act_get, ACC_SEE, NULL),

	GET("/api/v1/policies", api_policies_list, ACC_SEE, NULL),
	DO("POST", "/api/v1/policies", api_policies_create, ACC_POLICY_EDIT, R_BODY),
	DO("POST", "/api/v1/policies/preview", api_policies_preview, ACC_SEE, R_BODY),
	GET(POLICY, api_policies_read, ACC_SEE, NULL),
	DO("PATCH", POLICY, api_policies_update, ACC_POLICY_EDIT, R_BODY),
	DO("DELETE", POLICY, api_policies_delete, ACC_POLICY_EDIT, 0),

	GET("/api/v1/maintenance", api_maintenance_list, ACC_SEE, "from to"),
	DO("POST", "/api/v1/maintenance", api_maintenance_create, ACC_MAINTENANCE_EDIT, R_BODY),
	DO("POST", "/api/v1/maintenance/preview", api_maintenance_preview, ACC_SEE, R_BODY),
	GET(MAINTENANCE, api_maintenance_read, ACC_SEE, NULL),
	DO("PATCH", MAINTENANCE, api_maintenance_update, ACC_MAINTENANCE_EDIT, R_BODY),
	DO("DELETE", MAINTENANCE, api_maintenance_delete, ACC_MAINTENANCE_EDIT, 0),
	DO("POST", MAINTENANCE "/end", api_maintenance_end, ACC_MAINTENANCE_EDIT, 0),

	GET("/api/v1/rotas", api_rotas_list, ACC_SEE, NULL),
	DO("POST", "/api/v1/rotas", api_rotas_create, ACC_ROTA_EDIT, R_BODY),
	GET(ROTA, api_rotas_read, ACC_SEE, NULL),
	DO("PATCH", ROTA, api_rotas_update, ACC_ROTA_EDIT, R_BODY),
	DO("DELETE", ROTA, api_rotas_delete, ACC_ROTA_EDIT, 0),
	GET(ROTA "/now", api_rotas_now, ACC_SEE, "at"),
	GET(ROTA "/calendar", api_rotas_calendar, ACC_SEE, "from to"),
	DO("POST", ROTA "/overrides", api_rotas_override, ACC_ROTA_EDIT, R_BODY),

	GET("/api/v1/channels", api_channels_list, ACC_CHANNEL_SEE, NULL),
	DO("POST", "/api/v1/channels", api_channels_create, ACC_CHANNEL_EDIT, R_BODY),
	GET(CHANNEL, api_channels_read, ACC_CHANNEL_SEE, NULL),
	DO("PATCH", CHANNEL, api_channels_update, ACC_CHANNEL_EDIT, R_BODY),
	DO("DELETE", CHANNEL, api_channels_delete, ACC_CHANNEL_EDIT, 0),
	DO("POST", CHANNEL "/test", api_channels_test, ACC_CHANNEL_TEST, 0),
	GET(CHANNEL "/notices", api_channels_notices, ACC_CHANNEL_SEE, PAGING),
	GET("/api/v1/channel-kinds", api_channel_kinds, ACC_CHANNEL_SEE, NULL),

	DIRECT("/ack.css", ack_page_style),
	{ .method = "GET", .pattern = "/ack/{}", .fn = ack_page_show, .flags = R_OPEN | R_LINK },
	{ .method = "POST",
	  .pattern = "/ack/{}",
	  .fn = ack_page_do,
	  .flags = R_OPEN | R_LINK | R_COMMAND },

	GET("/api/v1/regions", api_regions_list, ACC_SEE, NULL),
	DO("POST", "/api/v1/regions", api_regions_create, ACC_CHECKER_EDIT, R_BODY),
	DO("POST", "/api/v1/regions/{}/join-tokens", api_regions_token, ACC_CHECKER_EDIT,
	   R_BODY_MAY),
	DO("POST", "/api/v1/regions/{}/drill", api_drills_start, ACC_CHECKER_EDIT, R_BODY_MAY),
	GET("/api/v1/drills", api_drills, ACC_SEE, "region " PAGING),
	GET("/api/v1/findings", api_findings, ACC_CHECKER_SEE, "state " PAGING),
	GET("/api/v1/checkers", api_checkers_list, ACC_CHECKER_SEE, "region " PAGING),
	DO("POST", "/api/v1/checkers/{}/ban", api_checkers_ban, ACC_CHECKER_EDIT, R_BODY),

	DO("POST", "/api/v1/session", api_session_open, ACC_SEE, R_OPEN | R_SIGN_IN | R_BODY),
	GET("/api/v1/session", api_session_read, ACC_SEE, NULL),
	DO("DELETE", "/api/v1/session", api_session_close, ACC_SEE, 0),
	GET("/api/v1/tokens", api_tokens_list, ACC_TOKEN_EDIT, "state " PAGING),
	DO("POST", "/api/v1/tokens", api_tokens_create, ACC_TOKEN_EDIT, R_BODY),
	GET(TOKEN, api_tokens_read, ACC_TOKEN_EDIT, NULL),
	DO("DELETE", TOKEN, api_tokens_revoke, ACC_TOKEN_EDIT, 0),
	GET("/api/v1/audit", api_audit, ACC_AUDIT_SEE, "subject " PAGING),
};
static_assert(NP_LEN(table) <= ROUTES_MAX, "raise ROUTES_MAX");

size_t routes_fill(struct httpd_route ret[ROUTES_MAX])
{
	for (size_t i = 0; i < NP_LEN(table); i++)
		ret[i] = (struct httpd_route){
			.method = table[i].method,
			.pattern = table[i].pattern,
			.body_max = table[i].flags & (R_BODY | R_BODY_MAY) ? WQ_BODY_MAX : 0,
			.fn = wq_enter,
		};
	return NP_LEN(table);
}

const struct route *routes_of(const struct httpd_req *r)
{
	const struct httpd_route *m = httpd_route(r);
	for (size_t i = 0; i < NP_LEN(table); i++)
		if (m && m->pattern == table[i].pattern && m->method == table[i].method)
			return &table[i];
	assert(!"a route that is not ours");
	return NULL;
}
