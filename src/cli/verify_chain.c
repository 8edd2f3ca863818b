/* SPDX-License-Identifier: Apache-2.0 */
/* Reading a proof: declared in export.h. */
#include "base/clock.h"
#include "base/str.h"
#include "cli/export.h"
#include "core/chain.h"
#include "core/heads.h"

struct checking {
	np_str subject;
	const uint8_t *key;
	struct export_chain_seen seen;
	struct buf scratch, *why;
};

static np_err wrong(struct checking *k, const char *what, int64_t seq)
{
	(void)buf_printf(k->why, "the chain does not hold: entry %lld %s", (long long)seq, what);
	return NP_E_CORRUPT;
}

static np_str text_of(const json_t *o, const char *key)
{
	const json_t *t = json_object_get(o, key);
	return (np_str){ json_string_value(t), json_string_length(t) };
}

static bool hash_of(const json_t *o, const char *key, uint8_t ret[CHAIN_HASH_LEN])
{
	return str_unhex(text_of(o, key), ret, CHAIN_HASH_LEN) == NP_OK;
}

/* Opening and closing as the chain has them: what is folded again must agree. */
static void note_times(struct checking *k, const json_t *entry)
{
	json_error_t bad;
	np_str after = text_of(entry, "after"), act = text_of(entry, "act");
	json_t *j = json_loadb(after.n > 0 ? after.p : "", after.n, 0, &bad);
	int64_t us = 0;
	if (str_eq_c(act, "incident.open") &&
	    clock_from_rfc3339(text_of(j, "opened_at"), &us) == NP_OK)
		k->seen.opened_us = us;
	if (str_eq_c(act, "incident.close") &&
	    clock_from_rfc3339(text_of(j, "closed_at"), &us) == NP_OK)
		k->seen.closed_us = us;
	json_decref(j);
}

static np_err entry_content(struct checking *k, const json_t *entry, struct chain_link *l)
{
	struct chain_row row = {
		.id = json_integer_value(json_object_get(entry, "id")),
		.org = l->org,
		.at_us = json_integer_value(json_object_get(entry, "at")),
		.actor = text_of(entry, "actor"),
		.origin = text_of(entry, "origin"),
		.act = text_of(entry, "act"),
		.subject = text_of(entry, "subject"),
		.before = text_of(entry, "before"),
		.after = text_of(entry, "after"),
		.has_before = json_is_string(json_object_get(entry, "before")),
		.has_after = json_is_string(json_object_get(entry, "after")),
	};
	if (!str_eq(row.subject, k->subject))
		return wrong(k, "is about something else", (int64_t)l->seq);
	k->seen.entries++;
	note_times(k, entry);
	return chain_content(&row, &k->scratch, l->content);
}

/* Takes the hash before in l->prev, leaves its own there. */
static np_err check_link(struct checking *k, const json_t *link, struct chain_link *l)
{
	const json_t *entry = json_object_get(link, "entry");
	uint8_t hash[CHAIN_HASH_LEN];
	np_err e = NP_OK;
	if (l->seq != 0 &&
	    json_integer_value(json_object_get(link, "seq")) != (json_int_t)l->seq + 1)
		return wrong(k, "does not come next", (int64_t)l->seq + 1);
	l->seq = (uint64_t)json_integer_value(json_object_get(link, "seq"));
	l->sealed_us = json_integer_value(json_object_get(link, "sealed"));
	if (entry != NULL)
		e = entry_content(k, entry, l);
	else if (!hash_of(link, "content", l->content))
		e = wrong(k, "has neither content nor digest", (int64_t)l->seq);
	if (e == NP_OK)
		e = chain_hash(l, &k->scratch, hash);
	if (e == NP_OK)
		memcpy(l->prev, hash, sizeof hash);
	k->seen.links++;
	return e;
}

static np_err check_head(struct checking *k, np_str line, const struct chain_link *l)
{
	struct head h;
	if (heads_parse(line, &h) < 0)
		return wrong(k, "has no head behind it", (int64_t)l->seq);
	if (heads_check(&h, k->key) < 0) {
		(void)buf_add_c(k->why, "a head is not signed by this key");
		return NP_E_AUTH;
	}
	if (h.org != l->org || h.seq != l->seq || memcmp(h.hash, l->prev, sizeof h.hash) != 0)
		return wrong(k, "is not what was signed, or one before it was changed",
			     (int64_t)l->seq);
	k->seen.heads++;
	k->seen.until_us = h.at_us > k->seen.until_us ? h.at_us : k->seen.until_us;
	return NP_OK;
}

static np_err check_segment(struct checking *k, const json_t *s)
{
	const json_t *links = json_object_get(s, "links");
	struct chain_link l = { .org = json_integer_value(json_object_get(s, "org")) };
	np_err e = NP_OK;
	if (!hash_of(s, "prev_hash", l.prev) || json_array_size(links) == 0)
		return wrong(k, "has no link", 0);
	for (size_t i = 0; e == NP_OK && i < json_array_size(links); i++)
		e = check_link(k, json_array_get(links, i), &l);
	return e < 0 ? e : check_head(k, text_of(s, "head"), &l);
}

np_err export_chain_check(const json_t *chain, np_str subject, const uint8_t key[32],
			  struct export_chain_seen *ret, struct buf *why)
{
	struct checking k = { .subject = subject, .key = key, .why = why };
	const json_t *segments = json_object_get(chain, "segments");
	np_err e = NP_OK;
	buf_init(&k.scratch, CHAIN_ROW_MAX);
	for (size_t i = 0; e == NP_OK && i < json_array_size(segments); i++)
		e = check_segment(&k, json_array_get(segments, i));
	buf_done(&k.scratch);
	if (e == NP_OK)
		*ret = k.seen;
	return e;
}
