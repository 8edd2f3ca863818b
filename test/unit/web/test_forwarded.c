/* SPDX-License-Identifier: Apache-2.0 */
#include "unit/t.h"

#include "base/str.h"
#include "web/forwarded.h"
#include "web/limiter.h"

/* Proxies: 10.0.0.0/8, 2001:db8:1::/48, ::1. `fields` in the order of the request. */
static void client_of(bool standard, const char *peer, const char *const fields[4], char ret[64])
{
	static const char *const proxies[] = { "10.0.0.0/8", "2001:db8:1::/48", "::1" };
	struct fwd f = { .standard = standard };
	struct http_head head = { .n_fields = 0 };
	struct addr from, client;
	for (size_t i = 0; i < NP_LEN(proxies); i++)
		assert_ok(fwd_add(&f, str_from_c(proxies[i]), NULL));
	for (size_t i = 0; i < 4 && fields[i]; i++) {
		struct http_field *field = &head.fields[head.n_fields++];
		assert_true(str_cut(str_from_c(fields[i]), ':', &field->name, &field->value));
		field->value = str_trim(field->value);
	}
	assert_ok(addr_parse_ip(str_from_c(peer), &from));
	fwd_client(&f, &head, &from, &client);
	(void)addr_print_ip(&client, ret);
}

static void only_what_proxies_wrote_counts(void **state)
{
	static const struct {
		bool standard;
		const char *peer, *fields[4], *client;
	} rows[] = {
		/* nobody else may say who he is */
		{ 0, "192.0.2.9", { "X-Forwarded-For: 10.1.1.1" }, "192.0.2.9" },
		{ 0, "192.0.2.9", { "X-Forwarded-For: 198.51.100.1" }, "192.0.2.9" },
		{ 0, "10.0.0.1", { NULL }, "10.0.0.1" },
		{ 0, "10.0.0.1", { "X-Forwarded-For: 198.51.100.1" }, "198.51.100.1" },
		{ 0, "::ffff:10.0.0.1", { "X-Forwarded-For: 198.51.100.1" }, "198.51.100.1" },
		{ 0, "2001:db8:1::5", { "x-forwarded-for: 2001:db8:2::1" }, "2001:db8:2::1" },
		{ 0, "10.0.0.1", { "X-Forwarded-For: [2001:db8:2::1]:99" }, "2001:db8:2::1" },
		{ 0, "10.0.0.1", { "X-Forwarded-For: 198.51.100.1:4711" }, "198.51.100.1" },
		/* the client wrote what stands on the left */
		{ 0, "10.0.0.1", { "X-Forwarded-For: 203.0.113.7, 198.51.100.1" }, "198.51.100.1" },
		{ 0, "10.0.0.1", { "X-Forwarded-For: 10.9.9.9, 198.51.100.1" }, "198.51.100.1" },
		{ 0,
		  "10.0.0.1",
		  { "X-Forwarded-For: 203.0.113.7", "X-Forwarded-For: 198.51.100.1" },
		  "198.51.100.1" },
		{ 0,
		  "10.0.0.1",
		  { "X-Forwarded-For: 198.51.100.1, 10.0.0.3, 10.0.0.2" },
		  "198.51.100.1" },
		{ 0,
		  "10.0.0.1",
		  { "X-Forwarded-For: 203.0.113.7, 198.51.100.1", "Via: x",
		    "X-Forwarded-For: 10.0.0.2" },
		  "198.51.100.1" },
		/* what is no address ends the way at who wrote it */
		{ 0, "10.0.0.1", { "X-Forwarded-For: 198.51.100.1, unknown" }, "10.0.0.1" },
		{ 0, "10.0.0.1", { "X-Forwarded-For: 198.51.100.1, x, 10.0.0.2" }, "10.0.0.2" },
		{ 0, "10.0.0.1", { "X-Forwarded-For: " }, "10.0.0.1" },
		{ 0, "10.0.0.1", { "X-Forwarded-For: 198.51.100.1," }, "10.0.0.1" },
		{ 0, "10.0.0.1", { "X-Forwarded-For: 0x7f.1" }, "10.0.0.1" },
		{ 0, "10.0.0.1", { "X-Forwarded-For: 10.0.0.3, 10.0.0.2" }, "10.0.0.3" },
		/* the other header passes through proxies that do not know it */
		{ 0, "10.0.0.1", { "Forwarded: for=203.0.113.7" }, "10.0.0.1" },
		{ 1, "10.0.0.1", { "X-Forwarded-For: 203.0.113.7" }, "10.0.0.1" },
		{ 1, "10.0.0.1", { "Forwarded: for=198.51.100.1" }, "198.51.100.1" },
		{ 1,
		  "10.0.0.1",
		  { "Forwarded: proto=https; FOR=\"[2001:db8:2::1]:4711\";by=10.0.0.1" },
		  "2001:db8:2::1" },
		{ 1,
		  "10.0.0.1",
		  { "Forwarded: for=203.0.113.7, for=198.51.100.1" },
		  "198.51.100.1" },
		{ 1,
		  "10.0.0.1",
		  { "Forwarded: for=\"203.0.113.7", "Forwarded: for=198.51.100.1" },
		  "198.51.100.1" },
		{ 1, "10.0.0.1", { "Forwarded: for=_hidden" }, "10.0.0.1" },
		{ 1,
		  "::1",
		  { "Forwarded: for=198.51.100.1, for=\"[2001:db8:1::2]\"" },
		  "198.51.100.1" },
	};
	(void)state;
	for (size_t i = 0; i < NP_LEN(rows); i++) {
		char got[64];
		client_of(rows[i].standard, rows[i].peer, rows[i].fields, got);
		assert_string_equal(got, rows[i].client);
	}
}

static void networks_are_read_strictly(void **state)
{
	static const char *const wrong[] = { "", "10.0.0.1/8", "10.0.0.0/33", "any", "0x7f.1" };
	struct fwd f = { .n = 0 };
	struct buf why;
	(void)state;
	buf_init(&why, 4096);
	for (size_t i = 0; i < NP_LEN(wrong); i++)
		assert_int_equal(fwd_add(&f, str_from_c(wrong[i]), &why), NP_E_INVAL);
	assert_true(str_find(buf_str(&why), NP_STR("10.0.0.1/8 is no address")) != SIZE_MAX);
	for (size_t i = 0; i < FWD_PROXIES_MAX; i++)
		assert_ok(fwd_add(&f, NP_STR("192.0.2.1"), &why));
	assert_int_equal(fwd_add(&f, NP_STR("192.0.2.1"), &why), NP_E_LIMIT);
	buf_done(&why);
}

/* Behind a proxy everybody is told apart; and IPv4 in its mapped form is not one network. */
static void clients_are_limited_each_alone(void **state)
{
	struct limiter *l = limiter_new();
	struct addr one, same, other;
	(void)state;
	assert_non_null(l);
	assert_ok(addr_parse_ip(NP_STR("198.51.100.1"), &one));
	assert_ok(addr_parse_ip(NP_STR("::ffff:198.51.100.1"), &same));
	for (int i = 0; i < LIMITER_FAILS; i++)
		limiter_failed(l, &same, 1000000);
	assert_true(limiter_wait_s(l, &one, 1000000) > 0);
	int free = 0; /* two addresses may share one of 4096 places */
	for (int i = 0; i < 8; i++) {
		char text[32];
		(void)snprintf(text, sizeof text, "::ffff:203.0.113.%d", i);
		assert_ok(addr_parse_ip(str_from_c(text), &other));
		free += limiter_wait_s(l, &other, 1000000) == 0;
	}
	assert_true(free >= 6);
	limiter_free(l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_what_proxies_wrote_counts),
		cmocka_unit_test(networks_are_read_strictly),
		cmocka_unit_test(clients_are_limited_each_alone),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
