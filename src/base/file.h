/* SPDX-License-Identifier: Apache-2.0 */
/* file.h - whole small files: read, write atomically, make folders.
 *
 * Floor 1 (base). Blocking: never on a loop's thread after start.
 */
#pragma once
#include "base/buf.h"

/* Appends the whole file to *ret; NP_E_LIMIT past its maximum. */
NP_NODISCARD np_err file_read(const char *path, struct buf *ret);
/* Write to path.tmp, fsync, rename, fsync the folder: after a crash the old or the new, never half. */
NP_NODISCARD np_err file_write_atomic(const char *path, np_str content, uint32_t mode);
/* mkdir -p with that mode for what is missing. */
NP_NODISCARD np_err file_mkdirs(const char *path, uint32_t mode);
bool file_exists(const char *path);
NP_NODISCARD np_err file_write_all(int fd, np_str content); /* loops over short writes, EINTR */
