/* SPDX-License-Identifier: Apache-2.0 */
/* who.h - from a credential to an identity, and from there to what it may do.
 *
 * Floor 4 (web). Credentials are known by their SHA-256 only.
 */
#pragma once
#include "web/req.h"

#define WHO_TOKEN_PREFIX "npt_"
#define WHO_TOKEN_MAX 200
#define WHO_COOKIE "np_session"
#define WHO_COOKIE_HTTPS "__Host-np"
#define WHO_SESSION_DAYS 30

/* The credential of a request, as sent: Bearer token or cookie. False: none. Loop's thread. */
bool who_credential(const struct web *w, struct httpd_req *r, np_str *ret, bool *ret_cookie);
/* Is the Origin of this request the host that it was sent to? Loop's thread. */
bool who_same_origin(struct httpd_req *r);
/* Pure part of it: "https://host:port" against "host:port". */
bool who_origin_is(np_str origin, np_str host);
/* Worker thread, outside a transaction. NP_E_AUTH: nobody. */
NP_NODISCARD np_err who_find(struct pg_conn *c, np_str credential, bool cookie, struct arena *a,
			     struct who *ret);
/* Writes that its token was used, once a minute. Worker thread, outside a transaction. */
void who_note(struct pg_conn *c, const struct who *w);
/* Role and scopes both allow it. */
bool who_may(const struct who *w, enum acc_action action);
/* Is a credential, known by its hash, still good? NP_E_AUTH: no. */
NP_NODISCARD np_err who_is_known(struct pg_conn *c, const uint8_t sha256[CRYPT_SHA256_LEN],
				 bool cookie);
/* Set-Cookie value for a new session, or (value "") for its end. */
np_str who_set_cookie(const struct web *w, struct arena *a, np_str value);
