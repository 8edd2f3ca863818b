/* SPDX-License-Identifier: Apache-2.0 */
/* yaml.h - YAML with line numbers, for configuration and for monitors as code.
 *
 * Floor 1 (base). libyaml events become a jansson tree (numbers, booleans and
 * null only where YAML 1.2 core schema says so; `5m` stays text) plus a line
 * per JSON pointer. Anchors, aliases, tags, duplicate keys, keys that are not
 * text and depth over YAML_DEPTH_MAX are refused. Owned by one thread.
 */
#pragma once
#include <jansson.h>

#include "base/buf.h"

#define YAML_TEXT_MAX ((size_t)4 << 20) /* bytes of a document */
#define YAML_NODES_MAX 200000
#define YAML_DEPTH_MAX 32

struct yaml_doc; /* tree + lines */

/* First document of the text. On failure *ret_why gets one sentence with the line. */
NP_NODISCARD np_err yaml_parse(np_str text, struct yaml_doc **ret_doc, struct buf *ret_why);
void yaml_free(struct yaml_doc *d); /* NULL is fine */
void yaml_free_p(struct yaml_doc **d);
json_t *yaml_root(const struct yaml_doc *d); /* borrowed */
/* Line (1-based) of a JSON pointer such as "/monitors/3/interval"; 0 when unknown. */
uint32_t yaml_line(const struct yaml_doc *d, const char *pointer);
