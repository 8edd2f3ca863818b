/* SPDX-License-Identifier: Apache-2.0 */
/* assertion.h - what an answer must look like: read, validate, evaluate.
 *
 * Floor 2 (core). `[{source, op, value, soft}]`. A failing assertion makes the
 * attempt fail, a failing soft one makes it degraded. There is no regular
 * expression: `matches` is a glob (`*`, `?`) over the whole text, whose cost is
 * at most pattern x text and which cannot blow up. Texts are borrowed. Any thread.
 */
#pragma once
#include <jansson.h>

#include "base/buf.h"
#include "core/monitor.h"
#include "core/problem.h"

#define ASRT_MAX 32
#define ASRT_VALUE_MAX 1024
#define ASRT_PATTERN_MAX 128
#define ASRT_ARG_MAX 128  /* header name, JSON path */
#define ASRT_SHOWN_MAX 80 /* bytes of a found value quoted in a sentence */

enum asrt_source {
	ASRT_STATUS,       /* http: status code */
	ASRT_BODY,         /* http: body as text */
	ASRT_HEADER,       /* http: "header:Content-Type" */
	ASRT_JSON,         /* http: "json:data.items[0].id"; "json:" is the whole */
	ASRT_LATENCY_MS,   /* every kind */
	ASRT_CERT_DAYS,    /* http, tls: whole days until the certificate ends */
	ASRT_ANSWERS,      /* dns: every answer, one per line, sorted; eq takes any one answer */
	ASRT_ANSWER_COUNT, /* dns: "answer_count" */
	ASRT_REPLY,        /* tcp: what came back */
	ASRT_SOURCE_N
};
enum asrt_op {
	ASRT_EQ,
	ASRT_NE,
	ASRT_LT,
	ASRT_LE,
	ASRT_GT,
	ASRT_GE,
	ASRT_CONTAINS,
	ASRT_NOT_CONTAINS,
	ASRT_MATCHES,
	ASRT_NOT_MATCHES,
	ASRT_EXISTS,
	ASRT_ABSENT,
	ASRT_OP_N
};

struct asrt {
	enum asrt_source source;
	enum asrt_op op;
	np_str arg;     /* header name or JSON path */
	bool is_number; /* value is a number: compared as one */
	double number;
	np_str text; /* value as text, unless is_number */
	bool soft;
};

struct asrt_list {
	size_t n;
	struct asrt item[ASRT_MAX];
};

struct asrt_header {
	np_str name, value;
};

/* What the check found. Zero means "there is none" except where said. */
struct asrt_facts {
	int64_t status; /* 0: none */
	np_str body;
	bool body_cut;      /* body was cut at its limit: said in sentences */
	const json_t *json; /* parsed body, or NULL; parse when asrt_needs_json() */
	const struct asrt_header *header;
	size_t header_n;
	int64_t latency_us;
	bool has_cert;
	int64_t cert_days; /* may be negative */
	const np_str *answer;
	size_t answer_n;
	np_str reply;
};

enum asrt_outcome { ASRT_PASS = 0, ASRT_SOFT_FAIL = 1, ASRT_HARD_FAIL = 2 };

/* Read and validate a JSON array (NULL: none) for monitors of this kind; problems get
 * paths "assertions[i].field". Wrong items are left out of *ret. */
void asrt_read(enum mon_kind kind, const json_t *array, struct asrt_list *ret,
	       struct problem_list *p);
bool asrt_needs_json(const struct asrt_list *l);
bool asrt_needs_body(const struct asrt_list *l); /* body or json */
/* Is there an assertion over this source? (a status assertion replaces the default
 * "status is 2xx or 3xx" of HTTP checks) */
bool asrt_has_source(const struct asrt_list *l, enum asrt_source source);
/* All of them; the worst outcome. The first worst one is appended to `text` (may be NULL)
 * as one plain sentence without full stop: "status is 503, wanted 200". */
enum asrt_outcome asrt_eval(const struct asrt_list *l, const struct asrt_facts *f,
			    struct buf *text);
/* Glob over the whole text: '*' any run, '?' one byte, '\' takes the next literally. */
bool asrt_glob(np_str pattern, np_str text);
