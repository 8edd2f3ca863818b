/* SPDX-License-Identifier: Apache-2.0 */
/* rules.h - who gets a certificate: pure decisions over what the registry says.
 *
 * Floor 4 (ca). No I/O, no clock.
 */
#pragma once
#include "net/ident.h"

enum rules_verdict {
	RULES_ENROL,   /* a new checker */
	RULES_REPEAT,  /* the same key asks again: its answer got lost */
	RULES_RENEW,   /* with the certificate in use */
	RULES_PROMOTE, /* with the renewed one: from now on that is the one in use */
	RULES_UNKNOWN, /* refusals from here on */
	RULES_EXPIRED,
	RULES_SOURCE,
	RULES_USED,
	RULES_BANNED,
	RULES_SUPERSEDED,
	RULES_REGION,
	RULES_SAME_KEY,
	RULES_N,
};

struct rules_token {
	bool found, alive, source_ok, used;
	uint8_t key_sha256[32];   /* that used it */
	bool has_checker, banned; /* of the checker it made */
};
enum rules_verdict rules_join(const struct rules_token *t, const uint8_t key_sha256[32]);

struct rules_checker {
	bool found, banned;
	char region[IDENT_REGION_MAX + 1];
	char serial[IDENT_SERIAL_MAX + 1], next_serial[IDENT_SERIAL_MAX + 1]; /* "": none */
};
enum rules_verdict rules_renew(const struct rules_checker *c, const struct ident *peer,
			       const uint8_t key_sha256[32]);

bool rules_is_refusal(enum rules_verdict v);
const char *rules_name(enum rules_verdict v);     /* for audit: "token_used" */
const char *rules_sentence(enum rules_verdict v); /* for people */
