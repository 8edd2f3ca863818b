/* SPDX-License-Identifier: Apache-2.0 */
/* sealer.h - the thread that keeps the audit chain: links within a second, signs each minute.
 *
 * Floor 4 (historian). A thread and a connection of its own, so that history being
 * written delays no link. One historian at a time does it, by a lease row. Others may
 * only tell it to stop.
 */
#pragma once
#include "base/metrics.h"
#include "pg/pg.h"

#define SEALER_POLL_MS 200
#define SEALER_HEADS_MS NP_MIN_MS

struct sealer_cfg {
	struct pg_conf database;
	const char *name;       /* of this instance */
	const char *key_file;   /* NULL: the chain is linked, and no head is signed */
	const char *heads_file; /* where signed heads go; with key_file */
	int64_t heads_every_ms; /* 0: SEALER_HEADS_MS */
	struct metrics *metrics;
};
struct sealer;
/* Starts the thread. NP_E_INVAL, NP_E_PERM and the like: the key is not usable. */
NP_NODISCARD np_err sealer_start(const struct sealer_cfg *cfg, struct sealer **ret);
void sealer_stop(struct sealer *s); /* NULL is fine */
