/* SPDX-License-Identifier: Apache-2.0 */
/* leaves.h - the certificates of our own servers, kept fresh.
 *
 * Floor 4 (ca). DIR/leaves.json names each: where its files lie and which names
 * it carries. `ca init` writes it; the role renews at half-life what is in it.
 * Blocking.
 */
#pragma once
#include "ca/vault.h"

#define LEAVES_MAX 8
#define LEAVES_NAMES_MAX 32

struct leaves_plan {
	const char *tls_dir; /* NAME.pem and NAME.key go there; edge-root.pem too */
	const char *const *names;
	size_t n_names;
};
/* Write DIR/leaves.json for gateway and ca and make them all; a change of names makes new ones. */
NP_NODISCARD np_err leaves_init(struct vault *v, const char *dir, const struct leaves_plan *plan,
				int64_t wall_us, struct buf *ret_why);
/* Renew what is due. *ret_renewed counts. No leaves.json: nothing to do. */
NP_NODISCARD np_err leaves_renew(struct vault *v, const char *dir, int64_t wall_us,
				 size_t *ret_renewed, struct buf *ret_why);
