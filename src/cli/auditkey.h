/* SPDX-License-Identifier: Apache-2.0 */
/* auditkey.h - which public key heads are checked with.
 *
 * Floor 5. Pinned by whoever checks (--key), or, where the installation lies, made from
 * the sealer's secret.
 */
#pragma once
#include "base/sign.h"
#include "cli/command.h"

#define AUDITKEY_OPT                                                                        \
	{                                                                                   \
		"key", "KEY", "public audit key, 64 hexadecimal digits (`audit key`)", NULL \
	}

/* NP_E_INVAL: not 64 hexadecimal digits. One sentence in c->why. */
NP_NODISCARD np_err auditkey_parse(struct command *c, const char *hex,
				   uint8_t ret[SIGN_PUBLIC_LEN]);
/* --key, or that of --data. */
NP_NODISCARD np_err auditkey_public(struct command *c, uint8_t ret[SIGN_PUBLIC_LEN]);
/* Of this file, or (NULL) of --data. */
NP_NODISCARD np_err auditkey_of_secret(struct command *c, const char *file,
				       uint8_t ret[SIGN_PUBLIC_LEN]);
