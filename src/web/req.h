/* SPDX-License-Identifier: Apache-2.0 */
/* req.h - one API request on its way: loop, worker, perhaps a wait, answer.
 *
 * Floor 4 (web). A wreq lives in the request's arena. On the loop's thread it
 * is made and answered; in between exactly one worker has it. A handler runs
 * inside a transaction of the caller's organisation, fills `out` and answers
 * NP_OK, or yields an error (NP_E_NOTFOUND: 404, …) or the result of wq_problem.
 */
#pragma once
#include <jansson.h>

#include "base/jsonw.h"
#include "core/access.h"
#include "core/problem.h"
#include "web/ctx.h"

#define WQ_BODY_MAX ((size_t)256 * 1024)
#define WQ_OUT_MAX ((size_t)32 * 1024 * 1024)
#define WQ_GZIP_MIN 1024
#define WQ_ID_MAX 33

/* Who asks; copied into the request's arena. */
struct who {
	uint64_t org;
	uint8_t token_id[16];
	np_str name, org_name;
	enum acc_role role;
	uint32_t scopes; /* of its token */
	bool unnoted;    /* nothing says yet that the token was used in this minute */
	bool private_ok;
	bool by_cookie;
	uint8_t credential[CRYPT_SHA256_LEN];
};

struct wreq;
/* Worker thread; c is in a transaction of the tenant (R_OPEN: in none). */
typedef np_err (*wq_fn)(struct wreq *q, struct pg_conn *c);

enum {
	R_OPEN = 1,      /* no identity needed */
	R_COMMAND = 2,   /* writes an inbox row and waits for its outcome */
	R_SIGN_IN = 4,   /* failures are limited by address */
	R_BODY = 8,      /* a JSON object must be there */
	R_BODY_MAY = 16, /* a JSON object may be there */
	R_LINK = 32      /* the address itself is the credential: no cookie counts, so Origin says
		     * nothing; wrong ones are limited by address */
};

struct route {
	const char *method, *pattern;
	wq_fn fn;
	enum acc_action action;
	uint32_t flags;
	const char *query; /* names allowed, space-separated; NULL: none */
	/* Loop's thread, instead of all that: health, files. */
	void (*direct)(struct web *w, struct httpd_req *r);
	/* Loop's thread, between fn and `later`; NULL: nothing. */
	void (*prepare)(struct wreq *q);
	/* Loop's thread, after fn succeeded and before the reply; NULL: nothing. */
	void (*keep)(struct wreq *q);
	/* Loop's thread, instead of a reply, when fn succeeded (streams). */
	void (*finish)(struct wreq *q);
};

struct wreq {
	struct web *web;
	struct httpd_req *http;
	const struct route *route;
	struct arena *arena;
	np_str credential;  /* as sent; "" when none */
	json_t *body;       /* object or NULL; freed with the request */
	const char *origin; /* api, cli, dashboard */

	/* the answer */
	const char *type;
	np_str location, cookie;
	struct buf out;
	struct jsonw json; /* onto out */

	/* Waiting: `later` runs in a transaction of its own, again and again while it yields
	 * NP_E_AGAIN, until `deadline_ms`; then once more with `expired`. */
	wq_fn later;
	/* Long thinking: on the worker, after the transaction is over and its connection given back.
	 * Comes in any case, `e` < 0 when there is only something to free; yields what holds then. */
	np_err (*think)(struct wreq *q, np_err e);
	wq_fn applied; /* of a command: writes the answer once it was applied */
	int64_t deadline_ms, poll_ms;
	struct loop_timer *timer;

	/* Whose share of the workers it takes; in a queue there while it waits for its turn. */
	struct {
		struct wreq *next;
		uint32_t place;
	} seat;

	/* Of routes whose failures are limited: by whom, and where they are counted. */
	struct limiter *limiter;
	struct addr client;

	void *extra; /* of the handler: from prepare to fn, from fn to finish */
	struct who who;
	struct problem_list problems;
	np_err err;
	uint32_t shard;      /* of the command */
	uint8_t inbox[16];   /* its id */
	uint8_t subject[16]; /* of what: monitor, incident, channel */
	uint16_t status;     /* 0: 200 */
	bool gzip;
	bool expired, noted, waiting;
	/* after the commit, on the loop's thread */
	bool nudge_all; /* the inbox of every shard */
	bool nudge_inbox, nudge_monitors, nudge_ban, nudge_channels, nudge_outbox;
	bool nudge_streams; /* somebody may be nobody any more */
	char id[WQ_ID_MAX]; /* request id: 32 hex digits */
};

/* Handler of every route of the table: ctx is the struct web. */
void wq_enter(struct httpd_req *r, void *ctx);
/* A command of this request was decided: called by waits.c. */
void wq_noted(struct wreq *q);
/* No worker will come any more: answers what waits for one. */
void wq_evict(struct web *w);
/* Answer what waits, now (graceful stop). */
void wq_hurry(struct wreq *q);

/* ---- for handlers, worker thread ---- */
/* Fills `out` with a problem; yields NP_E_CANCELED, which rolls back. */
NP_NODISCARD np_err wq_problem(struct wreq *q, uint16_t status, const char *detail);
/* 422 with q->problems, or NP_OK when there are none. */
NP_NODISCARD np_err wq_check(struct wreq *q);
