/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/admit.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/str.h"
#include "gateway/peer.h"

static bool refuse(struct httpd_req *r, struct gw *g, enum gw_count what, uint16_t status,
		   const char *why)
{
	gw_count(g, what);
	httpd_close(r);
	httpd_problem(r, status, str_from_c(why));
	return false;
}

static bool same_serial(const char *a, const char *b)
{
	return a[0] != '\0' && str_eq_nocase(str_from_c(a), str_from_c(b));
}

/* The renewed certificate is in use: the one before it holds no more. */
static void promote(struct gw *g, struct gw_checker *c)
{
	memcpy(c->serial, c->next_serial, sizeof c->serial);
	memcpy(c->used_serial, c->next_serial, sizeof c->used_serial);
	c->next_serial[0] = '\0';
	c->not_after_us = c->next_not_after_us;
	np_log(NP_INFO, "checker.renewed", KV_U64("checker", c->id), KV_C("serial", c->serial));
	regfeed_serial_used(g->feed, c);
}

bool admit_request(struct httpd_req *r, void *ctx)
{
	struct gw *g = ctx;
	const struct ident *id = httpd_ident(r);
	if (!id)
		return refuse(r, g, GW_C_REFUSED_UNKNOWN, 401, "a checker's certificate is needed");
	struct gw_checker *c = world_checker_by_uuid(g->world, id->uuid);
	if (!c || strcmp(c->region->name, id->region) != 0) {
		regfeed_nudge(g->feed); /* just enrolled, perhaps: known in a moment */
		return refuse(r, g, GW_C_REFUSED_UNKNOWN, 401,
			      "this checker is not in the registry");
	}
	if (c->state == GW_BANNED)
		return refuse(r, g, GW_C_REFUSED_BANNED, 403, "this checker is banned");
	if (id->not_after_us <= clock_wall_us())
		return refuse(r, g, GW_C_REFUSED_EXPIRED, 401, "the certificate ran out");
	if (same_serial(id->serial, c->next_serial))
		promote(g, c);
	else if (!same_serial(id->serial, c->serial)) {
		regfeed_nudge(g->feed);
		return refuse(r, g, GW_C_REFUSED_SERIAL, 401,
			      "the certificate was replaced by another");
	}
	httpd_set_user(r, c);
	return true;
}

static bool is_banned(void *ctx, const struct ident *id)
{
	const struct gw_checker *c = ctx;
	return memcmp(c->uuid, id->uuid, sizeof id->uuid) == 0;
}

void admit_ban(struct gw *g, struct gw_checker *c)
{
	np_log(NP_WARN, "checker.banned", KV_U64("checker", c->id));
	if (c->peer)
		peer_close(c->peer, "banned");
	if (g->httpd)
		httpd_drop(g->httpd, is_banned, c);
}
