/* SPDX-License-Identifier: Apache-2.0 */
/* send.h - one attempt to deliver one notice, as a libcurl transfer.
 *
 * Floor 4 (alerter). The courier's thread adds the handle to its multi and asks
 * for the outcome when curl is done. A flight owns everything of its attempt.
 * What goes where is the row of core/channel.h; there is no code of a service's
 * own.
 */
#pragma once
#include <curl/curl.h>

#include "alerter/words.h"
#include "base/crypt.h"
#include "core/channel.h"

#define SEND_CONNECT_MS 5000
#define SEND_TOTAL_MS 15000 /* well under the lease */
#define SEND_ANSWER_MAX ((size_t)64 * 1024)
#define SEND_SAY_MAX 200
#define SEND_BASES_MAX 16

/* What the operator configured. Texts live as long as the alerter. */
struct send_cfg {
	const char *smtp_url; /* NULL: no mail server */
	const char *smtp_from;
	const char *smtp_secret_file; /* user:password, or NULL */
	const char *ca_file;          /* further roots, or NULL: the system's */
	/* Another scheme, host and port for a kind of channel: a proxy, a test. The operator's own
	 * choice: the address guard does not apply there. */
	struct {
		const char *kind, *base;
	} base[SEND_BASES_MAX];
	int64_t total_ms; /* 0: SEND_TOTAL_MS */
	struct words_cfg words;
};

struct flight {
	struct notice notice; /* texts in `arena` */
	struct arena *arena;
	const struct chn_kind *kind;
	const char *trouble; /* why it cannot be sent at all, or NULL */
	CURL *curl;
	struct curl_slist *headers, *rcpt;
	struct buf body, answer;
	np_str secret[CHN_FIELDS_MAX]; /* in `arena`; never to be said */
	size_t n_secret;
	size_t sent;                        /* bytes of a mail already handed to curl */
	int64_t at_us, started_ms, asked_s; /* asked_s: Retry-After */
	bool guard_off, blocked;            /* blocked: the address is not allowed */
	enum outcome outcome;               /* when done */
	char say[SEND_SAY_MAX];
	struct flight *next, *prev;
};

/* Prepare the transfer; texts of `n` must be in the flight's arena. On failure outcome and say
 * are set and there is no transfer: f->curl is NULL. */
void send_prepare(struct flight *f, const struct send_cfg *cfg, int64_t wall_us);
/* curl is done: outcome and say. */
void send_finish(struct flight *f, CURLcode rc);
void send_free(struct flight *f); /* NULL is fine */
