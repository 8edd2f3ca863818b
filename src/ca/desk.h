/* SPDX-License-Identifier: Apache-2.0 */
/* desk.h - where requests queue for the one worker that holds keys and database.
 *
 * Floor 4 (ca). Handlers for httpd on the loop's thread; work on the pool, one
 * job at a time, in order; at most DESK_MAX wait.
 */
#pragma once
#include "base/metrics.h"
#include "ca/vault.h"
#include "net/httpd.h"
#include "pg/pg.h"

#define DESK_MAX 256

struct desk_cfg {
	struct loop *loop;
	const char *dir;     /* of the keys */
	struct vault *vault; /* the desk's while it lives */
	struct pg_conf database;
	const char *gateway;
	struct metrics *metrics;
	void (*changed)(void *ctx); /* the registry did; may be NULL */
	void *ctx;
};
struct desk;
NP_NODISCARD struct desk *desk_new(const struct desk_cfg *cfg);
/* Not while a job runs: after loop_run. Frees the vault. NULL is fine. */
void desk_free(struct desk *d);
void desk_enrol(struct desk *d, struct httpd_req *r);
void desk_renew(struct desk *d, struct httpd_req *r);
/* Renew the servers' own leaves where due, and look whether the database answers. */
void desk_upkeep(struct desk *d);
bool desk_is_ready(const struct desk *d);
bool desk_is_idle(const struct desk *d); /* nothing queued or running */
