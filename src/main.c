/* SPDX-License-Identifier: Apache-2.0 */
/* One program: the table of its subcommands. */
#include "alerter/alerter.h"
#include "base/str.h"
#include "ca/ca.h"
#include "checker/checker.h"
#include "cli/cli.h"
#include "engine/engine.h"
#include "gateway/gateway.h"
#include "historian/historian.h"
#include "up/up.h"
#include "web/web.h"

struct subcommand {
	const char *name, *about;
	int (*main)(int argc, char **argv);
};

static const struct subcommand commands[] = {
	{ "up", "run all of NetPulse on this machine", up_main },
	{ "checker", "role: run checks, report them", checker_main },
	{ "gateway", "role: terminate checkers' mTLS, queue results", gateway_main },
	{ "engine", "role: fold results into votes and incidents", engine_main },
	{ "historian", "role: chunks, roll-ups, retention", historian_main },
	{ "alerter", "role: deliver notices", alerter_main },
	{ "web", "role: API, dashboard, live events", web_main },
	{ "ca", "role: enrol and renew checkers; `ca init` makes the roots", ca_main },
	{ "monitor", "add, list, show, remove monitors", cli_monitor_main },
	{ "incident", "list and show incidents", cli_incident_main },
	{ "why", "why a monitor did or did not alert", cli_why_main },
	{ "apply", "bring monitors in line with a YAML file", cli_apply_main },
	{ "token", "make a one-time join token for a checker", cli_token_main },
	{ "api-token", "make, list, revoke API tokens", cli_api_token_main },
	{ "join", "enrol this machine as a checker", cli_join_main },
	{ "migrate", "bring the database's schema up to date", cli_migrate_main },
	{ "admin-token", "make a token for the first organisation's owner", cli_admin_token_main },
	{ "verify", "check an exported incident, offline", cli_verify_main },
	{ "audit", "check the audit chain; show its public key", cli_audit_main },
	{ "replay", "fold a monitor's log again and compare", cli_replay_main },
	{ "scenario", "play stories of failures with the real rules", cli_scenario_main },
	{ "drill", "fail on purpose in a region, and see that it is told", cli_drill_main },
	{ "doctor", "check ports, limits, clocks, versions, certificates", cli_doctor_main },
	{ "_exec", NULL, up_exec_main },
};

static int usage(FILE *out, int status)
{
	(void)fprintf(
		out,
		"netpulse %s: distributed uptime monitoring\n\nusage: netpulse COMMAND [options]\n\n",
		NP_VERSION);
	for (size_t i = 0; i < NP_LEN(commands); i++)
		if (commands[i].about != NULL)
			(void)fprintf(out, "  %-12s %s\n", commands[i].name, commands[i].about);
	(void)fprintf(out, "\n`netpulse COMMAND --help` says more.\n");
	return status;
}

int main(int argc, char **argv)
{
	np_str name = str_from_c(argc > 1 ? argv[1] : NULL);
	if (str_eq_c(name, "--version")) {
		(void)printf("netpulse %s\n", NP_VERSION);
		return 0;
	}
	if (argc < 2 || str_eq_c(name, "--help") || str_eq_c(name, "help"))
		return usage(argc < 2 ? stderr : stdout, argc < 2 ? 2 : 0);
	for (size_t i = 0; i < NP_LEN(commands); i++)
		if (str_eq_c(name, commands[i].name))
			return commands[i].main(argc - 1, argv + 1);
	(void)fprintf(stderr, "netpulse: no command `%s`; `netpulse --help` lists them\n", argv[1]);
	return 2;
}
