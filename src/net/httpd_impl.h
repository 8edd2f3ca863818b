/* SPDX-License-Identifier: Apache-2.0 */
/* httpd_impl.h - what the files of the HTTP server share.
 *
 * Floor 2 (net), inside only. A link is one connection being served; it owns
 * the parser of the message coming in. A request takes the parser over when its
 * head is complete, since its slices must outlive the connection.
 */
#pragma once
#include "net/httpd.h"
#include "net/route.h"

#define HTTPD_LISTENERS_MAX 8
#define HTTPD_BUSY_BACKLOG ((size_t)256 * 1024) /* no next request while so much is unsent */

struct httpd_link {
	struct httpd *h;
	struct conn *c; /* NULL: handed over or gone */
	struct httpd_link *next, *prev;
	struct http_msg *msg;  /* coming in, head not complete yet */
	struct httpd_req *req; /* the request being received or answered */
	struct httpd_stream *stream;
	struct buf stash; /* bytes behind the current request */
	np_str rest;      /* while running: bytes behind what was fed */
	bool used;        /* had a request already */
	bool running;     /* inside the feeding loop: the link is freed at its end */
	bool dead;
};

struct httpd_req {
	struct httpd_link *link; /* NULL: the client is gone */
	struct httpd *h;
	struct http_msg *msg;
	struct arena *arena;
	np_str method, path, query;
	struct route_path segments;
	struct route_match match;
	struct addr peer;
	struct ident ident;
	bool has_ident;
	bool dispatched;       /* the handler has it */
	bool close;            /* no keep-alive after it */
	uint16_t early_status; /* answer with this before the body is read; 0: none */
	int64_t started_us;
	struct http_field fields[HTTPD_RESP_FIELDS_MAX];
	size_t n_fields;
	void *user;
	void (*on_gone)(struct httpd_req *r, void *ctx);
	void *on_gone_ctx;
};

struct httpd_stream {
	struct httpd_link *link;
	const struct httpd_stream_ops *ops;
	void *ctx;
	bool chunked, close;
};

struct httpd {
	struct loop *l;
	struct httpd_cfg cfg;
	struct httpd_door {
		struct httpd *h;
		struct listener *listener;
		void (*on_refused)(void *ctx, const struct addr *peer, const char *why);
		void *ctx; /* of on_refused */
	} doors[HTTPD_LISTENERS_MAX];
	size_t n_doors;
	struct httpd_link links; /* list head */
	size_t n_links;
	struct buf scratch; /* one message being built */
	struct buf early;   /* handed out by httpd_upgrade */
	bool stopping;
	struct loop_timer *stop_timer;
	loop_fn stop_done;
	void *stop_ctx;
	size_t refs; /* of unanswered requests whose link is gone, and the owner's */
};

/* httpd.c */
/* The answer is out: keep-alive, next request, or close. Frees r. */
void httpd_answered(struct httpd_req *r, uint16_t status);
/* Close the connection at once, or after what is queued. */
void httpd_link_drop(struct httpd_link *k);
void httpd_link_finish(struct httpd_link *k);
/* The connection is somebody else's from now on. */
struct conn *httpd_link_release(struct httpd_link *k);
void httpd_link_next(struct httpd_link *k); /* go on with the stash */

/* httpd_resp.c */
void httpd_refuse(struct httpd_link *k, uint16_t status, const char *why); /* without a request */
void httpd_stream_gone(struct httpd_stream *s);
void httpd_stream_drained(struct httpd_stream *s);
