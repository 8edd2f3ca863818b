/* SPDX-License-Identifier: Apache-2.0 */
/* Addresses and networks: what parses prints, and what was printed parses to the same. */
#include <stdlib.h>

#include "base/str.h"
#include "net/addr.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_ip(np_str text)
{
	struct addr a, b;
	char out[ADDR_TEXT_MAX];
	if (addr_parse_ip(text, &a) < 0)
		return;
	size_t n = addr_print_ip(&a, out);
	if (addr_parse_ip((np_str){ out, n }, &b) < 0 || !addr_eq_ip(&a, &b))
		abort();
	if (addr_class(&a.u.sa, NULL) != addr_class(&b.u.sa, NULL))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	np_str text = { (const char *)data, size }, host;
	struct addr a, b;
	struct addr_cidr c;
	char out[ADDR_TEXT_MAX];
	uint16_t port;
	check_ip(text);
	if (addr_parse(text, &a) == NP_OK) {
		size_t n = addr_print(&a, out);
		if (addr_parse((np_str){ out, n }, &b) < 0 || !addr_eq_ip(&a, &b) ||
		    addr_port(&a) != addr_port(&b))
			abort();
	}
	if (addr_cidr_parse(text, &c) == NP_OK && !addr_cidr_has(&c, &c.net))
		abort();
	if (addr_split(text, &host, &port) == NP_OK && host.n == 0)
		abort();
	return 0;
}
