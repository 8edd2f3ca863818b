/* SPDX-License-Identifier: Apache-2.0 */
/* export.h - one incident as one JSON document that can be checked without us.
 *
 * Floor 5. The format is in doc/audit.md; verify.c reads it.
 */
#pragma once
#include <jansson.h>

#include "cli/command.h"
#include "pg/pg.h"

#define EXPORT_FORMAT "netpulse-incident-export/1"
#define EXPORT_FILE_MAX ((size_t)512 * 1024 * 1024)
#define EXPORT_LINKS_MAX 200000

/* {"segments": […], "unproven": n}: the audit entries about `subject` with their links up to the
 * next signed head each. */
NP_NODISCARD np_err export_chain(struct pg_conn *db, int64_t org, np_str subject, json_t **ret);

struct export_chain_seen { /* what a chain proves */
	size_t entries, links, heads;
	int64_t opened_us, closed_us, until_us; /* 0: not said */
};
/* Every link, head and signature. NP_E_CORRUPT, NP_E_AUTH with one sentence in *why. */
NP_NODISCARD np_err export_chain_check(const json_t *chain, np_str subject, const uint8_t key[32],
				       struct export_chain_seen *ret, struct buf *why);
/* SHA-256 of everything in the document but "sha256". */
NP_NODISCARD np_err export_sum(const json_t *doc, char ret_hex[65]);
