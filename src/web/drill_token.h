/* SPDX-License-Identifier: Apache-2.0 */
/* drill_token.h - what a drill's addresses carry, and what its sink is signed with.
 *
 * Floor 4 (web). Made of the region's number and the key of the installation: nothing is
 * stored, and every web knows them. Any thread.
 */
#pragma once
#include "wire/seal.h"

#define DRILL_TOKEN_LEN 40 /* 8 digits of the region, 32 of the MAC; hexadecimal */
#define DRILL_KEY_LEN 64
#define DRILL_SKEW_S 600 /* between the clocks of alerter and web */

void drill_token_make(const struct seal *s, int32_t region, char ret[DRILL_TOKEN_LEN + 1]);
/* NP_E_AUTH: not one of ours. */
NP_NODISCARD np_err drill_token_read(const struct seal *s, np_str token, int32_t *ret_region);
/* Signing key of the region's sink, as text. */
void drill_token_key(const struct seal *s, int32_t region, char ret[DRILL_KEY_LEN + 1]);
/* "t=<seconds>,v1=<hex HMAC-SHA256 of "<t>.<body>">", made lately under that key? */
bool drill_token_signed(np_str key, np_str signature, np_str body, int64_t now_us);
