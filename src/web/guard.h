/* SPDX-License-Identifier: Apache-2.0 */
/* guard.h - addresses that an organisation may not watch or notify.
 *
 * Floor 4 (web). Says it early and in words; whoever opens the socket refuses
 * again, by the address really used. Any thread.
 */
#pragma once
#include "core/problem.h"

/* Adds a problem for `field` when host is an address (or localhost) that is not allowed. */
void guard_host(np_str host, bool private_ok, const char *field, struct problem_list *p);
