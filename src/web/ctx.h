/* SPDX-License-Identifier: Apache-2.0 */
/* ctx.h - what the role holds for its whole life.
 *
 * Floor 4 (web). Made in web.c before the loop runs and never changed after;
 * worker threads may use what is marked so, the rest is the loop's.
 */
#pragma once
#include "base/crypt.h"
#include "base/metrics.h"
#include "net/httpd.h"
#include "net/loop.h"
#include "pg/pool.h"
#include "redis/aredis.h"
#include "web/forwarded.h"
#include "wire/seal.h"

#define WEB_DB_MS 4000 /* one request's time with the database */

struct tap;
struct sse;
struct stats_cache;
struct pulse;
struct drill;
struct rpool;
struct waits;
struct limiter;
struct share;
struct files;

struct web {
	struct loop *loop;
	struct metrics *metrics; /* any thread */
	struct pg_pool *pool;    /* any thread */
	struct rpool *redis;     /* any thread */
	struct seal *seal;       /* any thread */
	struct aredis *bus;      /* publishes nudges */
	struct httpd *httpd;
	struct tap *tap;
	struct sse *sse;
	struct stats_cache *stats;
	struct pulse *pulse;
	struct drill *drill;
	struct waits *waits;
	struct share *share;
	/* Failures by address; apart, so that a bad link keeps nobody from signing in. */
	struct limiter *sign_ins, *links, *drills;
	struct files *files;
	/* configuration: any thread */
	bool https; /* people reach it by https: cookies are __Host- and Secure */
	bool one_machine;
	const char *public_url, *ca_address;
	bool has_root; /* root_sha256 is the edge root's fingerprint */
	uint8_t root_sha256[CRYPT_SHA256_LEN];
	struct fwd forwarded;
	size_t streams_max; /* of one organisation */
	int64_t command_wait_ms, test_wait_ms;
};
