/* SPDX-License-Identifier: Apache-2.0 */
/* curlm.h - libcurl's multi interface on the loop, with a pool of handles.
 *
 * Floor 4 (checker). Handles come with everything set that never changes: no
 * proxy, no redirects, no connection reuse, no trust store of curl's own, HTTP
 * and HTTPS only. Whoever takes one sets the rest *every* time. One loop's thread.
 */
#pragma once
#include <curl/curl.h>

#include "net/loop.h"

struct curlm;
/* `user_agent` is the default one of all handles. */
NP_NODISCARD np_err curlm_new(struct loop *l, const char *user_agent, struct curlm **ret_curlm);
void curlm_free(struct curlm *m); /* all handles given back; NULL is fine */

/* A handle, NULL on no memory. Give it back with curlm_give. */
NP_NODISCARD CURL *curlm_take(struct curlm *m);
/* fn(CURLOPT_PRIVATE's pointer) once at the end of the transfer, outside curl's callbacks. */
typedef void (*curlm_fn)(void *ctx, CURLcode rc);
NP_NODISCARD np_err curlm_add(struct curlm *m, CURL *easy, void *ctx, curlm_fn fn);
/* Ends the transfer if there is one. Not inside curl's callbacks. */
void curlm_give(struct curlm *m, CURL *easy);
