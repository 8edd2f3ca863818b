/* SPDX-License-Identifier: Apache-2.0 */
/* headsfile.h - the file of signed heads, outside the database; only ever appended to.
 *
 * Floor 4 (historian). Opened for each append: somebody may have moved it, or another
 * historian of this machine may have written. A line that a crash cut off is dropped;
 * a last line that does not read is not ours to mend. Blocking: the sealer's thread.
 */
#pragma once
#include "core/heads.h"

#define HEADSFILE_PATH_MAX 4096

struct headsfile {
	const char *path; /* borrowed */
	int fd;           /* -1: closed */
	uint64_t n;       /* of the newest line; what the next one follows on */
	uint8_t prev[CHAIN_HASH_LEN];
	bool torn; /* the last open found half a line */
};

void headsfile_init(struct headsfile *f, const char *path);
/* Makes the file and its folder when absent, locks it, finds its end. NP_E_CORRUPT: the last
 * line is no head; NP_E_BUSY: somebody else appends. */
NP_NODISCARD np_err headsfile_open(struct headsfile *f);
void headsfile_close(struct headsfile *f);
/* Number and predecessor of the next line, into h; then, when it is made, to go on behind it. */
void headsfile_next(const struct headsfile *f, struct head *h);
void headsfile_took(struct headsfile *f, const struct head *h, np_str line);
/* Whole lines, each with its line feed; on disk when it returns. */
NP_NODISCARD np_err headsfile_append(struct headsfile *f, np_str lines);
