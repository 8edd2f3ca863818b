/* SPDX-License-Identifier: Apache-2.0 */
/* url.h - absolute http and https URLs, cut strictly; percent-decoding; queries.
 *
 * Floor 2 (net). Pure: slices into the text given. Refuses user information,
 * fragments' bytes outside the URL alphabet, control bytes and spaces, so that
 * what is shown, stored and connected to is the same thing. Any thread.
 */
#pragma once
#include "base/arena.h"

#define URL_MAX 2048

struct url {
	np_str scheme;   /* "http" or "https" as written (any case) */
	np_str host;     /* without brackets; host name or numeric address text, not resolved */
	bool host_is_v6; /* stood in brackets */
	uint16_t port;   /* the default of the scheme when absent */
	bool tls;
	np_str path;     /* "/…", or empty */
	np_str query;    /* without '?'; query.p NULL when absent */
	np_str fragment; /* without '#' */
};
NP_NODISCARD np_err url_parse(np_str s, struct url *ret);

/* Percent-decoded copy in the arena; `plus_is_space` for queries. NP_E_INVAL on a bad escape or
 * a NUL byte. */
NP_NODISCARD np_err url_decode(struct arena *a, np_str s, bool plus_is_space, np_str *ret);
/* Next "key=value" of a query, still encoded: false at the end. */
bool url_query_next(np_str *rest, np_str *ret_key, np_str *ret_value);
