/* SPDX-License-Identifier: Apache-2.0 */
/* conf.h - a role's configuration file, read strictly.
 *
 * Floor 1 (base). A table says what the file may hold; anything else is an
 * error with its line. Read once at start, then only looked at: any thread.
 */
#pragma once
#include "base/yaml.h"

#define CONF_FILE_MAX ((size_t)256 << 10)

/* A table of what a role's file may hold. Unknown keys are errors with their line. */
enum conf_kind { CONF_STR, CONF_INT, CONF_MS, CONF_BOOL, CONF_LIST };
struct conf_item {
	const char *key; /* dotted: "http.listen" */
	enum conf_kind kind;
	bool required;
	int64_t min, max;     /* for INT and MS; both 0: no limit */
	const char *fallback; /* text of the default (LIST: commas between); NULL: zero value */
};
struct conf;
/* Reads path; on failure *ret_why says file, line and what is wrong. */
NP_NODISCARD np_err conf_load(const char *path, const struct conf_item *items, size_t n,
			      struct conf **ret_conf, struct buf *ret_why);
void conf_free(struct conf *c);
void conf_free_p(struct conf **c); /* for NP_CLEANUP */
/* Assert when the key is not in the table (our bug). Strings live as long as the conf. */
const char *conf_str(const struct conf *c, const char *key); /* NULL when absent */
int64_t conf_int(const struct conf *c, const char *key);     /* INT; MS in milliseconds */
bool conf_bool(const struct conf *c, const char *key);
size_t conf_list(const struct conf *c, const char *key, const char *const **ret_items);
