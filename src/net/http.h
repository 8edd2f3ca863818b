/* SPDX-License-Identifier: Apache-2.0 */
/* http.h - HTTP/1.1 messages from pushed bytes, any split, no socket.
 *
 * Floor 2 (net). llhttp behind a line scanner that is stricter than it: refuses
 * `Host :`, obs-fold, bare LF, control bytes, both lengths at once, several
 * lengths, trailers, and requests without exactly one Host. Everything the
 * parser gives out lives until http_reset. One thread.
 */
#pragma once
#include "base/buf.h"

#define HTTP_HEAD_MAX ((size_t)16 * 1024)
#define HTTP_FIELDS_MAX 64
#define HTTP_TARGET_MAX 4096

enum http_kind { HTTP_KIND_REQUEST, HTTP_KIND_RESPONSE };
enum http_rc {
	HTTP_MORE,      /* everything was taken, more is needed */
	HTTP_HEAD_DONE, /* once per message: head can be read; set the body's maximum, feed on */
	HTTP_DONE,      /* message complete; bytes not used belong to the next */
	HTTP_BAD,       /* http_bad_status tells; the connection cannot go on */
};

struct http_field {
	np_str name, value; /* value trimmed */
};
struct http_head {
	np_str method, target; /* requests */
	uint16_t status;       /* responses */
	uint8_t minor;         /* HTTP/1.minor */
	bool keep_alive;
	bool upgrade; /* Connection: Upgrade with an Upgrade field */
	bool expect_continue;
	bool has_body;
	int64_t content_length; /* -1: not given */
	struct http_field fields[HTTP_FIELDS_MAX];
	size_t n_fields;
};

struct http_msg; /* parser and message */
NP_NODISCARD struct http_msg *http_new(enum http_kind kind);
void http_free(struct http_msg *m);  /* NULL is fine */
void http_reset(struct http_msg *m); /* ready for the next message */
/* Takes up to *ret_used bytes of `bytes`. Feed the rest again after HTTP_HEAD_DONE. */
NP_NODISCARD enum http_rc http_feed(struct http_msg *m, np_str bytes, size_t *ret_used);
/* Connection ended: completes a response whose body ends there. */
NP_NODISCARD enum http_rc http_eof(struct http_msg *m);
bool http_is_idle(const struct http_msg *m); /* no byte of a message seen yet */
/* After HEAD_DONE: bytes of body allowed (initially 0). Past it: HTTP_BAD with 413. */
void http_body_max(struct http_msg *m, size_t max);
/* After HEAD_DONE of an answer to HEAD: there is no body whatever the fields say. */
void http_no_body(struct http_msg *m);
const struct http_head *http_head(const struct http_msg *m);
np_str http_body(const struct http_msg *m);
/* First field of that name (case ignored); {NULL,0} when absent. */
np_str http_field(const struct http_head *h, const char *name);
uint16_t http_bad_status(const struct http_msg *m); /* 400, 413, 414, 431, 501, 505 */
const char *http_bad_why(const struct http_msg *m);
const char *http_status_text(uint16_t status); /* "Not Found"; "Unknown" */
/* May it stand in a field? name: token; value: no control bytes (tab aside). */
bool http_name_ok(np_str name);
bool http_value_ok(np_str value);
