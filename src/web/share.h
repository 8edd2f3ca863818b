/* SPDX-License-Identifier: Apache-2.0 */
/* share.h - how many workers one organisation may keep busy at a time.
 *
 * Floor 4 (web). Whose a request is, only a worker finds out; a credential that was seen before is
 * remembered with its organisation, all others share one place: strangers. What has no room waits
 * here in order. A fixed table: two organisations may share a place, which makes it stricter,
 * never looser. Loop's thread.
 */
#pragma once
#include "web/req.h"

#define SHARE_PLACES 1024
#define SHARE_KNOWN_MAX 4096
#define SHARE_WAIT_MAX 128 /* first askings of one place */

struct share;
/* room: workers at a time for one place, at least 1. */
NP_NODISCARD struct share *share_new(size_t room);
void share_free(struct share *s); /* NULL is fine; nobody may wait */
/* Whose is it, as far as that is known? Fills q->seat. */
void share_ask(struct share *s, struct wreq *q);
/* True: go to a worker, and call share_leave when it is back. False: it waits; or with
 * *ret_full, too many do. `first`: it may be refused still. */
bool share_enter(struct share *s, struct wreq *q, bool first, bool *ret_full);
/* Back from the worker: learns q->who. Who goes next has entered; NULL: nobody waits. */
struct wreq *share_leave(struct share *s, struct wreq *q);
/* Anybody who waits, one after the other, to be refused; NULL: none any more. */
struct wreq *share_evict(struct share *s);
