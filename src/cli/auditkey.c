/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/auditkey.h"

#include "base/str.h"
#include "cli/owner.h"

np_err auditkey_parse(struct command *c, const char *hex, uint8_t ret[SIGN_PUBLIC_LEN])
{
	uint8_t key[SIGN_PUBLIC_LEN];
	if (str_unhex(str_from_c(hex), key, sizeof key) < 0) {
		(void)buf_add_c(&c->why, "the public audit key is 64 hexadecimal digits");
		return NP_E_INVAL;
	}
	memcpy(ret, key, sizeof key);
	return NP_OK;
}

np_err auditkey_of_secret(struct command *c, const char *file, uint8_t ret[SIGN_PUBLIC_LEN])
{
	NP_CLEANUP(sign_key_free_p) struct sign_key *key = NULL;
	const char *data = args_str(c->args, "data");
	char path[OWNER_PATH_MAX];
	if (file == NULL && data == NULL) {
		(void)buf_add_c(&c->why, "which key? Name a file, or give --data DIR");
		return NP_E_INVAL;
	}
	(void)snprintf(path, sizeof path, "%s/secret/audit.key", data != NULL ? data : "");
	np_err e = sign_key_load(file != NULL ? file : path, &key);
	if (e < 0)
		(void)buf_printf(&c->why, "cannot use the audit key in %s: %s",
				 file != NULL ? file : path, np_err_text(e));
	else
		sign_key_public(key, ret);
	return e;
}

np_err auditkey_public(struct command *c, uint8_t ret[SIGN_PUBLIC_LEN])
{
	const char *pinned = args_str(c->args, "key");
	return pinned != NULL ? auditkey_parse(c, pinned, ret) : auditkey_of_secret(c, NULL, ret);
}
