/* SPDX-License-Identifier: Apache-2.0 */
/* scenin.h - a scenario as it was read; inside of scenario.h.
 *
 * Floor 2 (core). Texts are borrowed from the document. One thread.
 */
#pragma once
#include <jansson.h>

#include "base/yaml.h"
#include "core/simworld.h"

#define SCN_ACTS_MAX 4096
#define SCN_CHECKS_MAX 256
#define SCN_COPIES_MAX 400
#define SCN_PHASES_MAX 60
#define SCN_POINTER_MAX 512

enum scn_act_kind { SCN_EVENT, SCN_RULES, SCN_ABSENT };

struct scn_act {
	int64_t at_us;
	enum scn_act_kind kind;
	bool to_parent;
	struct mst_event event;
	int64_t for_us;
	const json_t *rules; /* patch of the definition */
};

struct scn_check {
	int64_t at_us;
	const json_t *object;
	uint32_t line;
};

/* One monitor of the story. */
struct scn_actor {
	json_t *object; /* its definition, whole; owned */
	struct mon_def def;
	struct simw_plan plan[MON_REGIONS_MAX]; /* by region number - 1 */
};

struct scn {
	np_str name;
	const struct yaml_doc *doc;
	struct buf *why; /* what cannot be read */
	int64_t start_us, until_us;
	uint32_t phases, copies, seed;
	bool checkers_off, has_parent;
	size_t region_n;
	bool watches[MON_REGIONS_MAX];  /* some monitor names it, at one time or another */
	np_str region[MON_REGIONS_MAX]; /* by number - 1 */
	struct scn_actor main, parent;
	size_t act_n, check_n;
	struct scn_act act[SCN_ACTS_MAX];
	struct scn_check check[SCN_CHECKS_MAX];
};

/* Where something is wrong: names the line of the JSON pointer. */
NP_NODISCARD np_err scn_wrong(struct scn *s, const char *pointer, const char *fmt, ...)
	NP_PRINTF(3, 4);

/* scentext.c: words of the notation. */
bool scn_word(np_str *rest, np_str *ret); /* next word */
/* "12:01", "12:01:07.5", "day 2 03:00", RFC 3339; relative to the start's day. */
NP_NODISCARD np_err scn_time(const struct scn *s, np_str text, int64_t *ret_us);
/* "fail(refused) x2 from 12:01 to 12:04, silent from 12:10": appended to the plan. */
NP_NODISCARD np_err scn_plan(struct scn *s, np_str text, const char *pointer, struct simw_plan *p);
/* "acknowledge", "ban fra", "result fra fail(reset) attempt 1". */
NP_NODISCARD np_err scn_act_text(struct scn *s, np_str text, const char *pointer,
				 struct scn_act *ret);
/* Number of a region by name; 0: unknown. */
uint32_t scn_region(const struct scn *s, np_str name);

/* scenread.c */
NP_NODISCARD np_err scn_read(const json_t *object, const char *pointer, struct scn *s);
void scn_done(struct scn *s);
/* The definition as a patch leaves it. */
NP_NODISCARD np_err scn_patch(struct scn *s, struct scn_actor *a, const json_t *patch,
			      struct mon_def *ret);

/* scencheck.c: is everything true that this object says about monitor i? Else one line a
 * difference in out. */
bool scn_holds(const struct scn *s, const struct simw *w, uint32_t i, const json_t *object,
	       struct buf *out);
/* The sentence of why for monitor i, now. */
void scn_why(const struct scn *s, const struct simw *w, uint32_t i, struct buf *out);
