/* SPDX-License-Identifier: Apache-2.0 */
#include "base/str.h"
#include "web/act.h"
#include "web/api.h"
#include "web/input.h"
#include "web/life.h"

#define NOTE_MAX 4000

np_err api_incidents_list(struct wreq *q, struct pg_conn *c)
{
	struct page page;
	page_read(q, &page);
	uint8_t last[16];
	if (page.after && str_to_uuid(page.text, last) < 0)
		problem_add(&q->problems, "", "cursor", "is not one that this list gave out");
	struct sti_filter f = {
		.state = in_choice(q, "state", "open acknowledged resolved active"),
		.provenance = in_choice(q, "provenance", "live drill load import replay"),
	};
	np_str monitor = in_query(q, "monitor", 36);
	f.by_monitor = monitor.n > 0;
	if (f.by_monitor && str_to_uuid(monitor, f.monitor) < 0)
		problem_add(&q->problems, "", "monitor", "must be the id of a monitor");
	np_err e = wq_check(q);
	if (e < 0)
		return e;
	NP_CLEANUP(pg_res_free_p) struct pg_res *rows = NULL;
	e = sti_list(c, &f, &page, &rows);
	if (e == NP_OK)
		page_write(q, &page, rows);
	return e;
}

np_err api_incidents_read(struct wreq *q, struct pg_conn *c)
{
	uint8_t id[16];
	np_err e = in_id(q, 0, id);
	return e < 0 ? e : sti_show(q, c, id);
}

static np_err show(struct wreq *q, struct pg_conn *c)
{
	return sti_show(q, c, q->subject);
}

struct deed {
	enum life_deed own; /* what it is on an incident of people */
	const char *command, *act;
	const char *text_key; /* of the command's body; NULL: no text */
	np_str text;
};

static np_str command_body(struct wreq *q, const struct deed *d, struct buf *b)
{
	struct jsonw w;
	jsonw_init(&w, b);
	jsonw_obj(&w);
	jsonw_key(&w, "incident");
	jsonw_uuid(&w, q->subject);
	if (d->text_key)
		jsonw_kstr(&w, d->text_key, d->text);
	jsonw_obj_end(&w);
	return buf_str(b);
}

static np_err command(struct wreq *q, struct pg_conn *c, const struct deed *d)
{
	struct sti_row row;
	np_err e = wq_check(q);
	if (e == NP_OK)
		e = in_id(q, 0, q->subject);
	if (e == NP_OK)
		e = sti_find(c, q->subject, &row);
	if (e < 0)
		return e;
	/* No owner of a shard knows what people opened; and what is closed it has forgotten. */
	if (row.manual || (row.closed && d->own == LIFE_NOTE))
		return life_do(q, c, d->own, d->text);
	NP_CLEANUP(buf_done) struct buf body;
	buf_init(&body, (size_t)32 * 1024);
	np_str json = command_body(q, d, &body);
	e = buf_failed(&body);
	if (e < 0)
		return e;
	char id[36];
	str_uuid(q->subject, id);
	e = act_audit(q, c, &(struct act_audit){ d->act, { id, sizeof id }, { 0 }, json });
	if (e < 0)
		return e;
	return act_send(q, c,
			&(struct act_command){ .command = d->command,
					       .monitor = row.monitor,
					       .shard = row.shard,
					       .body = json,
					       .applied = show });
}

/* {note?}, or no body at all */
static np_str note_of(struct wreq *q)
{
	in_only(q, "note");
	return in_text(q, (struct in_text){ "note", 0, NOTE_MAX });
}

np_err api_incidents_ack(struct wreq *q, struct pg_conn *c)
{
	return command(q, c,
		       &(struct deed){ LIFE_ACK, "acknowledge", "incident.acknowledge", "note",
				       note_of(q) });
}

np_err api_incidents_unack(struct wreq *q, struct pg_conn *c)
{
	return command(q, c,
		       &(struct deed){ LIFE_UNACK, "unacknowledge", "incident.unacknowledge",
				       "note", (np_str){ 0 } });
}

np_err api_incidents_resolve(struct wreq *q, struct pg_conn *c)
{
	return command(q, c,
		       &(struct deed){ LIFE_RESOLVE, "resolve", "incident.resolve", "note",
				       note_of(q) });
}

np_err api_incidents_note(struct wreq *q, struct pg_conn *c)
{
	in_only(q, "text");
	np_str text = in_text(q, (struct in_text){ "text", 1, NOTE_MAX });
	return command(q, c, &(struct deed){ LIFE_NOTE, "note", "incident.note", "text", text });
}
