/* SPDX-License-Identifier: Apache-2.0 */
/* store_monitor.h - SQL around monitors, their definitions and revisions.
 *
 * Floor 4 (web). In a transaction of the tenant: row-level security hides what
 * is another's. Worker thread.
 */
#pragma once
#include "core/monitor_json.h"
#include "web/page.h"
#include "web/req.h"

#define STM_REGIONS_MAX 256 /* of one organisation */

struct stm_regions {
	np_str name[STM_REGIONS_MAX];
	uint32_t number[STM_REGIONS_MAX];
	size_t n;
};
NP_NODISCARD np_err stm_regions(struct pg_conn *c, struct arena *a, struct stm_regions *ret);

struct stm_row {
	int64_t no;
	int32_t shard, revision;
	np_str name, definition, given; /* JSON; in the arena */
};
/* One row that lives, locked for a change. NP_E_NOTFOUND. */
NP_NODISCARD np_err stm_lock(struct pg_conn *c, struct arena *a, const uint8_t id[16],
			     struct stm_row *ret);
/* Number, shard, revision, name, definition; not locked. */
NP_NODISCARD np_err stm_find(struct pg_conn *c, struct arena *a, const uint8_t id[16],
			     struct stm_row *ret);

struct stm_def {
	const struct monj *m;
	np_str definition; /* JSON with policies and defaults filled in */
	np_str given;      /* JSON as people gave it */
};
NP_NODISCARD np_err stm_insert(struct wreq *q, struct pg_conn *c, const struct stm_def *d,
			       struct stm_row *ret); /* id is q->subject */
/* Next revision; ret->revision grows. */
NP_NODISCARD np_err stm_update(struct wreq *q, struct pg_conn *c, const struct stm_def *d,
			       struct stm_row *row);
NP_NODISCARD np_err stm_delete(struct wreq *q, struct pg_conn *c, struct stm_row *row);
/* May monitor `id` (zeros: a new one) have that parent? Says so in one constant sentence, or NULL. */
NP_NODISCARD np_err stm_parent(struct pg_conn *c, const uint8_t id[16], const uint8_t parent[16],
			       const char **ret_why);

/* The whole monitor as JSON, in the arena. NP_E_NOTFOUND. */
NP_NODISCARD np_err stm_show(struct wreq *q, struct pg_conn *c, const uint8_t id[16], np_str *ret);
struct stm_filter {
	np_str text, state, tag, kind; /* "": any */
	np_str provenance;             /* "": any but drills */
};
NP_NODISCARD np_err stm_list(struct pg_conn *c, const struct stm_filter *f, const struct page *p,
			     struct pg_res **ret);
NP_NODISCARD np_err stm_revisions(struct pg_conn *c, int64_t monitor, const struct page *p,
				  struct pg_res **ret);
