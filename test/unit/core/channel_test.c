/* SPDX-License-Identifier: Apache-2.0 */
/* clang-format off: cmocka.h wants these before it */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
/* clang-format on */
#include <jansson.h>

#include "base/str.h"
#include "core/channel.h"

static const struct {
	const char *tpl, *want; /* want NULL: refused */
	enum tpl_markup markup;
	enum tpl_format format;
} rows[] = {
	{ "a${x}b", "a<\"&\nb", TPL_PLAIN, TPL_TEXT },
	{ "${x}", "&lt;&quot;&amp;<br>", TPL_HTML_BR, TPL_TEXT },
	{ "${=x}", "<\"&\n", TPL_HTML_BR, TPL_TEXT },
	{ "\"${=x}\"", "\"\\u003c\\\"\\u0026\\n\"", TPL_HTML, TPL_JSON },
	{ "${x}", "%3C%22%26%0A", TPL_PLAIN, TPL_URL },
	{ "H: ${x}", "H: <\"& ", TPL_PLAIN, TPL_HEADER },
	{ "${?x}yes${/}${!x}no${/}${?none}never${/}${!none}empty${/}", "yesempty", TPL_PLAIN,
	  TPL_TEXT },
	{ "${?k=v}is${/}${?k=w}is not${/}", "is", TPL_PLAIN, TPL_TEXT },
	{ "${?none}a${?x}b${/}c${/}d", "d", TPL_PLAIN, TPL_TEXT },
	{ "${none}", "", TPL_PLAIN, TPL_TEXT },
	{ "${long:10}", "\xc3\xa4\xc3\xa4\xc3\xa4\xe2\x80\xa6", TPL_PLAIN, TPL_TEXT },
	{ "${md}",
	  "\\*a\\* @\xe2\x80\x8b"
	  "all x@y",
	  TPL_MARKDOWN, TPL_TEXT },
	{ "${slack}", "&lt;!channel&gt;", TPL_MRKDWN, TPL_TEXT },
	{ "${a:x}", NULL, TPL_PLAIN, TPL_TEXT },
	{ "${?a}", NULL, TPL_PLAIN, TPL_TEXT },
	{ "${/}", NULL, TPL_PLAIN, TPL_TEXT },
	{ "${a", NULL, TPL_PLAIN, TPL_TEXT },
};

static void templates_fill_and_escape(void **state)
{
	struct tpl_vars v = { .n = 0 };
	(void)state;
	tpl_set(&v, "x", NP_STR("<\"&\n"));
	tpl_set(&v, "k", NP_STR("v"));
	tpl_set(&v, "long", NP_STR("\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4"));
	tpl_set(&v, "md", NP_STR("*a* @all x@y"));
	tpl_set(&v, "slack", NP_STR("<!channel>"));
	for (size_t i = 0; i < NP_LEN(rows); i++) {
		NP_CLEANUP(buf_done) struct buf out;
		const struct tpl_how how = { &v, rows[i].markup, rows[i].format };
		buf_init(&out, 4096);
		np_err e = tpl_render(rows[i].tpl, &how, &out);
		assert_int_equal(e < 0, rows[i].want == NULL);
		if (rows[i].want != NULL)
			assert_string_equal(buf_c(&out), rows[i].want);
	}
}

/* Cut anywhere: never more than asked for, never half an escape or half a character. */
static void a_cut_never_breaks_an_escape(void **state)
{
	const np_str s = NP_STR("a<b>&\"c\xf0\x9f\x94\xa5<<<<\xc3\xa4 end");
	(void)state;
	for (size_t max = 3; max < 80; max++) {
		NP_CLEANUP(buf_done) struct buf out;
		buf_init(&out, 4096);
		assert_int_equal(tpl_escape(s, TPL_HTML, max, &out), NP_OK);
		assert_in_range(out.n, 0, max);
		assert_true(str_is_utf8(buf_str(&out)));
		np_str text = buf_str(&out);
		for (size_t i = 0; i < text.n; i++)
			if (text.p[i] == '&')
				assert_int_not_equal(str_find_byte(str_sub(text, i, i + 7), ';'),
						     SIZE_MAX);
	}
}

/* Everything that a service is sent is JSON or a form whatever the texts are: each row, with
 * nothing and with everything set. */
static void every_body_is_well_formed(void **state)
{
	static const char *const names[] = { "title", "text", "link",  "ack",  "key",
					     "dedup", "at",   "at_s",  "kind", "source",
					     "c.url", "c.to", "c.chat" };
	static const char *const numbers[] = { "colour_n", "priority_5", "priority_10",
					       "priority_po" };
	const struct chn_kind *k;
	(void)state;
	for (size_t i = 0; (k = chn_kind_at(i)) != NULL; i++)
		for (int full = 0; full < 2; full++)
			for (enum chn_action a = 0; k->method != NULL && a < CHN_ACTION_N; a++) {
				NP_CLEANUP(buf_done) struct buf out;
				struct tpl_vars v = { .n = 0 };
				const struct tpl_how how = { &v, k->markup, TPL_JSON };
				for (size_t n = 0; full && n < NP_LEN(names); n++)
					tpl_set(&v, names[n], NP_STR("\"},{<x>&\\\n${y}\xff*"));
				for (size_t n = 0; n < NP_LEN(numbers); n++)
					tpl_set(&v, numbers[n], NP_STR("1"));
				tpl_set(&v, "notice", NP_STR("{}"));
				tpl_set(&v, "action", str_from_c(k->action[a]));
				buf_init(&out, (size_t)1 << 20);
				assert_int_equal(tpl_render(k->body, &how, &out), NP_OK);
				if (strcmp(k->type, "application/json") != 0)
					continue;
				json_error_t err;
				json_t *j = json_loadb(out.p, out.n, JSON_REJECT_DUPLICATES, &err);
				if (j == NULL)
					fail_msg("%s: %s in %s", k->name, err.text, buf_c(&out));
				json_decref(j);
			}
}

static const struct {
	const char *kind, *key, *value;
	bool private_ok, fine;
} checks[] = {
	{ "slack", "url", "https://hooks.slack.com/services/T0/B0/x", false, true },
	{ "slack", "url", "http://hooks.slack.com/services/T0/B0/x", true, false },
	{ "slack", "url", "https://hooks.slack.com.evil.example/services/x", false, false },
	{ "slack", "url", "https://evil.example/services/x", false, false },
	{ "slack", "url", "https://hooks.slack.com@evil.example/services/x", false, false },
	{ "slack", "url", "https://hooks.slack.com/api/chat", false, false },
	{ "teams", "url", "https://prod-1.westeurope.logic.azure.com:443/workflows/x", false,
	  true },
	{ "teams", "url", "https://evillogic.azure.com.example/x", false, false },
	{ "discord", "url", "https://discord.com/api/webhooks/1/x", false, true },
	{ "google_chat", "url", "https://chat.googleapis.com/v1/spaces/A/messages?key=k&token=t",
	  false, true },
	{ "webhook", "url", "http://10.0.0.1/hook", false, false },
	{ "webhook", "url", "http://10.0.0.1/hook", true, true },
	{ "webhook", "secret", "short", false, false },
	{ "telegram", "token", "123456789:AAEhBOweik6ad6PsVMRxjeQKXkq8rGqeRtU", false, true },
	{ "telegram", "token", "123456789:AAEhBOweik6ad6/../getUpdates?x", false, false },
	{ "pagerduty", "routing_key", "0123456789abcdef0123456789abcdef", false, true },
	{ "pagerduty", "routing_key", "0123456789abcdef", false, false },
	{ "pagerduty", "region", "eu", false, true },
	{ "pagerduty", "region", "mars", false, false },
	{ "matrix", "room", "!abc:example.org", false, true },
	{ "matrix", "room", "#abc:example.org", false, false },
	{ "matrix", "token", "a\r\nX: y", false, false },
	{ "gotify", "token", "", false, false },
	{ "email", "to", "ops@example.org", false, true },
	{ "email", "to", "ops@example.org\r\nBcc: x@y", false, false },
	{ "email", "to", "a@b, c@d", false, false },
};

static void fields_are_checked_by_their_row(void **state)
{
	(void)state;
	for (size_t i = 0; i < NP_LEN(checks); i++) {
		struct problem_list p = { .n = 0 };
		const struct chn_kind *k = chn_kind_of(str_from_c(checks[i].kind));
		assert_non_null(k);
		const struct chn_field *f = chn_field_of(k, str_from_c(checks[i].key));
		assert_non_null(f);
		chn_check(f, str_from_c(checks[i].value), checks[i].private_ok, &p);
		if (problem_any(&p) == checks[i].fine)
			fail_msg("%s %s=%s: %s", checks[i].kind, checks[i].key, checks[i].value,
				 p.n ? p.item[0].text : "passed");
	}
}

static void masks_show_too_little_to_use(void **state)
{
	static const struct {
		const char *kind, *key, *value, *want;
	} masks[] = {
		{ "slack", "url", "https://hooks.slack.com/services/T0/B0/x",
		  "https://hooks.slack.com/…" },
		{ "webhook", "url", "http://10.0.0.7:8065/hooks/x", "http://10.0.0.7:8065/…" },
		{ "webhook", "url", "https://[2001:db8::7]:8443/x",
		  "https://[2001:db8::7]:8443/…" },
		{ "webhook", "url", "https://a.example:443/x", "https://a.example/…" },
		{ "email", "to", "ops@example.org", "o…@example.org" },
		{ "pagerduty", "routing_key", "0123456789abcdef0123456789abcdef", "…cdef" },
		{ "ntfy", "topic", "short", "…" },
		{ "telegram", "chat", "-100123", "-100123" },
	};
	(void)state;
	for (size_t i = 0; i < NP_LEN(masks); i++) {
		NP_CLEANUP(buf_done) struct buf out;
		const struct chn_kind *k = chn_kind_of(str_from_c(masks[i].kind));
		buf_init(&out, 4096);
		assert_int_equal(chn_mask(chn_field_of(k, str_from_c(masks[i].key)),
					  str_from_c(masks[i].value), &out),
				 NP_OK);
		assert_string_equal(buf_c(&out), masks[i].want);
	}
}

/* The table is whole: names listed, a target that is a field, secrets in the row's own URL or
 * header only. */
static void every_row_is_whole(void **state)
{
	const struct chn_kind *k;
	(void)state;
	for (size_t i = 0; (k = chn_kind_at(i)) != NULL; i++) {
		assert_ptr_equal(chn_kind_of(str_from_c(k->name)), k);
		if (k->own_api)
			continue;
		assert_int_not_equal(str_find(str_from_c(chn_names()), str_from_c(k->name)),
				     SIZE_MAX);
		assert_non_null(chn_field_of(k, str_from_c(k->target)));
		if (k->method == NULL)
			continue;
		assert_non_null(k->url);
		assert_non_null(k->body);
		assert_true(k->action[0] == NULL || k->no_ack);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(templates_fill_and_escape),
		cmocka_unit_test(a_cut_never_breaks_an_escape),
		cmocka_unit_test(every_body_is_well_formed),
		cmocka_unit_test(fields_are_checked_by_their_row),
		cmocka_unit_test(masks_show_too_little_to_use),
		cmocka_unit_test(every_row_is_whole),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
