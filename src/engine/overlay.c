/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/overlay.h"

#include "base/clock.h"
#include "base/str.h"
#include "engine/windows.h"

#define PARENTS_MAX ((size_t)1 << 20)

struct overlay {
	struct msg *parents, *trust; /* NULL: not known yet, nothing is compared */
	struct map *by_id;           /* id -> struct msg_parent in `parents` */
	struct windows *windows;
};

struct overlay *overlay_new(void)
{
	struct overlay *o = np_zalloc(sizeof *o);
	if (!o)
		return NULL;
	o->windows = windows_new();
	if (o->windows)
		return o;
	free(o);
	return NULL;
}

void overlay_free(struct overlay *o)
{
	if (!o)
		return;
	map_free(o->by_id, NULL);
	msg_free(o->parents);
	msg_free(o->trust);
	windows_free(o->windows);
	free(o);
}

static void take_parents(struct overlay *o, struct msg *m)
{
	struct map *by_id = map_new(PARENTS_MAX);
	np_err e = by_id ? NP_OK : NP_E_NOMEM;
	for (size_t i = 0; e == NP_OK && i < m->n; i++)
		e = map_put(by_id, map_key_id(m->parent[i].id), &m->parent[i], NULL);
	if (e < 0) { /* the next poll brings it again */
		map_free(by_id, NULL);
		msg_free(m);
		return;
	}
	map_free(o->by_id, NULL);
	msg_free(o->parents);
	o->by_id = by_id;
	o->parents = m;
}

void overlay_take(struct overlay *o, struct msg *m)
{
	if (m->kind == MSG_PARENTS) {
		take_parents(o, m);
	} else if (m->kind == MSG_WINDOWS) {
		windows_take(o->windows, m);
	} else {
		msg_free(o->trust);
		o->trust = m;
	}
}

void overlay_tick(struct overlay *o, int64_t now_us)
{
	windows_tick(o->windows, now_us);
}

/* ---- regions that are not to be trusted ---- */

static bool fold_suspect(struct folder *f, struct slot *slot, uint32_t region, bool on)
{
	char key[GROUP_KEY_MAX];
	Np__I1__SuspectInput suspect = NP__I1__SUSPECT_INPUT__INIT;
	Np__I1__Input in = NP__I1__INPUT__INIT;
	suspect.region = region;
	suspect.on = on;
	in.kind_case = NP__I1__INPUT__KIND_SUSPECT;
	in.suspect = &suspect;
	(void)snprintf(key, sizeof key, "suspect:%u", region);
	return folder_fold(f, &(struct fold_what){ .slot = slot, .input = &in, .key = key });
}

static bool is_distrusted(const struct overlay *o, uint32_t region)
{
	for (size_t i = 0; i < o->trust->n; i++)
		if (o->trust->region[i] == region)
			return true;
	return false;
}

/* false: the shard's memory is gone. */
static bool compare_trust(struct folder *f, struct slot *slot)
{
	const struct overlay *o = f->overlay;
	for (size_t i = 0; i < o->trust->n; i++)
		if (!shard_is_suspect(slot->s, o->trust->region[i]) &&
		    !fold_suspect(f, slot, o->trust->region[i], true))
			return false;
	for (size_t i = 0; i < slot->s->suspect_n;) {
		uint32_t region = slot->s->suspect[i];
		if (is_distrusted(o, region))
			i++;
		else if (!fold_suspect(f, slot, region, false))
			return false;
	}
	return true;
}

/* ---- parents ---- */

static bool fold_parent(struct folder *f, struct slot *slot, const struct mon *m,
			const struct msg_parent *p)
{
	char key[GROUP_KEY_MAX];
	Np__I1__ParentInput parent = NP__I1__PARENT_INPUT__INIT;
	Np__I1__Input in = NP__I1__INPUT__INIT;
	parent.monitor = m->no;
	parent.state = p->state;
	if (p->state == INC_PARENT_DOWN)
		parent.incident_id = (ProtobufCBinaryData){ sizeof p->incident,
							    (uint8_t *)(uintptr_t)p->incident };
	in.kind_case = NP__I1__INPUT__KIND_PARENT;
	in.parent = &parent;
	(void)snprintf(key, sizeof key, "parent:%llx", (unsigned long long)m->no);
	return folder_fold(f, &(struct fold_what){ .slot = slot, .input = &in, .key = key });
}

static bool compare_parent(struct folder *f, struct slot *slot, const struct mon *m)
{
	static const struct msg_parent none = { .state = INC_PARENT_NONE };
	const struct msg_parent *p = &none;
	if (m->def.has_parent)
		p = map_get(f->overlay->by_id, map_key_id(m->doc.parent));
	if (!p || memcmp(p->id, m->doc.parent, sizeof p->id) != 0 || p->org != m->org)
		p = &none;
	if (p->state == m->st.inc.parent &&
	    (p->state != INC_PARENT_DOWN ||
	     memcmp(p->incident, m->parent_incident, sizeof p->incident) == 0))
		return true;
	return fold_parent(f, slot, m, p);
}

/* ---- windows ---- */

static bool fold_window(struct folder *f, struct slot *slot, const struct mon *m,
			Np__I1__WindowInput *window)
{
	char key[GROUP_KEY_MAX];
	Np__I1__Input in = NP__I1__INPUT__INIT;
	window->monitor = m->no;
	in.kind_case = NP__I1__INPUT__KIND_WINDOW;
	in.window = window;
	(void)snprintf(key, sizeof key, "window:%llx", (unsigned long long)m->no);
	return folder_fold(f, &(struct fold_what){ .slot = slot, .input = &in, .key = key });
}

static bool compare_windows(struct folder *f, struct slot *slot, struct mon *m)
{
	struct windows *w = f->overlay->windows;
	const struct inc *i = &m->st.inc;
	struct window_now maintenance = windows_of(w, m);
	struct window_now quiet = windows_quiet(w, m, clock_wall_us());
	Np__I1__WindowInput in = NP__I1__WINDOW_INPUT__INIT;
	if (maintenance.on != i->maintenance || maintenance.until_us != i->maintenance_until_us) {
		in.on = maintenance.on;
		in.until_us = maintenance.until_us;
		if (!fold_window(f, slot, m, &in))
			return false;
	}
	if (quiet.on == i->quiet && quiet.until_us == i->quiet_until_us)
		return true;
	in.quiet = true;
	in.on = quiet.on;
	in.until_us = quiet.until_us;
	return fold_window(f, slot, m, &in);
}

/* ---- all of it ---- */

void overlay_turn(struct folder *f, struct slot *slot)
{
	struct overlay *o = f->overlay;
	if (!slot_is_live(slot) || !folder_has_room(f))
		return;
	if (o->trust && !compare_trust(f, slot))
		return;
	size_t pos = 0;
	for (struct mon *m; (m = shard_next_monitor(slot->s, &pos));) {
		if (m->deleted || m->st.revision == 0)
			continue;
		if (!folder_has_room(f))
			return; /* the next turn goes on */
		if (o->parents && (m->def.has_parent || m->st.inc.parent != INC_PARENT_NONE) &&
		    !compare_parent(f, slot, m))
			return;
		if (windows_are_known(o->windows) && !compare_windows(f, slot, m))
			return;
	}
}
