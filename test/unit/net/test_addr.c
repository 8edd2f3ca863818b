/* SPDX-License-Identifier: Apache-2.0 */
#include "unit/t.h"

#include "base/crypt.h"
#include "net/addr.h"

static const struct {
	const char *ip;
	enum addr_class want;
} classes[] = {
	/* first, last, and the neighbours outside of each range */
	{ "0.0.0.0", ADDR_RESERVED },
	{ "0.255.255.255", ADDR_RESERVED },
	{ "1.0.0.0", ADDR_PUBLIC },
	{ "9.255.255.255", ADDR_PUBLIC },
	{ "10.0.0.0", ADDR_PRIVATE },
	{ "10.255.255.255", ADDR_PRIVATE },
	{ "11.0.0.0", ADDR_PUBLIC },
	{ "100.63.255.255", ADDR_PUBLIC },
	{ "100.64.0.0", ADDR_CGNAT },
	{ "100.127.255.255", ADDR_CGNAT },
	{ "100.128.0.0", ADDR_PUBLIC },
	{ "126.255.255.255", ADDR_PUBLIC },
	{ "127.0.0.0", ADDR_LOOPBACK },
	{ "127.0.0.1", ADDR_LOOPBACK },
	{ "127.255.255.255", ADDR_LOOPBACK },
	{ "128.0.0.0", ADDR_PUBLIC },
	{ "169.253.255.255", ADDR_PUBLIC },
	{ "169.254.0.0", ADDR_LINKLOCAL },
	{ "169.254.169.254", ADDR_LINKLOCAL },
	{ "169.254.255.255", ADDR_LINKLOCAL },
	{ "169.255.0.0", ADDR_PUBLIC },
	{ "172.15.255.255", ADDR_PUBLIC },
	{ "172.16.0.0", ADDR_PRIVATE },
	{ "172.31.255.255", ADDR_PRIVATE },
	{ "172.32.0.0", ADDR_PUBLIC },
	{ "191.255.255.255", ADDR_PUBLIC },
	{ "192.0.0.1", ADDR_RESERVED },
	{ "192.0.1.0", ADDR_PUBLIC },
	{ "192.0.2.1", ADDR_RESERVED },
	{ "192.0.3.0", ADDR_PUBLIC },
	{ "192.88.99.1", ADDR_RESERVED },
	{ "192.167.255.255", ADDR_PUBLIC },
	{ "192.168.0.0", ADDR_PRIVATE },
	{ "192.168.255.255", ADDR_PRIVATE },
	{ "192.169.0.0", ADDR_PUBLIC },
	{ "198.17.255.255", ADDR_PUBLIC },
	{ "198.18.0.0", ADDR_RESERVED },
	{ "198.19.255.255", ADDR_RESERVED },
	{ "198.20.0.0", ADDR_PUBLIC },
	{ "198.51.100.1", ADDR_RESERVED },
	{ "203.0.113.1", ADDR_RESERVED },
	{ "223.255.255.255", ADDR_PUBLIC },
	{ "224.0.0.0", ADDR_MULTICAST },
	{ "239.255.255.255", ADDR_MULTICAST },
	{ "240.0.0.0", ADDR_RESERVED },
	{ "255.255.255.255", ADDR_RESERVED },
	{ "8.8.8.8", ADDR_PUBLIC },
	{ "::", ADDR_RESERVED },
	{ "::1", ADDR_LOOPBACK },
	{ "::2", ADDR_RESERVED },
	{ "100::1", ADDR_RESERVED },
	{ "2001:db8::1", ADDR_RESERVED },
	{ "2001::1", ADDR_RESERVED },
	{ "2001:10::1", ADDR_RESERVED },
	{ "2001:20::1", ADDR_RESERVED },
	{ "2001:1ff:ffff::", ADDR_RESERVED },
	{ "2001:200::1", ADDR_PUBLIC },
	{ "2001:4860:4860::8888", ADDR_PUBLIC },
	{ "2606:4700::1111", ADDR_PUBLIC },
	{ "3fff::1", ADDR_RESERVED },
	{ "3fff:fff::1", ADDR_RESERVED },
	{ "3fff:1000::1", ADDR_PUBLIC },
	{ "4000::1", ADDR_RESERVED },
	{ "5f00::1", ADDR_RESERVED },
	{ "fbff::1", ADDR_RESERVED },
	{ "fc00::", ADDR_PRIVATE },
	{ "fdff:ffff::1", ADDR_PRIVATE },
	{ "fe00::1", ADDR_RESERVED },
	{ "fe7f::1", ADDR_RESERVED },
	{ "fe80::1", ADDR_LINKLOCAL },
	{ "febf:ffff::1", ADDR_LINKLOCAL },
	{ "fec0::1", ADDR_PRIVATE },
	{ "feff::1", ADDR_PRIVATE },
	{ "ff00::1", ADDR_MULTICAST },
	{ "ff02::1", ADDR_MULTICAST },
	/* what embeds an IPv4 address is what it embeds */
	{ "::ffff:127.0.0.1", ADDR_LOOPBACK },
	{ "::ffff:169.254.169.254", ADDR_LINKLOCAL },
	{ "::ffff:10.1.2.3", ADDR_PRIVATE },
	{ "::ffff:8.8.8.8", ADDR_PUBLIC },
	{ "::ffff:0:127.0.0.1", ADDR_LOOPBACK },
	{ "::127.0.0.1", ADDR_LOOPBACK },
	{ "::10.0.0.1", ADDR_PRIVATE },
	{ "64:ff9b::127.0.0.1", ADDR_LOOPBACK },
	{ "64:ff9b::169.254.169.254", ADDR_LINKLOCAL },
	{ "64:ff9b::8.8.8.8", ADDR_PUBLIC },
	{ "64:ff9b:1::8.8.8.8", ADDR_RESERVED },
	{ "2002:7f00:1::1", ADDR_LOOPBACK },
	{ "2002:a9fe:a9fe::1", ADDR_LINKLOCAL },
	{ "2002:0a00:1::", ADDR_PRIVATE },
	{ "2002:808:808::1", ADDR_PUBLIC },
	{ "2606:4700::5efe:127.0.0.1", ADDR_LOOPBACK },
	{ "2606:4700::200:5efe:10.0.0.1", ADDR_PRIVATE },
};

static void every_special_range_has_its_class(void **state)
{
	(void)state;
	for (size_t i = 0; i < NP_LEN(classes); i++) {
		struct addr a;
		assert_ok(addr_parse_ip(str_from_c(classes[i].ip), &a));
		enum addr_class got = addr_class(&a.u.sa, NULL);
		if (got != classes[i].want)
			fail_msg("%s: %s, not %s", classes[i].ip, addr_class_name(got),
				 addr_class_name(classes[i].want));
	}
}

/* Embedding never makes anything more reachable than it is. */
static void embedding_keeps_the_class(void **state)
{
	(void)state;
	for (int i = 0; i < 20000; i++) {
		uint32_t v4 = (uint32_t)rnd_u64();
		struct addr plain = { .u.in = { .sin_family = AF_INET, .sin_addr = { v4 } } };
		enum addr_class want = addr_class(&plain.u.sa, NULL);
		static const char *const forms[] = { "::ffff:0.0.0.0", "64:ff9b::0.0.0.0" };
		for (size_t f = 0; f < NP_LEN(forms); f++) {
			struct addr a;
			assert_ok(addr_parse_ip(str_from_c(forms[f]), &a));
			memcpy(a.u.in6.sin6_addr.s6_addr + 12, &v4, 4);
			assert_int_equal(addr_class(&a.u.sa, NULL), want);
		}
		struct addr six;
		assert_ok(addr_parse_ip(NP_STR("2002::1"), &six));
		memcpy(six.u.in6.sin6_addr.s6_addr + 2, &v4, 4);
		assert_int_equal(addr_class(&six.u.sa, NULL), want);
	}
}

static void the_guard_lets_through_what_the_policy_says(void **state)
{
	(void)state;
	struct addr_own own = { .n = 1 };
	assert_ok(addr_parse_ip(NP_STR("198.41.0.4"), &own.list[0]));
	const struct addr_policy closed = { .own = &own },
				 open = { .private_ok = true, .own = &own };
	static const struct {
		const char *ip;
		bool closed, open;
		enum addr_class cls;
	} rows[] = {
		{ "8.8.8.8", true, true, ADDR_PUBLIC },
		{ "10.0.0.1", false, true, ADDR_PRIVATE },
		{ "127.0.0.1", false, true, ADDR_LOOPBACK },
		{ "::1", false, true, ADDR_LOOPBACK },
		{ "100.64.0.1", false, true, ADDR_CGNAT },
		{ "fd00::1", false, true, ADDR_PRIVATE },
		{ "169.254.169.254", false, false, ADDR_LINKLOCAL },
		{ "fe80::1", false, false, ADDR_LINKLOCAL },
		{ "224.0.0.1", false, false, ADDR_MULTICAST },
		{ "0.0.0.0", false, false, ADDR_RESERVED },
		{ "255.255.255.255", false, false, ADDR_RESERVED },
		{ "198.41.0.4", false, true, ADDR_OWN },
		{ "::ffff:198.41.0.4", false, true, ADDR_OWN },
	};
	for (size_t i = 0; i < NP_LEN(rows); i++) {
		struct addr a;
		enum addr_class cls;
		assert_ok(addr_parse_ip(str_from_c(rows[i].ip), &a));
		assert_int_equal(addr_allowed(&a.u.sa, &closed, &cls), rows[i].closed);
		assert_int_equal(cls, rows[i].cls);
		assert_int_equal(addr_allowed(&a.u.sa, &open, NULL), rows[i].open);
	}
	const struct sockaddr other = { .sa_family = AF_UNIX };
	assert_false(addr_allowed(&other, &open, NULL));
}

static void knows_this_machines_addresses(void **state)
{
	(void)state;
	struct addr_own own;
	struct addr loopback;
	bool found = false;
	assert_ok(addr_own_load(&own));
	assert_ok(addr_parse_ip(NP_STR("127.0.0.1"), &loopback));
	for (size_t i = 0; i < own.n; i++)
		found = found || addr_eq_ip(&own.list[i], &loopback);
	assert_true(found);
}

static void only_plain_numbers_are_addresses(void **state)
{
	(void)state;
	static const char *const bad[] = { "",           "127.1",   "0x7f.1",    "2130706433",
					   "0177.0.0.1", "1.2.3",   "1.2.3.4.5", "1.2.3.256",
					   "1.2.3.4 ",   "::g",     "1::2::3",   "[1.2.3.4]",
					   "localhost",  "[::1",    "::1]",      "fe80::1%eth0",
					   "1.2.3.4\n",  "01.2.3.4" };
	struct addr a;
	for (size_t i = 0; i < NP_LEN(bad); i++)
		if (addr_parse_ip(str_from_c(bad[i]), &a) == NP_OK)
			fail_msg("%s", bad[i]);
	assert_true(addr_parse_ip((np_str){ "1.2.3.4\0x", 9 }, &a) < 0);
}

static void addresses_print_as_they_parse(void **state)
{
	(void)state;
	static const char *const rows[] = { "1.2.3.4:80", "[::1]:443", "[2001:db8::5]:0",
					    "255.255.255.255:65535" };
	for (size_t i = 0; i < NP_LEN(rows); i++) {
		struct addr a;
		char text[ADDR_TEXT_MAX];
		assert_ok(addr_parse(str_from_c(rows[i]), &a));
		assert_int_equal(addr_print(&a, text), strlen(rows[i]));
		assert_string_equal(text, rows[i]);
	}
	static const char *const bad[] = { "1.2.3.4", "1.2.3.4:",   "1.2.3.4:65536",
					   "::1:80",  "[::1]",      "[::1]80",
					   ":80",     "1.2.3.4:-1", "1.2.3.4:8x" };
	struct addr a;
	for (size_t i = 0; i < NP_LEN(bad); i++)
		if (addr_parse(str_from_c(bad[i]), &a) == NP_OK)
			fail_msg("%s", bad[i]);
	struct addr none = { .u.sa.sa_family = AF_UNSPEC };
	char text[ADDR_TEXT_MAX];
	(void)addr_print(&none, text);
	assert_string_equal(text, "-");
}

static void host_names_are_labels(void **state)
{
	(void)state;
	static const char *const good[] = { "a",           "a.b",
					    "A-1.example", "_dmarc.example",
					    "127.1",       "xn--bcher-kva.example" };
	static const char *const bad[] = { "",
					   ".",
					   "a.",
					   ".a",
					   "a..b",
					   "-a",
					   "a-",
					   "a.-b",
					   "a-.b",
					   "a b",
					   "a/b",
					   "a:b",
					   "\xc3\xbc.example" };
	for (size_t i = 0; i < NP_LEN(good); i++)
		if (!addr_is_hostname(str_from_c(good[i])))
			fail_msg("%s", good[i]);
	for (size_t i = 0; i < NP_LEN(bad); i++)
		if (addr_is_hostname(str_from_c(bad[i])))
			fail_msg("%s", bad[i]);
	char label[80];
	memset(label, 'a', sizeof label);
	assert_true(addr_is_hostname((np_str){ label, 63 }));
	assert_false(addr_is_hostname((np_str){ label, 64 }));
}

static void networks_hold_their_addresses(void **state)
{
	(void)state;
	static const struct {
		const char *net, *ip;
		bool in;
	} rows[] = {
		{ "10.0.0.0/8", "10.255.0.1", true },
		{ "10.0.0.0/8", "11.0.0.1", false },
		{ "10.0.0.0/8", "::ffff:10.0.0.1", true },
		{ "0.0.0.0/0", "1.2.3.4", true },
		{ "0.0.0.0/0", "::1", false },
		{ "::/0", "::1", true },
		{ "192.0.2.1", "192.0.2.1", true },
		{ "192.0.2.1", "192.0.2.2", false },
		{ "2001:db8::/33", "2001:db8:7fff::", true },
		{ "2001:db8::/33", "2001:db8:8000::", false },
	};
	for (size_t i = 0; i < NP_LEN(rows); i++) {
		struct addr_cidr c;
		struct addr a;
		assert_ok(addr_cidr_parse(str_from_c(rows[i].net), &c));
		assert_ok(addr_parse_ip(str_from_c(rows[i].ip), &a));
		if (addr_cidr_has(&c, &a) != rows[i].in)
			fail_msg("%s %s", rows[i].net, rows[i].ip);
	}
	static const char *const bad[] = {
		"10.0.0.1/8", "10.0.0.0/33", "10.0.0.0/", "10/8",
		"::1/127",    "::/129",      "x/8",       "10.0.0.0/-1"
	};
	struct addr_cidr c;
	for (size_t i = 0; i < NP_LEN(bad); i++)
		if (addr_cidr_parse(str_from_c(bad[i]), &c) == NP_OK)
			fail_msg("%s", bad[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_special_range_has_its_class),
		cmocka_unit_test(embedding_keeps_the_class),
		cmocka_unit_test(the_guard_lets_through_what_the_policy_says),
		cmocka_unit_test(knows_this_machines_addresses),
		cmocka_unit_test(only_plain_numbers_are_addresses),
		cmocka_unit_test(addresses_print_as_they_parse),
		cmocka_unit_test(host_names_are_labels),
		cmocka_unit_test(networks_hold_their_addresses),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
