/* SPDX-License-Identifier: Apache-2.0 */
/* peer.h - the framed stream of one checker.
 *
 * Floor 4 (gateway). One per checker, the newest wins. Owned by the list of peers; an
 * idle one holds no buffer. Closing frees it: after peer_close, and after any call
 * that may close (said so), the pointer is gone. The loop's thread.
 */
#pragma once
#include "gateway/pend.h"
#include "internal.pb-c.h"

NP_NODISCARD struct peers *peers_new(void);
void peers_free(struct peers *ps); /* all must be closed; NULL is fine */
size_t peers_len(const struct peers *ps);
void peers_close_all(struct gw *g);
/* Certificates that ran out, silence, HELLOs that never came: each tick a part of the streams,
 * within a second all of them. */
void peers_tick(struct gw *g);
/* Send what changed in the assignments of whoever is marked. */
void peers_flush_assign(struct gw *g);

void peer_stream(struct httpd_req *r, void *ctx); /* handler of the Upgrade; user is the checker */
void peer_close(struct peer *p, const char *why);
struct pend **peer_pends(struct peer *p);

/* May close. */
void peer_answer(struct peer *p, const Np__I1__AckRecord *r); /* ACK or REWIND */
void peer_reject(struct peer *p, const Np__I1__AckRecord *r);
void peer_pause(struct peer *p, const char *why);
void peer_job(struct peer *p, const Np__I1__JobRecord *j);

/* Its assignment changed by this monitor; told with the next flush. */
void peer_mark(struct peer *p, uint64_t monitor);
