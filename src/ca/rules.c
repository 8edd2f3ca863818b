/* SPDX-License-Identifier: Apache-2.0 */
#include "ca/rules.h"

#include <openssl/crypto.h>

static bool same_key(const uint8_t a[32], const uint8_t b[32])
{
	return CRYPTO_memcmp(a, b, 32) == 0;
}

enum rules_verdict rules_join(const struct rules_token *t, const uint8_t key_sha256[32])
{
	if (!t->found)
		return RULES_UNKNOWN;
	if (!t->alive)
		return RULES_EXPIRED;
	if (!t->source_ok)
		return RULES_SOURCE;
	if (!t->used)
		return RULES_ENROL;
	if (!t->has_checker || !same_key(t->key_sha256, key_sha256))
		return RULES_USED;
	return t->banned ? RULES_BANNED : RULES_REPEAT;
}

enum rules_verdict rules_renew(const struct rules_checker *c, const struct ident *peer,
			       const uint8_t key_sha256[32])
{
	if (!c->found)
		return RULES_UNKNOWN;
	if (c->banned)
		return RULES_BANNED;
	if (strcmp(c->region, peer->region) != 0)
		return RULES_REGION;
	bool current = strcmp(c->serial, peer->serial) == 0;
	bool next = c->next_serial[0] && strcmp(c->next_serial, peer->serial) == 0;
	if (!current && !next)
		return RULES_SUPERSEDED;
	if (same_key(peer->key_sha256, key_sha256))
		return RULES_SAME_KEY;
	return next ? RULES_PROMOTE : RULES_RENEW;
}

bool rules_is_refusal(enum rules_verdict v)
{
	return v >= RULES_UNKNOWN;
}

static const struct {
	const char *name, *sentence;
} texts[] = {
	[RULES_ENROL] = { "enrol", "" },
	[RULES_REPEAT] = { "repeat", "" },
	[RULES_RENEW] = { "renew", "" },
	[RULES_PROMOTE] = { "renew", "" },
	[RULES_UNKNOWN] = { "unknown", "unknown here: make a new join token" },
	[RULES_EXPIRED] = { "token_expired",
			    "this join token is older than 15 minutes: make a new one" },
	[RULES_SOURCE] = { "token_source",
			   "this join token does not hold for the address you come from" },
	[RULES_USED] = { "token_used", "this join token was used already: make a new one" },
	[RULES_BANNED] = { "banned", "this checker was banned" },
	[RULES_SUPERSEDED] = { "superseded",
			       "this certificate was replaced by a newer one: join again with a token" },
	[RULES_REGION] = { "region", "this checker belongs to another region now" },
	[RULES_SAME_KEY] = { "same_key", "a renewal needs a new key" },
};
static_assert(NP_LEN(texts) == RULES_N, "a text for every verdict");

const char *rules_name(enum rules_verdict v)
{
	return texts[v].name;
}

const char *rules_sentence(enum rules_verdict v)
{
	return texts[v].sentence;
}
