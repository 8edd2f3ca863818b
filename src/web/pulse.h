/* SPDX-License-Identifier: Apache-2.0 */
/* pulse.h - is NetPulse itself well? The endpoints that its own monitors watch.
 *
 * Floor 4 (web). Asks the database once a second from a worker, so that a
 * health check costs nothing and answers at once. Loop's thread.
 */
#pragma once
#include "web/ctx.h"

#define PULSE_EVERY_MS 1000
#define PULSE_DB_MS 3000     /* no answer for so long: not well */
#define PULSE_QUEUE_MS 10000 /* likewise the live feed's connection */

struct pulse;
NP_NODISCARD struct pulse *pulse_new(struct web *w);
void pulse_free(struct pulse *p); /* waits for nothing: the loop has ended; NULL is fine */
bool pulse_is_ready(void *web);   /* for /ready: the database has answered */

/* Handlers of the open endpoints. */
void pulse_web(struct web *w, struct httpd_req *r);
void pulse_database(struct web *w, struct httpd_req *r);
void pulse_queue(struct web *w, struct httpd_req *r);
void pulse_all(struct web *w, struct httpd_req *r);
