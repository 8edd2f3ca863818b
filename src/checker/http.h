/* SPDX-License-Identifier: Apache-2.0 */
/* http.h - inside of HTTP checks: one attempt, and one hop of it.
 *
 * Floor 4 (checker). Redirects are followed by hand, one transfer each, so that
 * every hop is looked up and gated by reach.h and the connected socket is handed
 * to curl. The struct lives in the run's arena; body and curl's lists do not, and
 * go with http_ops.cancel. One loop's thread.
 */
#pragma once
#include "checker/reach.h"

#define HTTP_CHECK_BODY_MAX ((size_t)1024 * 1024) /* decompressed; more is not read */
#define HTTP_CHECK_HEAD_MAX ((size_t)64 * 1024)   /* all headers of one answer, 1xx ones too */
#define HTTP_CHECK_FIELDS_MAX 200
#define HTTP_CHECK_URL_MAX 2048

struct http {
	struct check_run *run;
	struct reach reach;
	const char *url; /* of this hop */
	struct tgt tgt;
	np_str method;
	bool with_body; /* the request's body goes along */
	bool foreign;   /* another origin than the monitor's: no secrets in headers */
	uint32_t hops;  /* redirects followed */
	struct cert_seen seen;
	/* one transfer */
	CURL *easy;
	struct curl_slist *headers, *connect_to;
	char error[CURL_ERROR_SIZE];
	void (*hop_done)(struct http *h, CURLcode rc);
	/* its answer */
	struct buf body;
	bool keep_body, body_cut;
	size_t head_bytes;
	bool head_too_large;
	bool keep_head;
	struct asrt_header *field; /* HTTP_CHECK_FIELDS_MAX of them when keep_head */
	size_t fields;
};

/* One transfer over h->reach.fd; ends in h->hop_done. NP_E_NOMEM. */
NP_NODISCARD np_err httpgo_start(struct http *h);
/* Give everything of the transfer back. May be called twice. */
void httpgo_stop(struct http *h);
/* What a transfer that did not work means. */
struct say_verdict httpgo_say(struct http *h, CURLcode rc);
/* Add this hop's phases to the result. */
void httpgo_phases(struct http *h);

/* For tests: one line of an answer's head as it came, terminator and all. */
bool http_head_line(struct http *h, np_str line);
