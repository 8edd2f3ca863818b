/* SPDX-License-Identifier: Apache-2.0 */
/* options.h - a monitor's options by kind, read and validated from JSON.
 *
 * Floor 2 (core). Pure over json_t: texts are borrowed and live as long as the
 * JSON does. All-zero JSON (NULL) gives the defaults. Any thread.
 */
#pragma once
#include <jansson.h>

#include "core/monitor.h"
#include "core/problem.h"

#define OPT_HEADERS_MAX 32
#define OPT_HEADER_MAX 4096 /* name + value */
#define OPT_BODY_MAX 65536
#define OPT_TEXT_MAX 4096 /* send, expect */
#define OPT_EXPECT_MAX 32 /* DNS answers expected */
#define OPT_REDIRECTS 5   /* default of follow_redirects */
#define OPT_REDIRECTS_MAX 20

enum opt_record { OPT_A, OPT_AAAA, OPT_MX, OPT_TXT, OPT_NS, OPT_CNAME, OPT_RECORD_N };

/* One struct for all kinds; what a kind does not know is refused in its JSON. */
struct opt_set {
	/* http */
	np_str method;         /* "GET" unless given: GET HEAD POST PUT PATCH DELETE OPTIONS */
	const json_t *headers; /* object name -> string, or NULL */
	np_str body;
	uint32_t max_redirects; /* follow_redirects: true = 5, false = 0, or a number 0..20 */
	/* http, tls */
	bool verify;        /* check chain and names; default true */
	np_str server_name; /* tls: SNI and name to check; "" = the target's host */
	/* tcp */
	np_str send, expect; /* expect: text the reply must contain */
	/* dns */
	enum opt_record record; /* default A */
	np_str resolver;        /* IP or IP:port; "" = the system's */
	const json_t *answers;  /* dns expect: array of strings, or NULL */
};

/* Reads `options` of one kind; problems go to `p` with paths below "options".
 * *ret is complete (defaults where wrong) in any case. */
void opt_read(enum mon_kind kind, const json_t *options, struct opt_set *ret,
	      struct problem_list *p);
const char *opt_record_name(enum opt_record r); /* "AAAA" */
