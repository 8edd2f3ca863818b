/* SPDX-License-Identifier: Apache-2.0 */
/* ack_page.h - the page behind "Acknowledge" in a mail or a chat.
 *
 * Floor 4 (web). Plain HTML without a script. Looking at it (a person, a scanner
 * of links) changes nothing; its button does, once, as whoever was told. The
 * handlers are in api.h: worker thread.
 */
#pragma once
#include "web/ctx.h"

void ack_page_style(struct web *w, struct httpd_req *r); /* loop's thread */
