/* SPDX-License-Identifier: Apache-2.0 */
/* acklink.h - the part of an address that lets its reader acknowledge one incident.
 *
 * Floor 3 (wire). Made by the alerter from the notice alone, so that a repeat
 * carries the same link; read by the web. It says who was told (the notice), of
 * what, and until when; nobody without the installation's key can make one.
 * That it is used once is the web's business. Any thread.
 */
#pragma once
#include "wire/seal.h"

#define ACKLINK_PATH "/ack/"
#define ACKLINK_DAYS 7
#define ACKLINK_TEXT 107 /* base64url of the MAC and 48 bytes */

struct acklink {
	uint8_t notice[16]; /* its key */
	uint8_t incident[16];
	int64_t org;
	int64_t until_us; /* whole seconds */
};
/* `ret` gets ACKLINK_TEXT characters and a NUL. */
NP_NODISCARD np_err acklink_make(const struct seal *s, const struct acklink *l,
				 char ret[ACKLINK_TEXT + 1]);
/* NP_E_AUTH: not one of ours. That its time is over is for the caller to see. */
NP_NODISCARD np_err acklink_read(const struct seal *s, np_str text, struct acklink *ret);
