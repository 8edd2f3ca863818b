/* SPDX-License-Identifier: Apache-2.0 */
/* files.h - the dashboard: embedded in the program, or from a folder while developing.
 *
 * Floor 4 (web). Files under assets/ carry a hash in their names and may be kept
 * for a year; index.html is asked for again each time, by ETag. Unknown paths
 * under /app/ are the dashboard's own (it routes in the browser), all others are
 * real 404s. Loop's thread; files of a folder are read by a worker.
 */
#pragma once
#include "web/ctx.h"

#define FILES_SIZE_MAX ((size_t)8 * 1024 * 1024)

struct files;
NP_NODISCARD struct files *files_new(const char *web_root); /* NULL: embedded */
void files_free(struct files *f);                           /* NULL is fine */

/* Handlers. */
void files_app(struct web *w, struct httpd_req *r);      /* /app/ and /app/{rest} */
void files_redirect(struct web *w, struct httpd_req *r); /* / and /app */
void files_contract(struct web *w, struct httpd_req *r); /* openapi.yaml */
void files_robots(struct web *w, struct httpd_req *r);
/* Headers of every answer. */
void files_headers(struct httpd_req *r, void *web);
void files_not_found(struct httpd_req *r, void *web);

/* Pure: a path without "..", empty and hidden segments, of plain characters. */
bool files_path_ok(np_str path);
const char *files_type(np_str path); /* by its ending */
bool files_is_hashed(np_str path);   /* may be kept for ever */
