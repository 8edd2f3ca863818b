/* SPDX-License-Identifier: Apache-2.0 */
/* definition.h - a monitor's definition (the API's object) as a checker needs it.
 *
 * Floor 4 (gateway). Validated when it was written; here what a checker may not get
 * is only left out. Any thread.
 */
#pragma once
#include "gateway/world.h"

/* Fills times, target, options, assertions; kind is set already. NP_E_NOTFOUND: paused.
 * NP_E_INVAL: it makes no sense. */
NP_NODISCARD np_err definition_read(np_str json, struct gw_monitor *m);
