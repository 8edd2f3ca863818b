/* SPDX-License-Identifier: Apache-2.0 */
/* api.h - the handlers of the API, by resource: one file each, api_<resource>.c.
 *
 * Floor 4 (web). All are wq_fn: worker thread, in a transaction of the tenant
 * (those of R_OPEN routes: in none).
 */
#pragma once
#include "web/req.h"

np_err api_monitors_list(struct wreq *q, struct pg_conn *c);
np_err api_monitors_create(struct wreq *q, struct pg_conn *c);
np_err api_monitors_read(struct wreq *q, struct pg_conn *c);
np_err api_monitors_update(struct wreq *q, struct pg_conn *c);
np_err api_monitors_delete(struct wreq *q, struct pg_conn *c);
np_err api_monitors_check(struct wreq *q, struct pg_conn *c);
np_err api_monitors_revisions(struct wreq *q, struct pg_conn *c);

np_err api_checks(struct wreq *q, struct pg_conn *c);
np_err api_series(struct wreq *q, struct pg_conn *c);
np_err api_uptime(struct wreq *q, struct pg_conn *c);
np_err api_why(struct wreq *q, struct pg_conn *c);
np_err api_monitors_try(struct wreq *q, struct pg_conn *c);

np_err api_incidents_list(struct wreq *q, struct pg_conn *c);
np_err api_incidents_read(struct wreq *q, struct pg_conn *c);
np_err api_incidents_ack(struct wreq *q, struct pg_conn *c);
np_err api_incidents_unack(struct wreq *q, struct pg_conn *c);
np_err api_incidents_resolve(struct wreq *q, struct pg_conn *c);
np_err api_incidents_note(struct wreq *q, struct pg_conn *c);

np_err api_channels_list(struct wreq *q, struct pg_conn *c);
np_err api_channels_create(struct wreq *q, struct pg_conn *c);
np_err api_channels_read(struct wreq *q, struct pg_conn *c);
np_err api_channels_update(struct wreq *q, struct pg_conn *c);
np_err api_channels_delete(struct wreq *q, struct pg_conn *c);
np_err api_channels_test(struct wreq *q, struct pg_conn *c);
np_err api_channels_notices(struct wreq *q, struct pg_conn *c);
np_err api_channel_kinds(struct wreq *q, struct pg_conn *c);

/* The page behind a link in a notice: HTML, no identity but the link. */
np_err ack_page_show(struct wreq *q, struct pg_conn *c);
np_err ack_page_do(struct wreq *q, struct pg_conn *c);

np_err api_maintenance_list(struct wreq *q, struct pg_conn *c);
np_err api_maintenance_create(struct wreq *q, struct pg_conn *c);
np_err api_maintenance_preview(struct wreq *q, struct pg_conn *c);
np_err api_maintenance_read(struct wreq *q, struct pg_conn *c);
np_err api_maintenance_update(struct wreq *q, struct pg_conn *c);
np_err api_maintenance_delete(struct wreq *q, struct pg_conn *c);
np_err api_maintenance_end(struct wreq *q, struct pg_conn *c);

np_err api_life_open(struct wreq *q, struct pg_conn *c);
np_err api_life_update(struct wreq *q, struct pg_conn *c);
np_err api_life_publish(struct wreq *q, struct pg_conn *c);
np_err api_life_unpublish(struct wreq *q, struct pg_conn *c);
np_err api_life_merge(struct wreq *q, struct pg_conn *c);
np_err api_life_unmerge(struct wreq *q, struct pg_conn *c);
np_err api_life_reopen(struct wreq *q, struct pg_conn *c);

np_err api_rotas_list(struct wreq *q, struct pg_conn *c);
np_err api_rotas_create(struct wreq *q, struct pg_conn *c);
np_err api_rotas_read(struct wreq *q, struct pg_conn *c);
np_err api_rotas_update(struct wreq *q, struct pg_conn *c);
np_err api_rotas_delete(struct wreq *q, struct pg_conn *c);
np_err api_rotas_now(struct wreq *q, struct pg_conn *c);
np_err api_rotas_calendar(struct wreq *q, struct pg_conn *c);
np_err api_rotas_override(struct wreq *q, struct pg_conn *c);

np_err api_policies_list(struct wreq *q, struct pg_conn *c);
np_err api_policies_create(struct wreq *q, struct pg_conn *c);
np_err api_policies_read(struct wreq *q, struct pg_conn *c);
np_err api_policies_update(struct wreq *q, struct pg_conn *c);
np_err api_policies_delete(struct wreq *q, struct pg_conn *c);
np_err api_policies_preview(struct wreq *q, struct pg_conn *c);

np_err api_regions_list(struct wreq *q, struct pg_conn *c);
np_err api_regions_create(struct wreq *q, struct pg_conn *c);
np_err api_regions_token(struct wreq *q, struct pg_conn *c);
np_err api_findings(struct wreq *q, struct pg_conn *c);
np_err api_drills(struct wreq *q, struct pg_conn *c);
np_err api_drills_start(struct wreq *q, struct pg_conn *c);
np_err api_checkers_list(struct wreq *q, struct pg_conn *c);
np_err api_checkers_ban(struct wreq *q, struct pg_conn *c);

np_err api_session_open(struct wreq *q, struct pg_conn *c);
np_err api_session_read(struct wreq *q, struct pg_conn *c);
np_err api_session_close(struct wreq *q, struct pg_conn *c);
np_err api_tokens_list(struct wreq *q, struct pg_conn *c);
np_err api_tokens_create(struct wreq *q, struct pg_conn *c);
np_err api_tokens_read(struct wreq *q, struct pg_conn *c);
np_err api_tokens_revoke(struct wreq *q, struct pg_conn *c);
np_err api_audit(struct wreq *q, struct pg_conn *c);

np_err api_overview(struct wreq *q, struct pg_conn *c);
void api_overview_prepare(struct wreq *q); /* loop's thread */
void api_overview_keep(struct wreq *q);    /* loop's thread */
np_err api_events(struct wreq *q, struct pg_conn *c);
