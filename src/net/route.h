/* SPDX-License-Identifier: Apache-2.0 */
/* route.h - paths against a table of patterns.
 *
 * Floor 2 (net), used by httpd. Pure but for the arena. Segments are decoded one
 * by one before they are compared, so an encoded slash never splits one.
 */
#pragma once
#include "net/httpd.h"

struct route_path {
	np_str segments[HTTPD_SEGMENTS_MAX]; /* decoded */
	np_str rests[HTTPD_SEGMENTS_MAX];    /* raw text from that segment on */
	size_t n;
};
struct route_match {
	const struct httpd_route *route; /* NULL: none for this method */
	np_str params[HTTPD_PARAMS_MAX];
	size_t n_params;
	bool path_known; /* some pattern matched: 405 rather than 404 */
};
/* NP_E_INVAL: bad escape; NP_E_LIMIT: too many segments. */
NP_NODISCARD np_err route_split(struct arena *a, np_str path, struct route_path *ret);
NP_NODISCARD np_err route_find(const struct httpd_cfg *cfg, struct arena *a, np_str method,
			       const struct route_path *path, struct route_match *ret);
/* Methods of all patterns that match: "GET, HEAD, OPTIONS". */
void route_allow(const struct httpd_cfg *cfg, const struct route_path *path, struct buf *out);
