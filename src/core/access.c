/* SPDX-License-Identifier: Apache-2.0 */
#include "core/access.h"

#include "base/str.h"

static const char *const roles[] = {
	[ACC_NOBODY] = "nobody", [ACC_VIEWER] = "viewer", [ACC_EDITOR] = "editor",
	[ACC_ADMIN] = "admin",   [ACC_OWNER] = "owner",
};
static_assert(NP_LEN(roles) == ACC_ROLE_N, "name every role");

static const char *const scopes_by_bit[] = { "read", "write", "respond", "admin" };
static_assert((1u << NP_LEN(scopes_by_bit)) - 1 == ACC_S_ALL, "name every scope");

static const struct {
	const char *name;
	enum acc_role least;
	enum acc_scope scope;
} actions[] = {
	[ACC_SEE] = { "see", ACC_VIEWER, ACC_S_READ },
	[ACC_MONITOR_EDIT] = { "monitor.edit", ACC_EDITOR, ACC_S_WRITE },
	[ACC_CHECK_NOW] = { "monitor.check", ACC_EDITOR, ACC_S_RESPOND },
	[ACC_INCIDENT_RESPOND] = { "incident.respond", ACC_EDITOR, ACC_S_RESPOND },
	[ACC_INCIDENT_PUBLISH] = { "incident.publish", ACC_EDITOR, ACC_S_WRITE },
	[ACC_POLICY_EDIT] = { "policy.edit", ACC_ADMIN, ACC_S_WRITE },
	[ACC_MAINTENANCE_EDIT] = { "maintenance.edit", ACC_EDITOR, ACC_S_WRITE },
	[ACC_ROTA_EDIT] = { "rota.edit", ACC_EDITOR, ACC_S_WRITE },
	[ACC_CHANNEL_SEE] = { "channel.see", ACC_VIEWER, ACC_S_READ },
	[ACC_CHANNEL_EDIT] = { "channel.edit", ACC_ADMIN, ACC_S_ADMIN },
	[ACC_CHANNEL_TEST] = { "channel.test", ACC_ADMIN, ACC_S_ADMIN },
	[ACC_CHECKER_SEE] = { "checker.see", ACC_VIEWER, ACC_S_READ },
	[ACC_CHECKER_EDIT] = { "checker.edit", ACC_ADMIN, ACC_S_ADMIN },
	[ACC_TOKEN_EDIT] = { "token.edit", ACC_ADMIN, ACC_S_ADMIN },
	[ACC_MEMBER_EDIT] = { "member.edit", ACC_ADMIN, ACC_S_ADMIN },
	[ACC_AUDIT_SEE] = { "audit.see", ACC_ADMIN, ACC_S_ADMIN },
	[ACC_ORG_EDIT] = { "org.edit", ACC_OWNER, ACC_S_ADMIN },
	[ACC_ORG_DELETE] = { "org.delete", ACC_OWNER, ACC_S_ADMIN },
};
static_assert(NP_LEN(actions) == ACC_ACTION_N, "a row for every action");

bool acc_may(enum acc_role role, uint32_t scopes, enum acc_action action)
{
	if ((size_t)role >= ACC_ROLE_N || (size_t)action >= ACC_ACTION_N)
		return false;
	return role >= actions[action].least && (scopes & actions[action].scope) != 0;
}

const char *acc_role_name(enum acc_role r)
{
	return (size_t)r < ACC_ROLE_N ? roles[r] : "nobody";
}

const char *acc_action_name(enum acc_action a)
{
	return (size_t)a < ACC_ACTION_N ? actions[a].name : "none";
}

np_err acc_role_from_name(np_str s, enum acc_role *ret)
{
	for (size_t i = ACC_VIEWER; i < ACC_ROLE_N; i++) {
		if (str_eq_c(s, roles[i])) {
			*ret = (enum acc_role)i;
			return NP_OK;
		}
	}
	return NP_E_NOTFOUND;
}

const char *acc_scope_name(size_t i)
{
	return i < NP_LEN(scopes_by_bit) ? scopes_by_bit[i] : NULL;
}

np_err acc_scope_from_name(np_str s, uint32_t *ret_bit)
{
	for (size_t i = 0; i < NP_LEN(scopes_by_bit); i++) {
		if (str_eq_c(s, scopes_by_bit[i])) {
			*ret_bit = 1u << i;
			return NP_OK;
		}
	}
	return NP_E_NOTFOUND;
}
