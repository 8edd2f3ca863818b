/* SPDX-License-Identifier: Apache-2.0 */
#include "alerter/guard.h"

#include <sys/socket.h>

#include "net/addr.h"

curl_socket_t guard_socket(curlsocktype purpose, const struct curl_sockaddr *a, bool private_ok,
			   char ret_say[GUARD_SAY_MAX])
{
	const struct addr_policy pol = { .private_ok = private_ok };
	enum addr_class class = ADDR_PUBLIC;
	if (purpose == CURLSOCKTYPE_IPCXN && addr_allowed(&a->addr, &pol, &class))
		return socket(a->family, a->socktype | SOCK_CLOEXEC, a->protocol);
	(void)snprintf(ret_say, GUARD_SAY_MAX, "the address is %s and not allowed",
		       addr_class_name(class));
	return CURL_SOCKET_BAD;
}
