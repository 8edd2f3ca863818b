/* SPDX-License-Identifier: Apache-2.0 */
/* life.h - what people do to an incident, each act with its update, audit row and notices.
 *
 * Floor 4 (web). q->subject is the incident. Worker thread.
 */
#pragma once
#include "web/store_incident.h"
#include "web/store_life.h"

#define LIFE_TEXT_MAX 4000

struct life {
	struct sti_row row;
	struct stl_page page; /* locked; life_end stores it */
	np_str reason;
	bool public, said; /* said: the reason stands in an update already */
};
/* The incident of the path with its page. */
NP_NODISCARD np_err life_begin(struct wreq *q, struct pg_conn *c, struct life *l);
/* One update and its audit row: before and after are JSON, "" for null. */
NP_NODISCARD np_err life_say(struct wreq *q, struct pg_conn *c, struct life *l, const char *kind,
			     const np_str before_after[2]);
/* Of an incident of people: its next notice. */
NP_NODISCARD np_err life_tell(struct wreq *q, struct pg_conn *c, struct life *l, const char *kind);
/* Stores the page and writes the whole story as answer. */
NP_NODISCARD np_err life_end(struct wreq *q, struct pg_conn *c, struct life *l);
np_str life_text(struct wreq *q, np_str s); /* as JSON; "" for null */

/* Acts on incidents of people that have routes of their own in api_incidents.c. */
enum life_deed { LIFE_ACK, LIFE_UNACK, LIFE_RESOLVE, LIFE_NOTE };
NP_NODISCARD np_err life_do(struct wreq *q, struct pg_conn *c, enum life_deed deed, np_str text);
/* The incident is q->subject, and there is no answer yet: for the page behind a link. */
NP_NODISCARD np_err life_acknowledge(struct wreq *q, struct pg_conn *c);
