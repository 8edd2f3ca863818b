/* SPDX-License-Identifier: Apache-2.0 */
#include "core/evwords.h"

#include "base/clock.h"

void evw_when(struct buf *out, const char *word, int64_t us, int64_t now_us)
{
	char text[9];
	if (us <= 0)
		return;
	buf_printf(out, " %s ", word);
	if (clock_day_start_us(us) != clock_day_start_us(now_us)) {
		struct clock_date d = clock_date_of(us);
		buf_printf(out, "%04d-%02d-%02d ", d.year, d.month, d.day);
	}
	clock_hms(us, text);
	buf_printf(out, "%s UTC", text);
}

static void add_ago(struct buf *out, int64_t us)
{
	int64_t s = us > 0 ? us / NP_SEC_US : 0;
	if (s < 120)
		buf_printf(out, " %lld s ago", (long long)s);
	else if (s < 7200)
		buf_printf(out, " %lld min ago", (long long)(s / 60));
	else
		buf_printf(out, " %lld h ago", (long long)(s / 3600));
}

/* "TCP reset", "status 503" */
static void add_class(struct buf *out, const struct vd_region *r)
{
	if (r->cls == RES_C_STATUS && r->code > 0)
		buf_printf(out, "status %d", r->code);
	else
		buf_add_c(out, res_class_words((enum res_class)r->cls));
}

/* Regions that only have to be listed: OK, counted, and their newest attempt passed too. */
static bool is_plain_ok(const struct vd_region *r)
{
	return r->out == VD_COUNTS && r->say == VOTE_OK && r->status != RES_FAIL;
}

static void add_counting(struct buf *out, const struct vd_region *r, int64_t now_us)
{
	bool passing = r->status != RES_FAIL;
	if (passing) {
		buf_add_c(out, "failed, passes again");
		evw_when(out, "since", r->since_us, now_us);
		return;
	}
	add_class(out, r);
	evw_when(out, "since", r->since_us, now_us);
	if (r->say == VOTE_OK)
		buf_add_c(out, " (not confirmed yet)");
}

static void add_silent(struct buf *out, const struct vd_region *r, int64_t now_us)
{
	if (r->last_us == 0) {
		buf_add_c(out, "no result yet");
	} else if (r->status == RES_UNKNOWN) {
		buf_add_c(out, "could not tell (");
		add_class(out, r);
		buf_add_byte(out, ')');
		evw_when(out, "at", r->last_us, now_us);
	} else if (r->status == RES_FAIL) {
		add_class(out, r);
		evw_when(out, "since", r->since_us, now_us);
		buf_add_c(out, " (not confirmed yet)");
	} else {
		buf_add_c(out, "no vote yet");
	}
}

static void add_region(struct buf *out, const struct vd_region *r, int64_t now_us)
{
	switch ((enum vd_out)r->out) {
	case VD_COUNTS:
		add_counting(out, r, now_us);
		break;
	case VD_SILENT:
		add_silent(out, r, now_us);
		break;
	case VD_STALE:
		buf_add_c(out, "silent");
		evw_when(out, "since", r->last_us, now_us);
		buf_add_c(out, r->said_fail ? " (failing before)" : "");
		break;
	case VD_BANNED:
		buf_add_c(out, "its checker was banned");
		break;
	case VD_SUSPECT:
		buf_add_c(out, "suspect, does not count");
		break;
	case VD_OUT_N:
		break;
	}
}

/* "ams1 and iad1 OK 14 s ago": names joined, the age of the oldest of these answers. */
static bool add_plain(struct buf *out, const struct vd_evidence *e, const np_str *name, bool kept)
{
	uint32_t total = 0, listed = 0;
	int64_t oldest_us = INT64_MAX;
	for (uint32_t i = 0; i < e->n; i++)
		total += is_plain_ok(&e->region[i]);
	for (uint32_t i = 0; i < e->n; i++) {
		if (!is_plain_ok(&e->region[i]))
			continue;
		if (listed > 0)
			buf_add_c(out, listed + 1 == total ? " and " : ", ");
		buf_add(out, name[i]);
		listed++;
		if (e->region[i].last_us < oldest_us)
			oldest_us = e->region[i].last_us;
	}
	if (total == 0)
		return false;
	buf_add_c(out, " OK");
	if (kept)
		evw_when(out, "at", oldest_us, e->at_us);
	else
		add_ago(out, e->at_us - oldest_us);
	return true;
}

void evw_regions(const struct vd_evidence *e, const np_str *name, bool kept, struct buf *out)
{
	const char *sep = " ";
	for (uint32_t i = 0; i < e->n; i++) {
		if (is_plain_ok(&e->region[i]))
			continue;
		buf_printf(out, "%s%.*s: ", sep, NP_FMT(name[i]));
		add_region(out, &e->region[i], e->at_us);
		sep = "; ";
	}
	if (e->n == 0)
		return;
	size_t before = out->n;
	buf_add_c(out, sep);
	if (!add_plain(out, e, name, kept))
		out->n = before;
	buf_add_byte(out, '.');
}

static void region_json(const struct vd_region *r, np_str name, struct jsonw *w)
{
	jsonw_obj(w);
	jsonw_kstr(w, "region", name);
	jsonw_kc(w, "say", vote_say_name((enum vote_say)r->say));
	jsonw_kbool(w, "counts", r->out == VD_COUNTS);
	jsonw_kc(w, "why_not", r->out == VD_COUNTS ? NULL : vd_out_name((enum vd_out)r->out));
	jsonw_kbool(w, "said_fail", r->said_fail);
	jsonw_kc(w, "status",
		 r->status == RES_NONE ? NULL : res_status_name((enum res_status)r->status));
	jsonw_kc(w, "class", r->cls == RES_C_NONE ? NULL : res_class_name((enum res_class)r->cls));
	jsonw_ki64(w, "code", r->code);
	jsonw_ktime(w, "since", r->since_us);
	jsonw_ktime(w, "last", r->last_us);
	jsonw_ki64(w, "latency_us", r->latency_us);
	jsonw_obj_end(w);
}

void evw_json(const struct vd_evidence *e, const np_str *name, struct jsonw *w)
{
	jsonw_obj(w);
	jsonw_ktime(w, "at", e->at_us);
	jsonw_ki64(w, "revision", e->revision);
	jsonw_kc(w, "verdict", vd_verdict_name((enum vd_verdict)e->verdict));
	jsonw_ki64(w, "n", e->n);
	jsonw_ki64(w, "fail", e->f);
	jsonw_ki64(w, "ok", e->k);
	jsonw_ki64(w, "need", e->q);
	jsonw_ki64(w, "fail_held", e->f_held);
	jsonw_kbool(w, "partial", e->partial);
	jsonw_kbool(w, "degraded", e->degraded);
	jsonw_kbool(w, "unreachable", e->unreachable);
	jsonw_key(w, "regions");
	jsonw_arr(w);
	for (uint32_t i = 0; i < e->n; i++)
		region_json(&e->region[i], name[i], w);
	jsonw_arr_end(w);
	jsonw_obj_end(w);
}
