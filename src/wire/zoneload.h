/* SPDX-License-Identifier: Apache-2.0 */
/* zoneload.h - a time zone by its name: the system's file, read and taken apart.
 *
 * Floor 3 (wire): base/zonefile.h reads, core/zone.h parses, and every role that knows
 * windows or rotas needs both. Blocking: never on a loop's thread after start.
 */
#pragma once
#include "core/zone.h"

/* The caller frees with zone_free. NP_E_NOTFOUND: no such name, or not on this machine. */
NP_NODISCARD np_err zoneload_read(np_str name, struct zone **ret);
bool zoneload_has(np_str name);
