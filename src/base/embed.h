/* SPDX-License-Identifier: Apache-2.0 */
/* embed.h - files that live inside the program: migrations, dashboard, contract.
 *
 * Floor 1 (base). Read-only and for ever; any thread. script/embed.py makes the
 * tables at build time from schema/, web/dist/ (with the .gz and .br files beside
 * their originals) and api/; a folder that is not there gives an empty table.
 */
#pragma once
#include "base/np.h"

struct embed_file {
	const char *path; /* in its folder: "assets/index.js" */
	const uint8_t *p; /* a NUL follows the content */
	size_t n;
	char etag[20]; /* quoted, of the content: ready for the header */
};

/* Sorted by the bytes of their paths. */
struct embed_table {
	const struct embed_file *files;
	size_t n;
};
extern const struct embed_table embed_schema_table, embed_web_table, embed_api_table;

const struct embed_file *embed_schema(size_t *ret_n); /* "0001_init.sql" … */
const struct embed_file *embed_web(size_t *ret_n);    /* "index.html" … */
const struct embed_file *embed_api(size_t *ret_n);    /* "openapi.yaml" */
/* The file of that path; NULL: none. `table`: &embed_web_table … */
const struct embed_file *embed_find(const struct embed_table *table, np_str path);
