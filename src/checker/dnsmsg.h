/* SPDX-License-Identifier: Apache-2.0 */
/* dnsmsg.h - what a DNS answer says, as sorted lines of text.
 *
 * Floor 4 (checker). Pure: reads untrusted bytes, writes into the arena. Names in
 * lower case without the last dot; MX "10 mail.example.org". Any thread.
 */
#pragma once
#include "base/arena.h"

#define DNSMSG_ANSWERS_MAX 64
#define DNSMSG_TEXT_MAX 4096 /* of one answer */

struct dnsmsg {
	uint32_t rcode;
	np_str answer[DNSMSG_ANSWERS_MAX];
	size_t n;
	bool more; /* there were more answers than fit */
};
/* Records of `type` only. NP_E_PROTO: not a readable answer; NP_E_NOMEM. */
NP_NODISCARD np_err dnsmsg_read(np_str msg, uint16_t type, struct arena *a, struct dnsmsg *ret);
const char *dnsmsg_rcode_name(uint32_t rcode); /* "NXDOMAIN"; "an unknown code" */
