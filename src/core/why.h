/* SPDX-License-Identifier: Apache-2.0 */
/* why.h - why there is, or is not, an alert: one sentence and one JSON form.
 *
 * Floor 2 (core). Pure: from rules, state and a few facts of the caller. The
 * same functions serve screens, API, CLI and messages. Any thread.
 */
#pragma once
#include "base/buf.h"
#include "base/jsonw.h"
#include "core/monstate.h"

/* What a monitor's situation is; names are the JSON's "code". */
enum why_code {
	WHY_PENDING,
	WHY_UP,
	WHY_PARTIAL,
	WHY_DEGRADED,
	WHY_WAITING /* SUSPECT */,
	WHY_LOOKING /* last look */,
	WHY_ALERTED,
	WHY_RECOVERING,
	WHY_ACKNOWLEDGED,
	WHY_BY_HAND,
	WHY_STALE /* open, no data */,
	WHY_NODATA,
	WHY_PAUSED,
	WHY_DELETED,
	WHY_MAINTENANCE,
	WHY_SUPPRESSED,
	WHY_FLAPPING,
	WHY_QUIET /* held by quiet hours */,
	WHY_CODE_N
};

/* What the caller knows and the state does not. Zero: nothing known. */
struct why_facts {
	int64_t now_us;
	const np_str *region_name; /* aligned with the evidence's regions */
	bool channels_known;       /* channels below is meaningful */
	uint32_t channels;         /* that hear this monitor; 0: "no channel attached" */
	uint32_t channels_dead;    /* of them: delivery is dead */
	uint32_t channels_unsure;  /* of them: it is not known whether the newest notice came */
	uint32_t channels_digest;  /* of them: its newest notice of the incident is in a digest */
	np_str acked_by;           /* who acknowledged; "" = not known */
	bool rules_changed;        /* newer rules wait to be folded */
	bool kept;                 /* read later than now: nothing is "just" so, or "14 s ago" */
};

/* Machine-readable form. */
struct why {
	enum why_code code;
	bool alert; /* an alert is out for what is happening now */
	bool no_channel, channels_dead, unreachable, rules_changed, no_second_opinion;
	enum step_hold hold;
	int64_t since_us; /* of the situation; 0: none */
	int64_t next_us;  /* when something is due (alert, closing, reminder, reopening); 0: none */
	int64_t acked_us;
	int64_t held_until_us; /* when the hold ends, as far as known; 0: not known */
	uint32_t incident;     /* ordinal of the open incident; 0: none */
	struct vd_evidence evidence;
};

void why_of(const struct mon_def *def, const struct mst *st, const struct why_facts *f,
	    struct why *ret);
/* "No alert: 1 of 3 regions fails (needs 2). fra1: TCP reset since 12:01:07 UTC; …"
 * Times are UTC and say so; with the day where it is another one than now's. */
void why_sentence(const struct why *w, const struct why_facts *f, struct buf *out);
/* One JSON object: {code, alert, sentence, since, next, hold, …, evidence}. */
void why_json(const struct why *w, const struct why_facts *f, struct jsonw *out);

/* The same for stored evidence: "2 of 3 regions fail (needs 2). fra1: …" */
void why_evidence_sentence(const struct vd_evidence *e, const struct why_facts *f, struct buf *out);
/* {at, verdict, n, fail, ok, need, …, regions: [{region, say, …}]} */
void why_evidence_json(const struct vd_evidence *e, const struct why_facts *f, struct jsonw *out);
const char *why_code_name(enum why_code c);
