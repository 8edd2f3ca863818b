/* SPDX-License-Identifier: Apache-2.0 */
#include "web/life.h"

#include "base/str.h"
#include "web/act.h"
#include "web/input.h"

static np_err open_page(struct wreq *q, struct pg_conn *c, struct life *l)
{
	np_err e = sti_find(c, q->subject, &l->row);
	return e == NP_OK ? stl_lock(q, c, q->subject, &l->page) : e;
}

NP_NODISCARD np_err life_begin(struct wreq *q, struct pg_conn *c, struct life *l)
{
	np_err e = in_id(q, 0, q->subject);
	return e == NP_OK ? open_page(q, c, l) : e;
}

np_str life_text(struct wreq *q, np_str s)
{
	if (s.n == 0)
		return (np_str){ 0 };
	json_t *v = json_stringn(s.p, s.n);
	np_str text = v ? in_dump(q, v) : (np_str){ 0 };
	json_decref(v);
	return text;
}

NP_NODISCARD np_err life_say(struct wreq *q, struct pg_conn *c, struct life *l, const char *kind,
			     const np_str before_after[2])
{
	char id[36];
	const struct stl_update u = { .kind = kind,
				      .reason = l->said ? (np_str){ 0 } : l->reason,
				      .public = l->public,
				      .before = before_after[0],
				      .after = before_after[1] };
	str_uuid(q->subject, id);
	np_err e = stl_say(q, c, q->subject, &u);
	if (e < 0)
		return e;
	l->said = true;
	const char *act = arena_c(q->arena, arena_printf(q->arena, "incident.%s", kind));
	np_str after = u.after.n ? u.after : life_text(q, u.reason);
	return act_audit(
		q, c, &(struct act_audit){ act ? act : kind, { id, sizeof id }, u.before, after });
}

NP_NODISCARD np_err life_tell(struct wreq *q, struct pg_conn *c, struct life *l, const char *kind)
{
	if (!l->row.manual)
		return NP_OK;
	l->page.told++;
	np_err e = stl_save(c, q->subject, &l->page);
	return e == NP_OK ? stl_tell(q, c, kind, l->reason, &l->page) : e;
}

NP_NODISCARD np_err life_end(struct wreq *q, struct pg_conn *c, struct life *l)
{
	np_err e = stl_save(c, q->subject, &l->page);
	return e == NP_OK ? sti_show(q, c, q->subject) : e;
}

static const struct {
	const char *kind, *notice;
	enum stl_state state;
} deeds[] = {
	[LIFE_ACK] = { "acknowledged", "acknowledged", STL_ACKNOWLEDGED },
	[LIFE_UNACK] = { "unacknowledged", NULL, STL_OPEN },
	[LIFE_RESOLVE] = { "resolved", "resolved", STL_RESOLVED },
	[LIFE_NOTE] = { "note", NULL, STL_OPEN },
};

static np_err refuse(struct wreq *q, const struct life *l, enum life_deed deed)
{
	if (deed == LIFE_NOTE)
		return NP_OK;
	if (l->row.closed)
		return wq_problem(q, 409, "Refused: this incident is closed.");
	if (deed == LIFE_ACK && l->row.acknowledged)
		return wq_problem(q, 409, "Refused: it is acknowledged already.");
	if (deed == LIFE_UNACK && !l->row.acknowledged)
		return wq_problem(q, 409, "Refused: it is not acknowledged.");
	return NP_OK;
}

static np_err perform(struct wreq *q, struct pg_conn *c, struct life *l, enum life_deed deed)
{
	np_err e = refuse(q, l, deed);
	if (e == NP_OK && deed != LIFE_NOTE)
		e = stl_state(q, c, deeds[deed].state);
	if (e == NP_OK)
		e = life_say(q, c, l, deeds[deed].kind, (np_str[2]){ 0 });
	if (e == NP_OK && deed == LIFE_RESOLVE)
		l->page.phase = NP_STR("resolved");
	if (e == NP_OK && deeds[deed].notice)
		e = life_tell(q, c, l, deeds[deed].notice);
	return e;
}

NP_NODISCARD np_err life_do(struct wreq *q, struct pg_conn *c, enum life_deed deed, np_str text)
{
	struct life l = { .reason = text };
	np_err e = life_begin(q, c, &l);
	if (e == NP_OK)
		e = perform(q, c, &l, deed);
	return e == NP_OK ? life_end(q, c, &l) : e;
}

NP_NODISCARD np_err life_acknowledge(struct wreq *q, struct pg_conn *c)
{
	struct life l = { 0 };
	np_err e = open_page(q, c, &l);
	if (e == NP_OK)
		e = perform(q, c, &l, LIFE_ACK);
	return e == NP_OK ? stl_save(c, q->subject, &l.page) : e;
}
