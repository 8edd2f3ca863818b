/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/refs.h"

#include "base/str.h"

#define FIELD_MAX 96
#define ANY_ID "00000000-0000-4000-8000-000000000000"

static const char *const nouns[] = {
	[REF_CHANNEL] = "channel or rota", [REF_POLICY] = "policy", [REF_MONITOR] = "monitor"
};
static_assert(NP_LEN(nouns) == REF_N, "name every one");

np_err refs_init(struct refs *r)
{
	*r = (struct refs){ .miss = NULL };
	for (size_t i = 0; i < REF_N; i++) {
		r->known[i] = json_object();
		r->coming[i] = json_object();
		if (r->known[i] == NULL || r->coming[i] == NULL) {
			refs_done(r);
			return NP_E_NOMEM;
		}
	}
	return NP_OK;
}

void refs_done(struct refs *r)
{
	for (size_t i = 0; i < REF_N; i++) {
		json_decref(r->known[i]);
		json_decref(r->coming[i]);
	}
	*r = (struct refs){ .miss = NULL };
}

void refs_know(struct refs *r, enum ref_what what, const char *name, const char *id)
{
	const char *old = json_string_value(json_object_get(r->known[what], name));
	bool several = old != NULL && strcmp(old, id) != 0;
	(void)json_object_set_new(r->known[what], name, json_string(several ? "" : id));
}

void refs_expect(struct refs *r, enum ref_what what, const char *name)
{
	(void)json_object_set_new(r->coming[what], name, json_true());
}

struct walk {
	struct refs *r; /* NULL: blank */
	size_t left;
};

/* The id of a name, or NULL: it stays. */
static const char *id_of(struct walk *w, enum ref_what what, const char *name, const char *field)
{
	char why[160];
	uint8_t raw[16];
	if (w->r == NULL)
		return ANY_ID;
	if (str_to_uuid(str_from_c(name), raw) == NP_OK)
		return name;
	const char *id = json_string_value(json_object_get(w->r->known[what], name));
	if (id != NULL && *id != '\0')
		return id;
	w->left++;
	if (id == NULL && json_object_get(w->r->coming[what], name) != NULL)
		return NULL;
	(void)snprintf(why, sizeof why,
		       id == NULL ? "no %s is called %.80s"
				  : "several have the name, of the kind %s: give the id of %.80s",
		       nouns[what], name);
	if (w->r->miss != NULL)
		w->r->miss(w->r->ctx, field, why);
	return NULL;
}

static void on_member(struct walk *w, json_t *object, const char *key, enum ref_what what,
		      const char *prefix)
{
	char field[FIELD_MAX];
	const char *name = json_string_value(json_object_get(object, key));
	(void)snprintf(field, sizeof field, "%s%s", prefix, key);
	const char *id = name != NULL ? id_of(w, what, name, field) : NULL;
	if (id != NULL && id != name)
		(void)json_object_set_new(object, key, json_string(id));
}

static void on_list(struct walk *w, json_t *object, const char *key, enum ref_what what,
		    const char *prefix)
{
	json_t *list = json_object_get(object, key), *one;
	size_t i;
	json_array_foreach(list, i, one)
	{
		char field[FIELD_MAX];
		const char *name = json_string_value(one);
		(void)snprintf(field, sizeof field, "%s%s[%zu]", prefix, key, i);
		const char *id = name != NULL ? id_of(w, what, name, field) : NULL;
		if (id != NULL && id != name)
			(void)json_array_set_new(list, i, json_string(id));
	}
}

static void on_rules(struct walk *w, json_t *rules, const char *prefix)
{
	json_t *one;
	size_t i;
	on_list(w, rules, "channels", REF_CHANNEL, prefix);
	json_array_foreach(json_object_get(rules, "escalation"), i, one)
	{
		char level[FIELD_MAX / 2];
		(void)snprintf(level, sizeof level, "%sescalation[%zu].", prefix, i);
		on_list(w, one, "channels", REF_CHANNEL, level);
	}
}

static void on_overrides(struct walk *w, json_t *rota)
{
	json_t *one;
	size_t i;
	json_array_foreach(json_object_get(rota, "overrides"), i, one)
	{
		char turn[FIELD_MAX / 2];
		(void)snprintf(turn, sizeof turn, "overrides[%zu].", i);
		on_member(w, one, "channel", REF_CHANNEL, turn);
	}
}

static void walk(struct walk *w, enum ref_in in, json_t *body)
{
	switch (in) {
	case REF_IN_ROTA:
		on_list(w, body, "members", REF_CHANNEL, "");
		on_overrides(w, body);
		break;
	case REF_IN_POLICY:
		on_rules(w, json_object_get(body, "rules"), "rules.");
		break;
	case REF_IN_MONITOR:
		on_member(w, body, "parent", REF_MONITOR, "");
		on_member(w, body, "policy", REF_POLICY, "");
		on_rules(w, body, "");
		break;
	case REF_IN_MAINTENANCE:
		on_list(w, json_object_get(body, "scope"), "monitors", REF_MONITOR, "scope.");
		break;
	}
}

size_t refs_resolve(struct refs *r, enum ref_in in, json_t *body)
{
	struct walk w = { .r = r };
	walk(&w, in, body);
	return w.left;
}

void refs_blank(enum ref_in in, json_t *body)
{
	struct walk w = { .r = NULL };
	walk(&w, in, body);
}
