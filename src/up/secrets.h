/* SPDX-License-Identifier: Apache-2.0 */
/* secrets.h - passwords of the private installation, made at first start.
 *
 * Floor 5. Each is 32 random bytes in hexadecimal in a 0600 file below
 * DIR/secret; only names of files go anywhere else.
 */
#pragma once
#include "base/crypt.h"
#include "up/place.h"

/* Load DIR/secret/<name>, making it first when absent. */
NP_NODISCARD np_err secrets_get(const struct place *p, const char *name, struct secret *ret);
