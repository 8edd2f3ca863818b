/* SPDX-License-Identifier: Apache-2.0 */
/* applykind.h - what a file for `netpulse apply` may hold, one row a kind of thing.
 *
 * Floor 5. Pure: what people write becomes what the API takes, what the API shows becomes what
 * somebody would have written, so that the two can be compared (plan.h).
 */
#pragma once
#include "base/buf.h"
#include "cli/refs.h"

enum apply_kind { APPLY_ROTA, APPLY_POLICY, APPLY_MONITOR, APPLY_MAINTENANCE, APPLY_N };

struct apply_row {
	const char *list;     /* in the file */
	const char *path;     /* of the API */
	const char *key;      /* which member is the name */
	const char *fields;   /* that the API takes, space-separated; NULL: its validator says so */
	const char *times;    /* that may have a unit, without their _s */
	const char *defaults; /* JSON: what an absent field is, where that is certain */
	enum ref_in in;
};
/* In the order in which they are made: each may name those before it. */
extern const struct apply_row apply_rows[APPLY_N];

/* An item of the file. *ret: new reference. NP_E_INVAL: field and why, as in spec_item. */
NP_NODISCARD np_err applykind_wanted(enum apply_kind k, const json_t *item, json_t **ret,
				     struct buf *ret_field, struct buf *ret_why);
/* As the API shows it -> {id, <key>, given}: new reference, or NULL (no memory). */
json_t *applykind_present(enum apply_kind k, const json_t *shown);
