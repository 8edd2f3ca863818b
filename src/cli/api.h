/* SPDX-License-Identifier: Apache-2.0 */
/* api.h - the public API, asked from a command line.
 *
 * Floor 5. Blocking, one request at a time. The token comes from --token-file or
 * NETPULSE_TOKEN, the address from --url or NETPULSE_URL.
 */
#pragma once
#include <jansson.h>

#include "base/args.h"
#include "base/crypt.h"

#define API_URL "http://127.0.0.1:8080"
#define API_MS 20000
#define API_ANSWER_MAX ((size_t)64 * 1024 * 1024)
#define API_PATH_MAX 512

/* Rows for the table of options of every command that asks the API. */
#define API_OPTS                                                                             \
	{ "url", "URL", "address of NetPulse (default NETPULSE_URL or " API_URL ")", NULL }, \
		{ "token-file", "FILE", "file with the API token (default: NETPULSE_TOKEN)", \
		  NULL },                                                                    \
	{                                                                                    \
		"json", NULL, "print JSON, for scripts", NULL                                \
	}

struct api;
/* NP_E_AUTH without a token; the sentence is in *ret_why. */
NP_NODISCARD np_err api_new(const struct args *a, struct api **ret, struct buf *ret_why);
/* The same with the token of that file. */
NP_NODISCARD np_err api_new_with(const struct args *a, const char *token_file, struct api **ret,
				 struct buf *ret_why);
void api_free(struct api *a); /* NULL is fine */

struct api_request {
	const char *method, *path; /* "/api/v1/monitors" */
	const json_t *body;        /* NULL: none */
};
/* One request. *ret_json (may be NULL) gets the answer, the caller's to json_decref; NULL for an
 * empty one. Anything but 2xx is an error whose sentence, field by field, is in *ret_why. */
NP_NODISCARD np_err api_call(struct api *a, const struct api_request *r, json_t **ret_json,
			     struct buf *ret_why);
/* All pages of a list, as one array. `path` without cursor. */
NP_NODISCARD np_err api_list(struct api *a, const char *path, json_t **ret_items,
			     struct buf *ret_why);
/* The monitor with that id, exact name or unambiguous beginning of the name. */
NP_NODISCARD np_err api_find_monitor(struct api *a, const char *what, json_t **ret_monitor,
				     struct buf *ret_why);
/* Text of a member; "" when it is absent or no text. */
const char *api_text(const json_t *object, const char *key);
