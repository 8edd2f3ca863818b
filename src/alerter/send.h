/* SPDX-License-Identifier: Apache-2.0 */
/* send.h - one attempt to deliver one notice, as a libcurl transfer.
 *
 * Floor 4 (alerter). The courier's thread adds the handle to its multi and asks
 * for the outcome when curl is done. A flight owns everything of its attempt.
 */
#pragma once
#include <curl/curl.h>

#include "alerter/message.h"
#include "base/crypt.h"

#define SEND_CONNECT_MS 5000
#define SEND_TOTAL_MS 15000 /* well under the lease */
#define SEND_ANSWER_MAX ((size_t)64 * 1024)
#define SEND_SAY_MAX 200

/* What the operator configured for mail. Texts live as long as the alerter. */
struct send_cfg {
	const char *smtp_url; /* NULL: no mail server */
	const char *smtp_from;
	const char *smtp_secret_file; /* user:password, or NULL */
	np_str public_url;
};

struct flight {
	struct notice notice; /* texts in `arena` */
	struct arena *arena;
	CURL *curl;
	struct curl_slist *headers, *rcpt;
	struct buf body, answer;
	size_t sent; /* bytes of a mail already handed to curl */
	int64_t at_us, started_ms;
	bool blocked;         /* the address is not allowed */
	enum outcome outcome; /* when done */
	char say[SEND_SAY_MAX];
	struct flight *next;
};

/* Prepare the transfer; texts of `n` must be in the flight's arena. On failure outcome and say
 * are set and there is no transfer: f->curl is NULL. */
void send_prepare(struct flight *f, const struct send_cfg *cfg, int64_t wall_us);
/* curl is done: outcome and say. */
void send_finish(struct flight *f, CURLcode rc);
void send_free(struct flight *f); /* NULL is fine */
