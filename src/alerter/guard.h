/* SPDX-License-Identifier: Apache-2.0 */
/* guard.h - which addresses the alerter connects to, for everything that it sends.
 *
 * Floor 4 (alerter). On the address really connected to: names and spellings mean nothing.
 */
#pragma once
#include <curl/curl.h>

#include "base/np.h"

#define GUARD_SAY_MAX 80

/* For CURLOPT_OPENSOCKETFUNCTION. CURL_SOCKET_BAD: not allowed, and ret_say tells why. */
curl_socket_t guard_socket(curlsocktype purpose, const struct curl_sockaddr *a, bool private_ok,
			   char ret_say[GUARD_SAY_MAX]);
