/* SPDX-License-Identifier: Apache-2.0 */
/* crc32c.h - the checksum of the spool (Castagnoli), by table.
 *
 * Floor 4 (checker). Pure. Any thread.
 */
#pragma once
#include "base/np.h"

/* Checksum of `s` that continues `crc` (0 to begin). */
uint32_t crc32c(uint32_t crc, np_str s);
