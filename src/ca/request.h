/* SPDX-License-Identifier: Apache-2.0 */
/* request.h - one enrolment or renewal, from its body to its answer.
 *
 * Floor 4 (ca). Straight-line and blocking, on a worker thread, one at a time:
 * vault and connection are its own while it runs.
 */
#pragma once
#include "ca/rules.h"
#include "ca/vault.h"
#include "net/addr.h"
#include "pg/pg.h"

#define REQUEST_BODY_MAX ((size_t)16 * 1024)
#define REQUEST_ANSWER_MAX ((size_t)64 * 1024)
#define REQUEST_DB_MS 5000

struct request {
	/* what is asked */
	bool renew; /* else: enrol */
	np_str body;
	struct addr from;
	struct ident peer; /* of a renewal: proved by its certificate */
	/* with what */
	struct vault *vault;
	struct pg_conn *db;
	const char *gateway; /* host:port to tell */
	/* the answer */
	uint16_t status;
	const char *detail; /* of a refusal */
	enum rules_verdict verdict;
	bool decided;      /* verdict holds */
	bool changed;      /* the registry did: tell the gateways */
	struct ident leaf; /* that was made */
	struct buf answer; /* JSON of a 200 */
};
void request_init(struct request *q);
void request_done(struct request *q);
void request_run(struct request *q);
