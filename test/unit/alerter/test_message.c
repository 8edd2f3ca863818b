/* SPDX-License-Identifier: Apache-2.0 */
#include "alerter/message.h"

#include <jansson.h>
#include <sodium.h>

#include "alerter/answer.h"
#include "alerter/words.h"
#include "base/crypt.h"
#include "unit/t.h"

static struct notice a_notice(const char *body)
{
	return (struct notice){
		.key = { 0x11, 0x22 },
		.subject = { 0x33 },
		.kind = NP_STR("opened"),
		.channel_kind = NP_STR("email"),
		.body = str_from_c(body),
	};
}

static const char body_text[] =
	"{\"kind\":\"opened\",\"why\":\"2 of 3 regions fail\",\"monitor\":{\"name\":\"shop\",\"target\":\"https://x\"},"
	"\"incident\":{\"id\":\"i-1\",\"opened_at\":\"2026-03-01T12:00:00Z\"}}";

static void webhook_body_has_the_key_in_front(void **state)
{
	NP_CLEANUP(buf_done) struct buf out;
	struct notice n = a_notice(body_text);
	(void)state;
	buf_init(&out, MESSAGE_MAX);
	assert_ok(message_webhook(&n, &out));
	json_t *j = json_loadb(out.p, out.n, JSON_REJECT_DUPLICATES, NULL);
	assert_non_null(j);
	assert_string_equal(json_string_value(json_object_get(j, "id")),
			    "11220000-0000-0000-0000-000000000000");
	assert_string_equal(json_string_value(json_object_get(j, "kind")), "opened");
	json_decref(j);
}

static void a_body_that_is_no_object_is_refused(void **state)
{
	static const char *const bodies[] = { "", "[]", "null", "{", "\"x\"" };
	(void)state;
	for (size_t i = 0; i < NP_LEN(bodies); i++) {
		NP_CLEANUP(buf_done) struct buf out;
		struct notice n = a_notice(bodies[i]);
		buf_init(&out, MESSAGE_MAX);
		assert_err(message_webhook(&n, &out), NP_E_INVAL);
	}
}

static void an_empty_object_stays_valid_json(void **state)
{
	NP_CLEANUP(buf_done) struct buf out;
	struct notice n = a_notice("{}");
	(void)state;
	buf_init(&out, MESSAGE_MAX);
	assert_ok(message_webhook(&n, &out));
	json_t *j = json_loadb(out.p, out.n, 0, NULL);
	assert_non_null(j);
	json_decref(j);
}

static void signature_is_hmac_of_time_and_body(void **state)
{
	char sig[MESSAGE_SIGNATURE_MAX];
	uint8_t mac[CRYPT_SHA256_LEN];
	char hex[65] = { 0 };
	(void)state;
	message_signature(NP_STR("key"), NP_STR("{}"), 1700000000999999, sig);
	crypt_hmac_sha256(NP_STR("key"), NP_STR("1700000000.{}"), mac);
	str_hex(mac, sizeof mac, hex);
	assert_true(str_starts(str_from_c(sig), NP_STR("t=1700000000,v1=")));
	assert_string_equal(sig + 16, hex);
}

static const struct mail_from_to who = {
	.from = { "np@example.org", 14 },
	.to = { "ops@example.org", 15 },
	.at_us = 1772366400000000, /* 2026-03-01 12:00:00 UTC, a Sunday */
};

static const uint8_t seal_key[SEAL_KEY_LEN] = { 7 };

/* As the courier does it. */
static np_err mail_of(const struct notice *n, const struct mail_from_to *w, struct buf *out)
{
	NP_CLEANUP(arena_free_p) struct arena *a = arena_new((size_t)1 << 20);
	NP_CLEANUP(seal_free_p) struct seal *s = NULL;
	struct tpl_vars v = { .n = 0 };
	assert_ok(seal_new((np_str){ (const char *)seal_key, sizeof seal_key }, &s));
	const struct words_cfg cfg = { .public_url = NP_STR("https://np.example"), .seal = s };
	np_err e = words_of(n, &cfg, a, &v);
	return e < 0 ? e : message_mail(n, &v, w, out);
}

/* All base64 of a message, decoded: what stands in both parts. */
static void decoded(const struct buf *mail, struct buf *ret)
{
	np_str rest = buf_str(mail), line;
	while (rest.n > 0) {
		unsigned char raw[80];
		size_t n = 0;
		(void)str_cut(rest, '\n', &line, &rest);
		line = str_trim(line);
		if (line.n > 0 && sodium_base642bin(raw, sizeof raw, line.p, line.n, NULL, &n, NULL,
						    sodium_base64_VARIANT_ORIGINAL) == 0)
			(void)buf_add(ret, (np_str){ (const char *)raw, n });
	}
}

static void mail_has_both_parts_and_its_links(void **state)
{
	NP_CLEANUP(buf_done) struct buf out, text;
	struct notice n = a_notice(
		"{\"kind\":\"opened\",\"why\":\"a<b>&\\nc\",\"monitor\":{\"name\":\"<script>x\",\"target\":\"https://x\"},"
		"\"incident\":{\"id\":\"0192aaaa-bbbb-7ccc-8ddd-eeeeffff0000\",\"opened_at\":\"2026-03-01T12:00:00Z\"}}");
	(void)state;
	buf_init(&out, MESSAGE_MAX);
	buf_init(&text, MESSAGE_MAX);
	assert_ok(mail_of(&n, &who, &out));
	decoded(&out, &text);
	static const char *const wanted[] = {
		"<script>x is down.",       /* plain */
		"&lt;script&gt;x is down.", /* HTML */
		"a&lt;b&gt;&amp;<br>c",
		"content=\"light dark\"",
		"https://np.example/app/incidents/0192aaaa-bbbb-7ccc-8ddd-eeeeffff0000",
		"https://np.example/ack/",
		"Down since: 2026-03-01 12:00:00 UTC",
	};
	for (size_t i = 0; i < NP_LEN(wanted); i++)
		if (str_find(buf_str(&text), str_from_c(wanted[i])) == SIZE_MAX)
			fail_msg("no %s in %s", wanted[i], buf_c(&text));
}

static void only_what_can_be_acknowledged_has_a_link(void **state)
{
	static const struct {
		const char *kind;
		bool link;
	} rows[] = { { "opened", true },    { "reminder", true },      { "escalation", true },
		     { "resolved", false }, { "acknowledged", false }, { "digest", false },
		     { "test", false },     { "nodata", false } };
	(void)state;
	for (size_t i = 0; i < NP_LEN(rows); i++) {
		NP_CLEANUP(buf_done) struct buf out, text;
		struct notice n = a_notice(
			"{\"monitor\":{\"name\":\"x\"},\"incident\":{\"id\":\"0192aaaa-bbbb-7ccc-8ddd-eeeeffff0000\"}}");
		n.kind = str_from_c(rows[i].kind);
		buf_init(&out, MESSAGE_MAX);
		buf_init(&text, MESSAGE_MAX);
		assert_ok(mail_of(&n, &who, &out));
		decoded(&out, &text);
		assert_int_equal(str_find(buf_str(&text), NP_STR("/ack/")) != SIZE_MAX,
				 rows[i].link);
	}
}

static void answers_say_why_but_never_a_secret(void **state)
{
	char say[64];
	const np_str secret = NP_STR("hush-hush");
	(void)state;
	answer_words(NP_STR("{\"ok\":false,\"description\":\"chat not\\nfound\"}"), &secret, 1, say,
		     sizeof say);
	assert_string_equal(say, "chat not found");
	answer_words(NP_STR("no such hush-hush"), &secret, 1, say, sizeof say);
	assert_string_equal(say, "");
	answer_words(NP_STR("<html>"), &secret, 1, say, sizeof say);
	assert_string_equal(say, "");
	answer_words(NP_STR("\xff\xfe"), &secret, 1, say, sizeof say);
	assert_string_equal(say, "");
	assert_int_equal(answer_retry_after_s(NP_STR("{\"parameters\":{\"retry_after\":7}}")), 7);
	assert_int_equal(answer_retry_after_s(NP_STR("{\"retry_after_ms\":1500}")), 2);
	assert_int_equal(answer_retry_after_s(NP_STR("{\"retry_after\":1e300}")), 86400);
	assert_int_equal(answer_retry_after_s(NP_STR("[1]")), 0);
	assert_true(answer_has(NP_STR("{ \"ok\" : true }"), "\"ok\":true"));
	assert_false(answer_has(NP_STR("{ \"ok\" : false }"), "\"ok\":true"));
}

static void mail_has_its_headers(void **state)
{
	NP_CLEANUP(buf_done) struct buf out;
	struct notice n = a_notice(body_text);
	(void)state;
	buf_init(&out, MESSAGE_MAX);
	assert_ok(mail_of(&n, &who, &out));
	static const char *const wanted[] = {
		"From: NetPulse <np@example.org>\r\n",
		"To: <ops@example.org>\r\n",
		"Date: Sun, 01 Mar 2026 12:00:00 +0000\r\n",
		"Message-ID: <11220000-0000-0000-0000-000000000000@netpulse>\r\n",
		"References: <33000000-0000-0000-0000-000000000000@netpulse>\r\n",
		"\r\n\r\n",
	};
	for (size_t i = 0; i < NP_LEN(wanted); i++)
		assert_int_not_equal(str_find(buf_str(&out), str_from_c(wanted[i])), SIZE_MAX);
}

static void no_name_can_start_a_header(void **state)
{
	NP_CLEANUP(buf_done) struct buf out;
	struct notice n = a_notice(
		"{\"monitor\":{\"name\":\"x\\r\\nBcc: all@example.org\\r\\n\\r\\nhello\"}}");
	(void)state;
	buf_init(&out, MESSAGE_MAX);
	assert_ok(mail_of(&n, &who, &out));
	assert_int_equal(str_find(buf_str(&out), NP_STR("Bcc")), SIZE_MAX);
}

static void addresses_that_could_speak_smtp_are_refused(void **state)
{
	static const char *const bad[] = { "",      "a",     "a@b\r\nRCPT TO:<x@y>",
					   "<a@b>", "a b@c", "a@b\x7f" };
	struct notice n = a_notice(body_text);
	(void)state;
	for (size_t i = 0; i < NP_LEN(bad); i++) {
		NP_CLEANUP(buf_done) struct buf out;
		struct mail_from_to w = who;
		w.to = str_from_c(bad[i]);
		buf_init(&out, MESSAGE_MAX);
		assert_err(mail_of(&n, &w, &out), NP_E_INVAL);
	}
}

static void lines_stay_short_whatever_the_name(void **state)
{
	NP_CLEANUP(buf_done) struct buf out;
	char body[2000];
	(void)state;
	(void)snprintf(body, sizeof body,
		       "{\"monitor\":{\"name\":\"%0500d\\u00e9\\u00e9\"},\"why\":\"%0600d\"}", 7,
		       7);
	struct notice n = a_notice(body);
	buf_init(&out, MESSAGE_MAX);
	assert_ok(mail_of(&n, &who, &out));
	np_str rest = buf_str(&out), line;
	while (rest.n > 0) {
		(void)str_cut(rest, '\n', &line, &rest);
		assert_in_range(line.n, 0, 99);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(webhook_body_has_the_key_in_front),
		cmocka_unit_test(a_body_that_is_no_object_is_refused),
		cmocka_unit_test(an_empty_object_stays_valid_json),
		cmocka_unit_test(signature_is_hmac_of_time_and_body),
		cmocka_unit_test(mail_has_its_headers),
		cmocka_unit_test(mail_has_both_parts_and_its_links),
		cmocka_unit_test(only_what_can_be_acknowledged_has_a_link),
		cmocka_unit_test(answers_say_why_but_never_a_secret),
		cmocka_unit_test(no_name_can_start_a_header),
		cmocka_unit_test(addresses_that_could_speak_smtp_are_refused),
		cmocka_unit_test(lines_stay_short_whatever_the_name),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
