/* SPDX-License-Identifier: Apache-2.0 */
/* message.h - what a notice says, as webhooks and mail want it.
 *
 * Floor 4 (alerter). Pure functions of the notice: a repeat is the same bytes.
 */
#pragma once
#include "alerter/outbox.h"
#include "core/tpl.h"

#define MESSAGE_MAX ((size_t)256 * 1024)
#define MESSAGE_SIGNATURE_MAX 128

/* JSON body of a webhook: `id` (the key) in front of the engine's {kind, incident, monitor,
 * why, at}; `was_down` when it also speaks for an opening that was never told. NP_E_INVAL when
 * the stored body is no object. */
NP_NODISCARD np_err message_webhook(const struct notice *n, struct buf *out);
/* Value of NetPulse-Signature: "t=<seconds>,v1=<hex HMAC-SHA256 of "<t>.<body>">". */
void message_signature(np_str secret, np_str body, int64_t at_us, char ret[MESSAGE_SIGNATURE_MAX]);

struct mail_from_to {
	np_str from, to;
	int64_t at_us; /* for Date */
};
/* A whole RFC 5322 message: multipart/alternative of text and HTML, UTF-8, base64. Message-ID
 * comes from the key, References and In-Reply-To from the subject, so that an incident is one
 * thread. Header values are encoded (RFC 2047): nothing from a monitor can start a header of its
 * own. `words`: words.h. */
NP_NODISCARD np_err message_mail(const struct notice *n, const struct tpl_vars *words,
				 const struct mail_from_to *who, struct buf *out);
