/* SPDX-License-Identifier: Apache-2.0 */
/* mon.h - one monitor in a shard's folded state: rules, votes, machine, texts.
 *
 * Floor 4 (engine). `st` is changed by mst_apply only (fold.c). Owned by the thread
 * that owns the shard.
 */
#pragma once
#include "core/alert_json.h"
#include "core/monstate.h"
#include "core/window.h"
#include "engine/timers.h"
#include "internal.pb-c.h"

#define MON_STRIP 30      /* statuses kept for the screen */
#define MON_ACTOR_MAX 200 /* bytes of a person's name */

struct fx_mon; /* what the commit in the making notes about a monitor (fx.h) */

/* Texts of a definition; decisions use mon->def. */
struct mon_doc {
	char *packed; /* encoded DefinitionInput: what snapshots keep */
	size_t packed_n;
	char *name, *target;
	char *channels; /* JSON array of ids; NULL: every channel of the organisation */
	char *level_channels[MON_LEVELS_MAX]; /* the same, of each level of escalation */
	struct alertj_quiet quiet;            /* its zone is the text below */
	char zone[ALERTJ_ZONE_MAX + 1];
	uint8_t parent[16];                  /* with def.has_parent */
	char *tags;                          /* each followed by a NUL */
	size_t tags_n;                       /* bytes */
	char *names;                         /* what region_name points into */
	np_str region_name[MON_REGIONS_MAX]; /* aligned with def.region */
};

/* Whom a region's newest membership picks: found once per membership, not per result. */
struct mon_pick {
	uint64_t membership, checker;
};

/* Answer of its quiet hours (windows.h), and for which revision. */
struct mon_quiet {
	struct window_now now;
	uint32_t revision;
};

/* Its maintenance (windows.h), as of which change of windows, and for which revision. */
struct mon_maintenance {
	struct window_now now;
	uint64_t change;
	uint32_t revision;
};

struct mon {
	uint64_t no, org;
	uint8_t id[16];
	bool deleted; /* tombstone: late results are stored and not folded */
	uint64_t pinned;
	struct mon_def def;
	struct mon_doc doc;
	struct mst st;
	int64_t cert_s[MON_REGIONS_MAX];       /* end of the certificate it saw; 0: none */
	uint64_t voter[MON_REGIONS_MAX];       /* checker of the newest vote; as def.region */
	struct mon_pick pick[MON_REGIONS_MAX]; /* a cache; as def.region */
	char strip[MON_STRIP + 1];             /* newest last, NUL-terminated */
	char acked_by[MON_ACTOR_MAX + 1];
	uint8_t parent_incident[16]; /* open one of its parent; all zero: none */
	struct timers_node timer;
	/* Not state: */
	struct fx_mon *work; /* of commit `work_of` */
	uint64_t work_of;
	int64_t stored_us; /* its row was last written */
	struct mon_quiet quiet;
	struct mon_maintenance maintenance;
	uint32_t last_status; /* of the newest folded result */
};

void mon_free(struct mon *m); /* NULL is fine */
/* Read a definition into m: rules and texts; m->st is left alone, and all of m on failure.
 * NP_E_INVAL: not a valid definition. */
NP_NODISCARD np_err mon_define(struct mon *m, const Np__I1__DefinitionInput *in);
/* The earliest end of a certificate that its regions saw, Unix seconds; 0: none. */
int64_t mon_cert_s(const struct mon *m);
void mon_push_status(struct mon *m, uint32_t status);
void mon_set_acked_by(struct mon *m, np_str who);
/* Id of its newest incident: made of the monitor, its count and its opening, so that folding
 * again gives the same. */
void mon_incident_id(const struct mon *m, uint8_t ret_id[16]);
