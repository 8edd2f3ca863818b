/* SPDX-License-Identifier: Apache-2.0 */
/* zones.h - a time zone for the length of a request.
 *
 * Floor 4 (web). Reads a file of the system's database: worker thread.
 */
#pragma once
#include "core/zone.h"

/* NP_E_NOTFOUND: none of that name here. */
NP_NODISCARD np_err zones_load(np_str name, struct zone **ret);
bool zones_has(np_str name);
