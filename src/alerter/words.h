/* SPDX-License-Identifier: Apache-2.0 */
/* words.h - what a notice says: its body as the variables of templates and mails.
 *
 * Floor 4 (alerter). Made of the notice alone: a repeat says the same. Nothing
 * is escaped here. Texts live in the arena of the notice.
 */
#pragma once
#include "alerter/outbox.h"
#include "core/tpl.h"
#include "wire/acklink.h"

#define WORDS_TEXT_MAX ((size_t)32 * 1024)
#define WORDS_DIGEST_SHOWN 30 /* lines; the rest is a number */

struct words_cfg {
	np_str public_url;
	const struct seal *seal; /* NULL: no acknowledge links */
};
/* kind, title, lead, why, text (the whole message as plain lines), target, name, link, ack, at,
 * at_s, key, dedup, source, tag, colour, colour_n, card_colour, severity_pd, severity_og,
 * priority_5, priority_10, priority_po, notice (the JSON of webhooks). NP_E_INVAL: the stored
 * body is no object. */
NP_NODISCARD np_err words_of(const struct notice *n, const struct words_cfg *cfg, struct arena *a,
			     struct tpl_vars *ret);
