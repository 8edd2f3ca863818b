/* SPDX-License-Identifier: Apache-2.0 */
/* spec.h - monitors as people write them in YAML -> monitors as the API takes them.
 *
 * Floor 5. A file has a list `monitors` (or `endpoints`, as in Gatus). An item has
 * the API's own fields, and may also use: `url` (kind and target in one),
 * `interval: 1m` and the other times with units, `group` (a tag), `method`,
 * `headers`, `body`, `client.timeout`, `dns`, `enabled`, and `conditions` such as
 * "[STATUS] == 200"; without `kind` the target says it. Everything else is the API validator's business. Pure.
 */
#pragma once
#include "base/yaml.h"

/* New reference in *ret. NP_E_INVAL: *ret_field says which key of the item, *ret_why what is wrong
 * and what is allowed. */
NP_NODISCARD np_err spec_item(const json_t *item, json_t **ret, struct buf *ret_field,
			      struct buf *ret_why);
/* "key: 5m" -> "key_s": 300 for each of the space-separated keys that is there. */
NP_NODISCARD np_err spec_times(json_t *object, const char *keys, struct buf *ret_field,
			       struct buf *ret_why);
/* One condition -> one assertion of the API. New reference, or NULL and *ret_why. `[CONNECTED] ==
 * true` needs no assertion: json_true(). */
json_t *spec_condition(np_str text, struct buf *ret_why);
