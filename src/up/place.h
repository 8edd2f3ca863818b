/* SPDX-License-Identifier: Apache-2.0 */
/* place.h - the folder that everything lies in: made, locked, owned, entered.
 *
 * Floor 5. As root the folder is made and given to the service user, raw ICMP
 * sockets are opened, then the process becomes that user for good.
 */
#pragma once
#include "up/options.h"

#define PLACE_FILE_MAX 160
#define PLACE_DISK_MIN ((uint64_t)200 * 1024 * 1024)

struct place {
	const char *dir;
	int lock_fd;
	/* Per region one raw ICMP and one ICMPv6 socket, -1: none. Each socket gets every reply of
	 * the machine, so checkers must not share one. */
	int icmp[UP_REGIONS_MAX][2];
};

/* Everything up to a locked, writable DIR as the right user. One sentence in *ret_why else. */
NP_NODISCARD np_err place_enter(const struct up_options *o, struct place *ret, struct buf *ret_why);
void place_leave(struct place *p);
/* "DIR/sub" in ret; asserts that it fits (DIR's length was checked). */
void place_path(const struct place *p, const char *sub, char ret[PLACE_FILE_MAX]);
/* Text file below DIR, written only when absent or different. */
NP_NODISCARD np_err place_write(const struct place *p, const char *sub, np_str text, uint32_t mode);
