/* SPDX-License-Identifier: Apache-2.0 */
/* post.h - POST /v1/results: one batch in, its answer out after the commit.
 *
 * Floor 4 (gateway). Protobuf, or the JSON mapping for other people's tools; the answer
 * has the form of the question. The loop's thread.
 */
#pragma once
#include "gateway/pend.h"
#include "internal.pb-c.h"

#define POST_BODY_MAX ((size_t)1024 * 1024) /* JSON is larger than what it means */

void post_results(struct httpd_req *r, void *ctx); /* handler; user is the gw_checker */
/* The three end the request and close p. */
void post_answer(struct pend *p, const Np__I1__AckRecord *r);
void post_refuse(struct pend *p, uint16_t status, const char *why);
/* Kept for the answer. */
void post_reject(struct pend *p, const Np__I1__AckRecord *r);
