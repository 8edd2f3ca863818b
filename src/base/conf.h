/* SPDX-License-Identifier: Apache-2.0 */
/* conf.h - YAML with line numbers, and a role's configuration file read strictly.
 *
 * Floor 1 (base). libyaml events become a jansson tree (numbers, booleans and
 * null only where YAML 1.2 core schema says so; `5m` stays text) plus a line
 * per JSON pointer. Aliases, tags, duplicate keys and depth over 32 are refused.
 */
#pragma once
#include <jansson.h>

#include "base/buf.h"

struct yaml_doc; /* tree + lines */

/* First document of the text. On failure *ret_why gets one sentence with the line. */
NP_NODISCARD np_err yaml_parse(np_str text, struct yaml_doc **ret_doc, struct buf *ret_why);
void yaml_free(struct yaml_doc *d); /* NULL is fine */
void yaml_free_p(struct yaml_doc **d);
json_t *yaml_root(const struct yaml_doc *d); /* borrowed */
/* Line (1-based) of a JSON pointer such as "/monitors/3/interval"; 0 when unknown. */
uint32_t yaml_line(const struct yaml_doc *d, const char *pointer);

/* A table of what a role's file may hold. Unknown keys are errors with their line. */
enum conf_kind { CONF_STR, CONF_INT, CONF_MS, CONF_BOOL, CONF_LIST };
struct conf_item {
	const char *key; /* dotted: "http.listen" */
	enum conf_kind kind;
	bool required;
	int64_t min, max; /* for INT and MS */
	const char *fallback; /* text of the default; NULL: zero value */
};
struct conf;
/* Reads path; on failure *ret_why says file, line and what is wrong. */
NP_NODISCARD np_err conf_load(const char *path, const struct conf_item *items, size_t n,
			      struct conf **ret_conf, struct buf *ret_why);
void conf_free(struct conf *c);
/* Assert when the key is not in the table (our bug). Strings live as long as the conf. */
const char *conf_str(const struct conf *c, const char *key); /* NULL when absent */
int64_t conf_int(const struct conf *c, const char *key);     /* INT; MS in milliseconds */
bool conf_bool(const struct conf *c, const char *key);
size_t conf_list(const struct conf *c, const char *key, const char *const **ret_items);
