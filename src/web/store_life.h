/* SPDX-License-Identifier: Apache-2.0 */
/* store_life.h - SQL around what people say and do about incidents.
 *
 * Floor 4 (web). Facts of the machine are its owner's; here are the page beside
 * them, the updates, and incidents that people opened. In a transaction of the
 * tenant. Worker thread.
 */
#pragma once
#include "web/req.h"

struct stl_page {
	np_str title, phase, severity, assignee; /* "": none */
	np_str post_mortem, affects, channels;   /* JSON lists; channels "": every one */
	bool merged, published;
	uint8_t merged_into[16];
	int32_t told; /* number of the newest notice's event */
};
/* Of incident `id`, made when it is not there, locked until the end of the transaction. */
NP_NODISCARD np_err stl_lock(struct wreq *q, struct pg_conn *c, const uint8_t id[16],
			     struct stl_page *ret);
NP_NODISCARD np_err stl_save(struct pg_conn *c, const uint8_t id[16], const struct stl_page *p);
/* Are incidents merged into this one? */
NP_NODISCARD np_err stl_has_merged(struct pg_conn *c, const uint8_t id[16], bool *ret);

struct stl_update {
	const char *kind;
	np_str reason;
	bool public;
	np_str before, after; /* JSON, "" for null */
};
NP_NODISCARD np_err stl_say(struct wreq *q, struct pg_conn *c, const uint8_t id[16],
			    const struct stl_update *u);

/* ---- incidents of people ---- */
struct stl_open {
	np_str title, severity;
	int64_t opened_us;
};
NP_NODISCARD np_err stl_open(struct wreq *q, struct pg_conn *c, const struct stl_open *o);
enum stl_state { STL_OPEN, STL_ACKNOWLEDGED, STL_RESOLVED };
/* NP_E_NOTFOUND: not one of people. */
NP_NODISCARD np_err stl_state(struct wreq *q, struct pg_conn *c, enum stl_state s);
/* Tells: `opened` and `update` the page's channels, the others those that were told. */
NP_NODISCARD np_err stl_tell(struct wreq *q, struct pg_conn *c, const char *kind, np_str text,
			     const struct stl_page *p);
/* How many of these monitors (JSON array of ids) are not there? */
NP_NODISCARD np_err stl_monitors_missing(struct pg_conn *c, np_str ids, int64_t *ret);
