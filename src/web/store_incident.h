/* SPDX-License-Identifier: Apache-2.0 */
/* store_incident.h - SQL around incidents, their events and notices.
 *
 * Floor 4 (web). Reads only: incidents belong to the owner of the shard; what people say about
 * them is written by store_life.h.
 */
#pragma once
#include "web/page.h"
#include "web/req.h"

struct sti_row {
	int64_t monitor;
	int32_t shard;
	bool manual, closed, acknowledged; /* manual: opened by people, without a monitor */
};
NP_NODISCARD np_err sti_find(struct pg_conn *c, const uint8_t id[16], struct sti_row *ret);
struct sti_filter {
	np_str state;      /* "", a state, or "active" */
	np_str provenance; /* "": any but drills, unless one monitor is asked for */
	bool by_monitor;
	uint8_t monitor[16];
};
NP_NODISCARD np_err sti_list(struct pg_conn *c, const struct sti_filter *f, const struct page *p,
			     struct pg_res **ret);
/* Appends the whole story to q->json. NP_E_NOTFOUND. */
NP_NODISCARD np_err sti_show(struct wreq *q, struct pg_conn *c, const uint8_t id[16]);
