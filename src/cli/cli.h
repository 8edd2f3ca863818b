/* SPDX-License-Identifier: Apache-2.0 */
/* cli.h - the commands that people type.
 *
 * Floor 5. Those about monitors and incidents speak the public API only; those
 * that need the database or the log (migrate, admin-token, replay) say so in
 * their help. Exit codes: 0 done, 1 failed (one sentence on standard error),
 * 2 wrong usage.
 */
#pragma once

int cli_monitor_main(int argc, char **argv);
int cli_incident_main(int argc, char **argv);
int cli_why_main(int argc, char **argv);
int cli_apply_main(int argc, char **argv);
int cli_token_main(int argc, char **argv);
int cli_join_main(int argc, char **argv);
int cli_migrate_main(int argc, char **argv);
int cli_api_token_main(int argc, char **argv);
int cli_admin_token_main(int argc, char **argv);
int cli_incident_export_main(int argc, char **argv);
int cli_verify_main(int argc, char **argv);
int cli_audit_main(int argc, char **argv);
int cli_replay_main(int argc, char **argv);
int cli_scenario_main(int argc, char **argv);
int cli_drill_main(int argc, char **argv);
int cli_doctor_main(int argc, char **argv);
