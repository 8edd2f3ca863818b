/* SPDX-License-Identifier: Apache-2.0 */
/* identdir.h - the folder in which a checker keeps who it is.
 *
 * Floor 2 (net). key.pem (0600), cert.pem (leaf and region intermediate), root.pem
 * (edge root), identity.json. A new pair comes as next.key.pem, then
 * next.cert.pem; from then on it is in force, and an interrupted move is
 * finished by the next reader: key and certificate always belong together.
 * Blocking, small files.
 */
#pragma once
#include <jansson.h>

#include "net/enrol.h"

#define IDENTDIR_KEY "key.pem"
#define IDENTDIR_CERT "cert.pem"
#define IDENTDIR_ROOT "root.pem"
#define IDENTDIR_ABOUT "identity.json"

/* Finish what was interrupted, read, cross-check. */
NP_NODISCARD np_err identdir_load(const char *dir, int64_t wall_us, struct enrol_identity *ret,
				  struct buf *ret_why);
NP_NODISCARD np_err identdir_path(const char *dir, const char *file, struct buf *ret);
/* The key of a request under way: kept from an earlier try, or made now. */
NP_NODISCARD np_err identdir_next_key(const char *dir, EVP_PKEY **ret_key);

struct identdir_answer {
	np_str chain, root; /* PEM; root empty: as before */
	const struct enrol_identity *about;
};
NP_NODISCARD np_err identdir_store(const char *dir, const struct identdir_answer *a);
