/* SPDX-License-Identifier: Apache-2.0 */
#include "core/heads.h"

#include "base/clock.h"
#include "base/crypt.h"
#include "base/str.h"

#define HEX_LEN (2 * CHAIN_HASH_LEN)
#define SIG_TEXT_LEN ((SIGN_LEN * 4 + 2) / 3)

/* The line up to the signature and the space before it. */
static size_t put_claim(const struct head *h, char ret[HEADS_LINE_MAX])
{
	char at[CLOCK_RFC3339_MAX], hash[HEX_LEN], prev[HEX_LEN];
	(void)clock_rfc3339(h->at_us, at);
	str_hex(h->hash, CHAIN_HASH_LEN, hash);
	str_hex(h->prev, CHAIN_HASH_LEN, prev);
	int n = snprintf(ret, HEADS_LINE_MAX, "np.head.1 %llu %s %lld %llu %.*s %.*s",
			 (unsigned long long)h->n, at, (long long)h->org,
			 (unsigned long long)h->seq, HEX_LEN, hash, HEX_LEN, prev);
	assert(n > 0 && n < HEADS_LINE_MAX);
	return (size_t)n;
}

np_err heads_sign(struct head *h, struct sign_key *key)
{
	char line[HEADS_LINE_MAX];
	size_t n = put_claim(h, line);
	return sign_make(key, (np_str){ line, n }, h->sig);
}

np_err heads_check(const struct head *h, const uint8_t key[SIGN_PUBLIC_LEN])
{
	char line[HEADS_LINE_MAX];
	size_t n = put_claim(h, line);
	return sign_check(key, (np_str){ line, n }, h->sig);
}

size_t heads_line(const struct head *h, char ret[HEADS_LINE_MAX])
{
	size_t n = put_claim(h, ret);
	static_assert(SIG_TEXT_LEN + 1 + 320 <= HEADS_LINE_MAX, "numbers, hashes and a signature");
	assert(n <= 320);
	ret[n++] = ' ';
	return n + str_b64url(h->sig, SIGN_LEN, ret + n);
}

static np_err parse_fields(np_str rest, struct head *h)
{
	enum { VERSION, NUMBER, AT, ORG, SEQ, HASH, PREV, SIG, FIELD_N };
	np_str f[FIELD_N];
	size_t got = 0;
	for (size_t i = 0; i < FIELD_N; i++)
		(void)str_cut(rest, ' ', &f[i], &rest);
	if (rest.n > 0 || !str_eq_c(f[VERSION], "np.head.1") || str_to_u64(f[NUMBER], &h->n) < 0 ||
	    clock_from_rfc3339(f[AT], &h->at_us) < 0 || str_to_i64(f[ORG], &h->org) < 0 ||
	    str_to_u64(f[SEQ], &h->seq) < 0 || f[HASH].n != HEX_LEN || f[PREV].n != HEX_LEN ||
	    str_unhex(f[HASH], h->hash, CHAIN_HASH_LEN) < 0 ||
	    str_unhex(f[PREV], h->prev, CHAIN_HASH_LEN) < 0 || f[SIG].n != SIG_TEXT_LEN ||
	    str_unb64url(f[SIG], h->sig, SIGN_LEN, &got) < 0 || got != SIGN_LEN)
		return NP_E_CORRUPT;
	return NP_OK;
}

np_err heads_parse(np_str line, struct head *ret)
{
	struct head h = { 0 };
	char again[HEADS_LINE_MAX];
	if (line.n > HEADS_LINE_MAX || parse_fields(line, &h) < 0)
		return NP_E_CORRUPT;
	/* "+1", "01", capital digits: another text for the same would not be what was signed. */
	if (!str_eq((np_str){ again, heads_line(&h, again) }, line))
		return NP_E_CORRUPT;
	*ret = h;
	return NP_OK;
}

void heads_hash(np_str line, uint8_t ret[CHAIN_HASH_LEN])
{
	crypt_sha256(line, ret);
}
