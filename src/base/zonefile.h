/* SPDX-License-Identifier: Apache-2.0 */
/* zonefile.h - the bytes of a time zone, from the system's database.
 *
 * Floor 1 (base). Reads /usr/share/zoneinfo (package tzdata); core/zone.h takes
 * the bytes apart. Blocking: never on a loop's thread after start.
 */
#pragma once
#include "base/buf.h"

#define ZONEFILE_DIR "/usr/share/zoneinfo"
#define ZONEFILE_NAME_MAX 63

/* "Europe/Berlin", "UTC": parts of letters, digits, '_', '+', '-' with '/' between them, the first
 * letter upper case; no dots, so that it names a file of that folder and nothing else. */
bool zonefile_name_ok(np_str name);
/* Appends the file. NP_E_INVAL: no such form of name; NP_E_NOTFOUND: no such zone here. */
NP_NODISCARD np_err zonefile_read(np_str name, struct buf *ret);
