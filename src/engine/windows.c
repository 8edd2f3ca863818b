/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/windows.h"

#include "base/log.h"
#include "base/str.h"
#include "wire/zoneload.h"

#define ORGS_MAX ((size_t)1 << 20)
#define ZONES_MAX 2048 /* the database has some 600 names */

struct zone_of {
	char name[ZONE_NAME_MAX + 1];
	struct zone *zone; /* NULL: there is no such file, or it cannot be read */
};
/* Those of one organisation lie together: nobody looks at those of others. */
struct of_org {
	size_t first, n;
	size_t on;       /* as of the last tick */
	uint64_t change; /* counts whatever may change an answer */
};
struct windows {
	struct msg *m;      /* NULL: not known yet */
	struct map *of_org; /* number -> struct of_org, in m's arena */
	uint64_t change;    /* the last that was given to anybody */
	size_t zone_n;
	struct zone_of zone[ZONES_MAX];
};

struct windows *windows_new(void)
{
	struct windows *w = np_zalloc(sizeof *w);
	if (!w)
		return NULL;
	w->of_org = map_new(ORGS_MAX);
	if (w->of_org)
		return w;
	free(w);
	return NULL;
}

void windows_free(struct windows *w)
{
	if (!w)
		return;
	for (size_t i = 0; i < w->zone_n; i++)
		zone_free(w->zone[i].zone);
	map_free(w->of_org, NULL);
	msg_free(w->m);
	free(w);
}

/* The organisation of m's i-th window, which begins or goes on with it. False: no memory. */
static bool count_in(struct windows *w, struct msg *m, size_t i)
{
	struct of_org *o = map_get(w->of_org, m->window[i].org);
	if (!o) {
		o = arena_calloc(m->arena, 1, sizeof *o);
		if (!o || map_put(w->of_org, m->window[i].org, o, NULL) < 0)
			return false;
		o->first = i;
		o->change = ++w->change;
	}
	assert(o->first + o->n == i);
	o->n++;
	return true;
}

void windows_take(struct windows *w, struct msg *m)
{
	struct map *before = w->of_org;
	w->of_org = map_new(ORGS_MAX);
	bool fine = w->of_org;
	for (size_t i = 0; fine && i < m->n; i++)
		fine = count_in(w, m, i);
	if (!fine) {
		map_free(w->of_org, NULL);
		w->of_org = before;
		msg_free(m);
		np_log_event(NP_ERROR, "maintenance.no_memory");
		return;
	}
	map_free(before, NULL);
	msg_free(w->m);
	w->m = m;
}

bool windows_are_known(const struct windows *w)
{
	return w->m;
}

/* ---- zones ---- */

static struct zone *read_zone(const char *name)
{
	struct zone *z = NULL;
	np_err e = zoneload_read(str_from_c(name), &z);
	if (e < 0)
		np_log(NP_ERROR, "zone.unreadable", KV_C("zone", name), KV_ERR(e),
		       KV_C("hint", "install tzdata: windows in this zone are never on"));
	return e < 0 ? NULL : z;
}

static const struct zone *zone_of(struct windows *w, const char *name)
{
	for (size_t i = 0; i < w->zone_n; i++)
		if (strcmp(w->zone[i].name, name) == 0)
			return w->zone[i].zone;
	if (w->zone_n == ZONES_MAX)
		return NULL;
	struct zone_of *z = &w->zone[w->zone_n++];
	(void)snprintf(z->name, sizeof z->name, "%s", name);
	z->zone = read_zone(name);
	return z->zone;
}

static struct window_now ask(struct windows *w, const struct window *win, int64_t now_us)
{
	const struct zone *z = zone_of(w, win->zone);
	struct window_now ret = { .until_us = WINDOW_NEVER_US };
	if (z)
		ret = window_at(win, z, now_us);
	if (!ret.on && ret.until_us == WINDOW_NEVER_US && win->kind == WINDOW_RULE)
		ret.until_us = now_us + WINDOW_LOOK_US / 4; /* never so far as one looked */
	return ret;
}

/* ---- maintenance ---- */

void windows_tick(struct windows *w, int64_t now_us)
{
	for (size_t i = 0; w->m && i < w->m->n; i++) {
		struct msg_window *one = &w->m->window[i];
		if (one->asked && now_us < one->now.until_us)
			continue;
		struct of_org *o = map_get(w->of_org, one->org);
		o->on -= one->now.on;
		one->now = ask(w, &one->window, now_us);
		one->asked = true;
		o->on += one->now.on;
		o->change = ++w->change;
	}
}

static bool has_tag(const struct mon *m, np_str tag)
{
	for (size_t at = 0; at < m->doc.tags_n;) {
		np_str own = str_from_c(m->doc.tags + at);
		if (str_eq(own, tag))
			return true;
		at += own.n + 1;
	}
	return false;
}

static bool is_meant(const struct msg_window *one, const struct mon *m)
{
	if (one->all)
		return true;
	if (one->monitor_n > 0 &&
	    bsearch(m->id, one->monitor, one->monitor_n, sizeof m->id, msg_by_id) != NULL)
		return true;
	for (size_t i = 0; i < one->tag_n; i++)
		if (has_tag(m, one->tag[i]))
			return true;
	return false;
}

static struct window_now find(const struct windows *w, const struct of_org *o, const struct mon *m)
{
	struct window_now ret = { 0 };
	for (size_t i = 0; o->on > 0 && i < o->n; i++) {
		const struct msg_window *one = &w->m->window[o->first + i];
		if (!one->now.on || !is_meant(one, m))
			continue;
		ret.on = true;
		if (one->now.until_us > ret.until_us)
			ret.until_us = one->now.until_us;
	}
	return ret;
}

/* Asked for every monitor, every second: an organisation may have hundreds of windows that each
 * name hundreds of monitors. */
/* A drill proves the way to a sink: nothing may hold it. */
static bool is_drill(const struct mon *m)
{
	return m->def.provenance == MON_DRILL;
}

struct window_now windows_of(const struct windows *w, struct mon *m)
{
	struct mon_maintenance *of = &m->maintenance;
	const struct of_org *o = w->m ? map_get(w->of_org, m->org) : NULL;
	if (!o || is_drill(m))
		return (struct window_now){ 0 };
	if (of->change != o->change || of->revision != m->def.revision) {
		of->now = find(w, o, m);
		of->change = o->change;
		of->revision = m->def.revision;
	}
	return of->now;
}

/* ---- quiet hours ---- */

struct window_now windows_quiet(struct windows *w, struct mon *m, int64_t now_us)
{
	struct mon_quiet *q = &m->quiet;
	if (!m->doc.quiet.on || m->def.severity == MON_CRITICAL || is_drill(m))
		return (struct window_now){ 0 };
	if (q->revision != m->def.revision || now_us >= q->now.until_us) {
		struct window win;
		window_of_quiet(&m->doc.quiet, &win);
		q->now = ask(w, &win, now_us);
		q->revision = m->def.revision;
	}
	return q->now.on ? q->now : (struct window_now){ 0 };
}
