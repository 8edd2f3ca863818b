/* SPDX-License-Identifier: Apache-2.0 */
/* derive.h - definitions out of what people gave and the policies that apply.
 *
 * Floor 4 (web). One derivation belongs to one request: what it loaded (regions,
 * policies, names of channels) holds for the transaction. Whoever writes
 * definitions takes the lock first, before any row: a change of policies waits
 * for the monitors being written, and they for it. Worker thread.
 */
#pragma once
#include "core/policy.h"
#include "web/store_monitor.h"

enum derive_lock { DERIVE_READ, DERIVE_WRITE_ONE, DERIVE_WRITE_ALL };

struct derive {
	struct stm_regions regions;
	struct pol pol[POL_ALL_MAX + 1]; /* one more: a policy that is being made */
	size_t pol_n;
	json_t *rules; /* array: owns what pol[].rules point to */
	json_t *names; /* {channel id: name} */
};
/* In q's arena, closed by derive_done. */
NP_NODISCARD np_err derive_open(struct wreq *q, struct pg_conn *c, enum derive_lock lock,
				struct derive **ret);
void derive_done(struct derive *d); /* NULL is fine */
void derive_done_p(struct derive **d);

struct derived {
	struct monj m;   /* borrows from whole */
	json_t *whole;   /* owned */
	struct buf text; /* the definition as it is stored */
	const struct pol *applying[POL_APPLY_MAX];
	size_t applying_n;
};
/* NP_E_INVAL: p says why. */
NP_NODISCARD np_err derive_one(const struct derive *d, const json_t *given, struct derived *ret,
			       struct problem_list *p);
void derived_done(struct derived *r); /* also of zeros */
