/* SPDX-License-Identifier: Apache-2.0 */
#include "web/guard.h"

#include "base/str.h"
#include "net/addr.h"

static bool is_localhost(np_str host)
{
	np_str h = str_ends(host, NP_STR(".")) ? str_sub(host, 0, host.n - 1) : host;
	np_str tail = NP_STR(".localhost");
	return str_eq_nocase(h, NP_STR("localhost")) ||
	       (h.n > tail.n && str_eq_nocase(str_sub(h, h.n - tail.n, h.n), tail));
}

void guard_host(np_str host, bool private_ok, const char *field, struct problem_list *p)
{
	struct addr a;
	enum addr_class cls = ADDR_LOOPBACK;
	const struct addr_policy pol = { .private_ok = private_ok };
	if (addr_parse_ip(host, &a) == NP_OK) {
		if (addr_allowed(&a.u.sa, &pol, &cls))
			return;
	} else if (private_ok || !is_localhost(host)) {
		return;
	}
	if (cls == ADDR_MULTICAST || cls == ADDR_RESERVED || cls == ADDR_LINKLOCAL)
		problem_add(p, "", field, "is a %s address: nothing is sent there",
			    addr_class_name(cls));
	else
		problem_add(p, "", field,
			    "is a %s address: this organisation may use public ones only",
			    addr_class_name(cls));
}
