/* SPDX-License-Identifier: Apache-2.0 */
/* access.h - who may do what: one table of actions, roles and token scopes.
 *
 * Floor 2 (core). A person acts with a role in an organisation, a token with
 * the role of its owner narrowed by scopes. Both must allow. Any thread.
 */
#pragma once
#include "base/np.h"

/* Ordered: a higher one may all that a lower one may. */
enum acc_role {
	ACC_NOBODY = 0,
	ACC_VIEWER = 1,
	ACC_EDITOR = 2,
	ACC_ADMIN = 3,
	ACC_OWNER = 4,
	ACC_ROLE_N
};

enum acc_scope {
	ACC_S_READ = 1,
	ACC_S_WRITE = 2,
	ACC_S_RESPOND = 4,
	ACC_S_ADMIN = 8,
	ACC_S_ALL = 15
};

enum acc_action {
	ACC_SEE,          /* monitors, checks, incidents, regions, events */
	ACC_MONITOR_EDIT, /* create, update, delete, pause */
	ACC_CHECK_NOW,
	ACC_INCIDENT_RESPOND, /* acknowledge, resolve, note, open, merge, assign */
	ACC_INCIDENT_PUBLISH,
	ACC_POLICY_EDIT, /* rules of many monitors at once */
	ACC_MAINTENANCE_EDIT,
	ACC_ROTA_EDIT, /* who is on call */
	ACC_CHANNEL_SEE,
	ACC_CHANNEL_EDIT,
	ACC_CHANNEL_TEST,
	ACC_CHECKER_SEE,
	ACC_CHECKER_EDIT, /* join tokens, bans */
	ACC_TOKEN_EDIT,   /* API tokens of the organisation */
	ACC_MEMBER_EDIT,
	ACC_AUDIT_SEE,
	ACC_ORG_EDIT,
	ACC_ORG_DELETE,
	ACC_ACTION_N
};

/* scopes: ACC_S_ALL for a person's session. */
bool acc_may(enum acc_role role, uint32_t scopes, enum acc_action action);
const char *acc_role_name(enum acc_role r);
/* The i-th scope, as ACC_S_READ << i: "read"; NULL behind the last. */
const char *acc_scope_name(size_t i);
NP_NODISCARD np_err acc_scope_from_name(np_str s, uint32_t *ret_bit);
const char *acc_action_name(enum acc_action a); /* "monitor.edit" */
NP_NODISCARD np_err acc_role_from_name(np_str s, enum acc_role *ret);
