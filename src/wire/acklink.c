/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/acklink.h"

#include "base/str.h"

#define BODY 48
#define BYTES (SEAL_LEN + BODY)
#define CONTEXT NP_STR("np:ack-link/1")

static_assert((BYTES * 4 + 2) / 3 == ACKLINK_TEXT, "as long as the header says");

np_err acklink_make(const struct seal *s, const struct acklink *l, char ret[ACKLINK_TEXT + 1])
{
	NP_CLEANUP(buf_done) struct buf body, sealed;
	buf_init(&body, BODY);
	buf_init(&sealed, BYTES);
	(void)buf_add(&body, (np_str){ (const char *)l->notice, 16 });
	(void)buf_add(&body, (np_str){ (const char *)l->incident, 16 });
	(void)buf_add_le64(&body, (uint64_t)l->org);
	(void)buf_add_le64(&body, (uint64_t)(l->until_us / NP_SEC_US));
	np_err e = buf_failed(&body);
	if (e == NP_OK)
		e = seal_put(s, CONTEXT, buf_str(&body), &sealed);
	if (e < 0)
		return e;
	ret[str_b64url((const uint8_t *)sealed.p, sealed.n, ret)] = '\0';
	return NP_OK;
}

np_err acklink_read(const struct seal *s, np_str text, struct acklink *ret)
{
	uint8_t bytes[BYTES];
	char again[ACKLINK_TEXT];
	size_t n = 0;
	np_str body;
	uint64_t org, until;
	struct acklink l;
	if (text.n != ACKLINK_TEXT || str_unb64url(text, bytes, sizeof bytes, &n) < 0 || n != BYTES)
		return NP_E_AUTH;
	/* One spelling only: unused bits of the last character are no second link. */
	if (str_b64url(bytes, n, again) != text.n || memcmp(again, text.p, text.n) != 0)
		return NP_E_AUTH;
	if (seal_open(s, CONTEXT, (np_str){ (const char *)bytes, n }, &body) < 0 || body.n != BODY)
		return NP_E_AUTH;
	memcpy(l.notice, body.p, 16);
	memcpy(l.incident, body.p + 16, 16);
	struct cur c = { str_sub(body, 32, body.n) };
	if (cur_le64(&c, &org) < 0 || cur_le64(&c, &until) < 0 || until > INT64_MAX / NP_SEC_US)
		return NP_E_AUTH;
	l.org = (int64_t)org;
	l.until_us = (int64_t)until * NP_SEC_US;
	*ret = l;
	return NP_OK;
}
