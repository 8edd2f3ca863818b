/* SPDX-License-Identifier: Apache-2.0 */
#include "alerter/words.h"

#include <jansson.h>

#include "alerter/message.h"
#include "base/clock.h"
#include "base/str.h"

enum tone { GOOD, INFO, WARN, BAD, TONE_N };

struct wording {
	const char *kind, *title, *lead;
	enum tone tone;
	bool ack; /* may carry a link that acknowledges */
};
static const struct wording wordings[] = {
	{ "opened", "DOWN", "is down", BAD, true },
	{ "reminder", "STILL DOWN", "is still down", BAD, true },
	{ "escalation", "STILL DOWN, ESCALATED", "is still down and nobody has acknowledged it",
	  BAD, true },
	{ "reopened", "DOWN AGAIN", "was closed by hand and is still down", BAD, true },
	{ "flapping", "FLAPPING", "keeps going down and up; it stays open until it is steady", WARN,
	  true },
	{ "stale", "NO DATA", "is down and nobody can see it any more", WARN, true },
	{ "acknowledged", "ACKNOWLEDGED", "is down; somebody is on it", INFO, false },
	{ "resolved", "UP", "is up again", GOOD, false },
	{ "was_down", "WAS DOWN", "was down and is up again", GOOD, false },
	{ "nodata", "NO DATA", "cannot be seen", WARN, false },
	{ "data_back", "DATA IS BACK", "can be seen again", GOOD, false },
	{ "region_suspect", "REGION SUSPECT",
	  "disagrees with the other regions; its votes do not count", WARN, false },
	{ "region_trusted", "REGION TRUSTED",
	  "agrees with the other regions again; its votes count", GOOD, false },
	{ "region_silent", "REGION SILENT", "sends no results", WARN, false },
	{ "region_back", "REGION IS BACK", "sends results again", GOOD, false },
	{ "operator", "NEEDS CARE", "needs an operator", WARN, false },
	{ "digest", "DIGEST", "", BAD, false },
	{ "test", "TEST", "This is a test notice", INFO, false },
};
static const struct wording other = { "", "NOTICE", "has news", INFO, false };

/* What services call how bad something is, and how it looks. */
struct look {
	const char *tag, *colour, *colour_n, *card, *pd, *og, *p5, *p10, *po;
};
enum severity { MINOR, MAJOR, CRITICAL, SEVERITY_N };
static const struct look bad[SEVERITY_N] = {
	[MINOR] = { "red_circle", "#d92d20", "14232864", "Attention", "warning", "P3", "3", "5",
		    "0" },
	[MAJOR] = { "red_circle", "#d92d20", "14232864", "Attention", "error", "P2", "4", "8",
		    "1" },
	[CRITICAL] = { "rotating_light", "#d92d20", "14232864", "Attention", "critical", "P1", "5",
		       "10", "1" },
};
static const struct look looks[TONE_N] = {
	[GOOD] = { "white_check_mark", "#079455", "496725", "Good", "info", "P5", "3", "4", "0" },
	[INFO] = { "information_source", "#475467", "4674663", "Default", "info", "P5", "3", "4",
		   "0" },
	[WARN] = { "warning", "#dc6803", "14444547", "Warning", "warning", "P3", "3", "5", "0" },
};

static const char *text_of(const json_t *o, const char *key)
{
	const char *s = json_string_value(json_object_get(o, key));
	return s != NULL ? s : "";
}

static const struct wording *wording_of(const struct notice *n)
{
	np_str kind = n->was_down ? NP_STR("was_down") : n->kind;
	for (size_t i = 0; i < NP_LEN(wordings); i++)
		if (str_eq_c(kind, wordings[i].kind))
			return &wordings[i];
	return &other;
}

struct make {
	const struct notice *n;
	const struct words_cfg *cfg;
	const struct wording *w;
	const json_t *body, *incident;
	np_str name;
	struct arena *a;
	struct buf *text;
};

/* "2026-03-01 12:00:00 UTC": of what is no time, nothing. */
static void add_time(struct buf *out, const char *label, const char *at)
{
	int64_t us = 0;
	char t[CLOCK_RFC3339_MAX];
	if (clock_from_rfc3339(str_from_c(at), &us) < 0)
		return;
	clock_rfc3339(us, t);
	(void)buf_printf(out, "%s%.10s %.8s UTC\n", label, t, t + 11);
}

static void add_lasted(struct buf *out, const char *from, const char *to)
{
	int64_t a = 0, b = 0;
	if (clock_from_rfc3339(str_from_c(from), &a) < 0 ||
	    clock_from_rfc3339(str_from_c(to), &b) < 0 || b < a)
		return;
	long long s = (long long)((b - a) / NP_SEC_US);
	(void)buf_printf(out, "Lasted: ");
	if (s >= 3600)
		(void)buf_printf(out, "%lld h ", s / 3600);
	if (s >= 60)
		(void)buf_printf(out, "%lld min ", s / 60 % 60);
	(void)buf_printf(out, "%lld s\n", s % 60);
}

static void add_facts(struct make *m)
{
	const json_t *monitor = json_object_get(m->body, "monitor");
	const char *target = text_of(monitor, "target");
	const char *from = text_of(m->incident, "opened_at"),
		   *to = text_of(m->incident, "closed_at");
	json_int_t level = json_integer_value(json_object_get(m->body, "level"));
	(void)buf_add_byte(m->text, '\n');
	if (*target != '\0')
		(void)buf_printf(m->text, "Target: %s\n", target);
	add_time(m->text, "Down since: ", from);
	add_time(m->text, "Up since: ", to);
	add_lasted(m->text, from, to);
	if (level > 0)
		(void)buf_printf(m->text, "Escalation level: %lld\n", (long long)level);
	if (m->n->prior_dead)
		(void)buf_add_c(m->text,
				"The notice that it was down could not be delivered here.\n");
	if (*text_of(m->body, "fallback_for") != '\0')
		(void)buf_printf(m->text, "Sent here because \"%s\" could not be reached.\n",
				 text_of(m->body, "fallback_for"));
}

static const struct wording *wording_of_item(const json_t *item)
{
	const struct notice n = { .kind = str_from_c(text_of(item, "kind")) };
	return wording_of(&n);
}

static np_str name_of(const json_t *body)
{
	const char *name = text_of(json_object_get(body, "monitor"), "name");
	if (*name == '\0')
		name = text_of(json_object_get(body, "region"), "name");
	if (*name == '\0')
		name = text_of(body, "region");
	if (*name == '\0')
		name = text_of(json_object_get(body, "incident"), "title");
	return str_from_c(name);
}

static void add_digest(struct make *m)
{
	const json_t *items = json_object_get(m->body, "items");
	size_t n = json_array_size(items);
	for (size_t i = 0; i < n && i < WORDS_DIGEST_SHOWN; i++) {
		const json_t *item = json_array_get(items, i);
		(void)buf_printf(m->text, "%s: %.*s\n", wording_of_item(item)->title,
				 NP_FMT(name_of(item)));
	}
	if (n > WORDS_DIGEST_SHOWN)
		(void)buf_printf(m->text, "… and %zu more\n", n - WORDS_DIGEST_SHOWN);
}

static bool is_digest(const struct make *m)
{
	return str_eq_c(m->n->kind, "digest");
}

static np_str title_of(const struct make *m)
{
	if (is_digest(m))
		return arena_printf(m->a, "%zu notices at once",
				    json_array_size(json_object_get(m->body, "items")));
	if (m->name.n == 0)
		return str_from_c(m->w->title);
	return arena_printf(m->a, "%s: %.*s", m->w->title, NP_FMT(m->name));
}

static np_str lead_of(const struct make *m)
{
	if (is_digest(m))
		return NP_STR("Many things happened within 10 seconds");
	if (m->name.n == 0)
		return str_from_c(m->w->lead);
	return arena_printf(m->a, "%.*s %s", NP_FMT(m->name), m->w->lead);
}

static np_str link_of(const struct make *m)
{
	np_str url = m->cfg->public_url;
	const char *incident = text_of(m->incident, "id");
	if (url.n == 0 || str_eq_c(m->n->kind, "test"))
		return (np_str){ 0 };
	if (*incident != '\0')
		return arena_printf(m->a, "%.*s/app/incidents/%s", NP_FMT(url), incident);
	return arena_printf(m->a, "%.*s/app/incidents", NP_FMT(url));
}

static np_str ack_of(const struct make *m)
{
	struct acklink l = { .org = m->n->org,
			     .until_us = m->n->created_us + ACKLINK_DAYS * NP_DAY_US };
	char token[ACKLINK_TEXT + 1];
	np_str id = str_from_c(text_of(m->incident, "id"));
	if (!m->w->ack || m->cfg->seal == NULL || m->cfg->public_url.n == 0 ||
	    str_to_uuid(id, l.incident) < 0)
		return (np_str){ 0 };
	memcpy(l.notice, m->n->key, sizeof l.notice);
	if (acklink_make(m->cfg->seal, &l, token) < 0)
		return (np_str){ 0 };
	return arena_printf(m->a, "%.*s" ACKLINK_PATH "%s", NP_FMT(m->cfg->public_url), token);
}

static const struct look *look_of(const struct make *m)
{
	const char *s = text_of(m->body, "severity");
	if (m->w->tone != BAD)
		return &looks[m->w->tone];
	if (*s == '\0')
		s = text_of(m->incident, "severity");
	if (*s == '\0')
		s = text_of(json_object_get(m->body, "monitor"), "severity");
	return &bad[strcmp(s, "critical") == 0 ? CRITICAL
		    : strcmp(s, "minor") == 0  ? MINOR
					       : MAJOR];
}

static void set_look(struct tpl_vars *v, const struct look *l)
{
	tpl_set(v, "tag", str_from_c(l->tag));
	tpl_set(v, "colour", str_from_c(l->colour));
	tpl_set(v, "colour_n", str_from_c(l->colour_n));
	tpl_set(v, "card_colour", str_from_c(l->card));
	tpl_set(v, "severity_pd", str_from_c(l->pd));
	tpl_set(v, "severity_og", str_from_c(l->og));
	tpl_set(v, "priority_5", str_from_c(l->p5));
	tpl_set(v, "priority_10", str_from_c(l->p10));
	tpl_set(v, "priority_po", str_from_c(l->po));
}

static void set_ids(struct make *m, struct tpl_vars *v)
{
	char key[36], subject[36], at[CLOCK_RFC3339_MAX];
	str_uuid(m->n->key, key);
	str_uuid(m->n->subject, subject);
	clock_rfc3339(m->n->created_us, at);
	tpl_set(v, "key", arena_str(m->a, (np_str){ key, sizeof key }));
	tpl_set(v, "dedup", arena_printf(m->a, "netpulse-%.36s", subject));
	tpl_set(v, "at", arena_str(m->a, str_from_c(at)));
	tpl_set(v, "at_s", arena_printf(m->a, "%lld", (long long)(m->n->created_us / NP_SEC_US)));
}

static void set_texts(struct make *m, struct tpl_vars *v)
{
	np_str lead = lead_of(m);
	const char *why = text_of(m->body, "why"),
		   *target = text_of(json_object_get(m->body, "monitor"), "target");
	(void)buf_printf(m->text, "%.*s.\n%s%s", NP_FMT(lead), why, *why != '\0' ? "\n" : "");
	if (is_digest(m))
		add_digest(m);
	else
		add_facts(m);
	tpl_set(v, "kind", m->n->was_down ? NP_STR("was_down") : m->n->kind);
	tpl_set(v, "title", title_of(m));
	tpl_set(v, "lead", lead);
	tpl_set(v, "name", arena_str(m->a, m->name));
	tpl_set(v, "why", arena_str(m->a, str_from_c(why)));
	tpl_set(v, "target", arena_str(m->a, str_from_c(target)));
	tpl_set(v, "text", arena_str(m->a, str_trim(buf_str(m->text))));
	tpl_set(v, "source",
		*target != '\0' ? arena_str(m->a, str_from_c(target))
		: m->name.n > 0 ? arena_str(m->a, m->name)
				: NP_STR("netpulse"));
	tpl_set(v, "link", link_of(m));
	tpl_set(v, "ack", ack_of(m));
}

np_err words_of(const struct notice *n, const struct words_cfg *cfg, struct arena *a,
		struct tpl_vars *ret)
{
	NP_CLEANUP(buf_done) struct buf text, raw;
	struct make m = { .n = n, .cfg = cfg, .w = wording_of(n), .a = a, .text = &text };
	json_t *body = json_loadb(n->body.p, n->body.n, JSON_REJECT_DUPLICATES, NULL);
	buf_init(&text, WORDS_TEXT_MAX);
	buf_init(&raw, MESSAGE_MAX);
	if (!json_is_object(body)) {
		json_decref(body);
		return NP_E_INVAL;
	}
	m.body = body;
	m.incident = json_object_get(body, "incident");
	m.name = name_of(body);
	set_texts(&m, ret);
	set_ids(&m, ret);
	set_look(ret, look_of(&m));
	np_err e = message_webhook(n, &raw);
	tpl_set(ret, "notice", arena_str(a, buf_str(&raw)));
	if (e == NP_OK)
		e = buf_failed(&text);
	json_decref(body);
	return e;
}
