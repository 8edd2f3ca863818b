/* SPDX-License-Identifier: Apache-2.0 */
/* heard.h - tells the engines whom this gateway hears: once a second, all in one.
 *
 * Floor 4 (gateway). A record per shard names the checkers heard since the last one
 * that have something to do on that shard; shard 0, the coordinator's, names all.
 * HELLO and the end of a stream go out at once (PRESENCE_URGENT_MS gathers a ramp).
 */
#pragma once
#include "gateway/gw.h"

#define PRESENCE_EVERY_MS 1000
#define PRESENCE_URGENT_MS 20

NP_NODISCARD struct heard *heard_new(struct gw *g);
void heard_free(struct heard *p); /* NULL is fine */
/* Something came from it. */
void heard_note(struct gw *g, struct gw_checker *c, uint32_t oldest_ms);
/* It said HELLO (or posts for the first time in a while): a member from now on. */
void heard_hello(struct gw *g, struct gw_checker *c);
void heard_gone(struct gw *g, struct gw_checker *c);
void heard_flush(struct gw *g); /* now: at the end */
