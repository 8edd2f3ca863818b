/* SPDX-License-Identifier: Apache-2.0 */
#include "up/secrets.h"

#include "base/file.h"
#include "base/str.h"

np_err secrets_get(const struct place *p, const char *name, struct secret *ret)
{
	char sub[64], path[PLACE_FILE_MAX];
	(void)snprintf(sub, sizeof sub, "secret/%s", name);
	place_path(p, sub, path);
	if (!file_exists(path)) {
		NP_CLEANUP(secret_done) struct secret fresh = { .n = 64 };
		uint8_t raw[32];
		rnd_bytes(raw, sizeof raw);
		str_hex(raw, sizeof raw, (char *)fresh.bytes);
		np_err e = file_write_atomic(path, secret_peek(&fresh), 0600);
		if (e < 0)
			return e;
	}
	return secret_load(path, ret);
}
