/* SPDX-License-Identifier: Apache-2.0 */
#include "web/drill_token.h"

#include "base/crypt.h"
#include "base/str.h"

#define SIGNED_MAX ((size_t)512 * 1024)

static void mac_of(const struct seal *s, np_str context, int32_t region, uint8_t ret[SEAL_LEN])
{
	char text[16];
	int n = snprintf(text, sizeof text, "%d", region);
	seal_mac(s, context, (np_str){ text, (size_t)n }, ret);
}

void drill_token_make(const struct seal *s, int32_t region, char ret[DRILL_TOKEN_LEN + 1])
{
	uint8_t mac[SEAL_LEN];
	mac_of(s, NP_STR("drill.token"), region, mac);
	(void)snprintf(ret, 9, "%08x", (unsigned)region);
	str_hex(mac, (DRILL_TOKEN_LEN - 8) / 2, ret + 8);
	ret[DRILL_TOKEN_LEN] = '\0';
}

np_err drill_token_read(const struct seal *s, np_str token, int32_t *ret_region)
{
	uint8_t no[4];
	char want[DRILL_TOKEN_LEN + 1];
	if (token.n != DRILL_TOKEN_LEN || str_unhex(str_sub(token, 0, 8), no, sizeof no) < 0 ||
	    no[0] > 0x7f)
		return NP_E_AUTH;
	int32_t region = (int32_t)((uint32_t)no[0] << 24 | (uint32_t)no[1] << 16 |
				   (uint32_t)no[2] << 8 | (uint32_t)no[3]);
	drill_token_make(s, region, want);
	if (!secret_eq(str_from_c(want), token))
		return NP_E_AUTH;
	*ret_region = region;
	return NP_OK;
}

void drill_token_key(const struct seal *s, int32_t region, char ret[DRILL_KEY_LEN + 1])
{
	uint8_t mac[SEAL_LEN];
	mac_of(s, NP_STR("drill.sink"), region, mac);
	str_hex(mac, sizeof mac, ret);
	ret[DRILL_KEY_LEN] = '\0';
}

bool drill_token_signed(np_str key, np_str signature, np_str body, int64_t now_us)
{
	NP_CLEANUP(buf_done) struct buf text;
	np_str t, v1;
	uint64_t at_s = 0;
	uint8_t want[CRYPT_SHA256_LEN], got[CRYPT_SHA256_LEN];
	buf_init(&text, SIGNED_MAX); /* before any return: it is cleaned up */
	if (!str_starts(signature, NP_STR("t=")) || !str_cut(signature, ',', &t, &v1) ||
	    str_to_u64(str_sub(t, 2, t.n), &at_s) < 0 || !str_starts(v1, NP_STR("v1=")) ||
	    str_unhex(str_sub(v1, 3, v1.n), got, sizeof got) < 0 || at_s > UINT32_MAX)
		return false;
	int64_t off_s = now_us / NP_SEC_US - (int64_t)at_s;
	(void)buf_printf(&text, "%llu.", (unsigned long long)at_s);
	(void)buf_add(&text, body);
	if (buf_failed(&text) < 0 || off_s > DRILL_SKEW_S || off_s < -DRILL_SKEW_S)
		return false;
	crypt_hmac_sha256(key, buf_str(&text), want);
	return secret_eq((np_str){ (const char *)want, sizeof want },
			 (np_str){ (const char *)got, sizeof got });
}
