/* SPDX-License-Identifier: Apache-2.0 */
/* ids.h - the identities of the load's workers, in one file.
 *
 * Written by netpulse-mint, read by netpulse-load: number of the checker and of the
 * monitor that is pinned to it, its key and its leaf (DER). One thread.
 */
#pragma once
#include <openssl/x509.h>

#include "base/buf.h"

#define IDS_MAX 100000
#define IDS_DER_MAX 4096
#define IDS_FILE_MAX ((size_t)512 * 1024 * 1024)

struct id_one {
	uint64_t checker, monitor;
	EVP_PKEY *key;
	X509 *leaf;
};
struct ids {
	size_t n;
	struct id_one *at;
};

/* Appends one record. */
NP_NODISCARD np_err ids_put(struct buf *out, const struct id_one *one);
/* The first `max` of the file. */
NP_NODISCARD np_err ids_load(const char *path, size_t max, struct ids *ret);
void ids_done(struct ids *ids);
