/* SPDX-License-Identifier: Apache-2.0 */
/* logfile.h - the log files of the supervised processes.
 *
 * Floor 5. A child keeps its descriptor for life, so a log that grew too large
 * is copied and cut, not renamed; the children append (O_APPEND).
 */
#pragma once
#include "up/place.h"

NP_NODISCARD np_err logfile_open(const struct place *p, const char *name, int *ret_fd);
/* Last non-empty line, at most 300 bytes. */
void logfile_last_line(const struct place *p, const char *name, struct buf *ret);
/* Move to .1 and cut when larger than `max` bytes. */
NP_NODISCARD np_err logfile_rotate(const struct place *p, const char *name, int64_t max);
