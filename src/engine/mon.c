/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/mon.h"

#include "base/buf.h"
#include "base/crypt.h"
#include "base/str.h"
#include "core/jread.h"
#include "core/monitor_json.h"
#include "wire/pballoc.h"

static void doc_done(struct mon_doc *d)
{
	free(d->packed);
	free(d->name);
	free(d->target);
	free(d->channels);
	for (size_t i = 0; i < MON_LEVELS_MAX; i++)
		free(d->level_channels[i]);
	free(d->names);
	free(d->tags);
	*d = (struct mon_doc){ 0 };
}

void mon_free(struct mon *m)
{
	if (!m)
		return;
	doc_done(&m->doc);
	free(m);
}

/* ---- definitions ---- */

/* The API's object may say more than a definition consists of (id, state). */
static json_t *definition_of(const char *text)
{
	json_t *all = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
	json_t *own = json_is_object(all) ? json_object() : NULL;
	for (size_t i = 0; own && monj_fields[i]; i++) {
		json_t *value = json_object_get(all, monj_fields[i]);
		if (value)
			(void)json_object_set(own, monj_fields[i], value);
	}
	json_decref(all);
	return own;
}

static np_err keep_names(struct mon_doc *d, const Np__I1__DefinitionInput *in)
{
	size_t size = 1;
	for (size_t i = 0; i < in->n_region_names; i++)
		size += strlen(in->region_names[i]);
	d->names = np_zalloc(size);
	if (!d->names)
		return NP_E_NOMEM;
	size_t at = 0;
	for (size_t i = 0; i < in->n_region_names; i++) {
		size_t n = strlen(in->region_names[i]);
		memcpy(d->names + at, in->region_names[i], n);
		d->region_name[i] = (np_str){ d->names + at, n };
		at += n;
	}
	return NP_OK;
}

static np_err keep_packed(struct mon_doc *d, const Np__I1__DefinitionInput *in)
{
	d->packed_n = np__i1__definition_input__get_packed_size(in);
	d->packed = np_zalloc(d->packed_n + 1);
	if (!d->packed)
		return NP_E_NOMEM;
	(void)np__i1__definition_input__pack(in, (uint8_t *)d->packed);
	return NP_OK;
}

static np_err keep_json(const json_t *list, char **ret)
{
	char *text = json_dumps(list, JSON_COMPACT);
	*ret = text ? np_strdup(str_from_c(text)) : NULL;
	free(text);
	return *ret ? NP_OK : NP_E_NOMEM;
}

static np_err keep_tags(struct mon_doc *d, const json_t *tags)
{
	size_t size = 0;
	for (size_t i = 0; i < json_array_size(tags); i++)
		size += json_string_length(json_array_get(tags, i)) + 1;
	d->tags = np_zalloc(size + 1);
	if (!d->tags)
		return NP_E_NOMEM;
	for (size_t i = 0; i < json_array_size(tags); i++) {
		const json_t *tag = json_array_get(tags, i);
		memcpy(d->tags + d->tags_n, json_string_value(tag), json_string_length(tag));
		d->tags_n += json_string_length(tag) + 1;
	}
	return NP_OK;
}

static np_err keep_alert(struct mon_doc *d, const struct monj *j)
{
	np_err e = j->channels ? keep_json(j->channels, &d->channels) : NP_OK;
	for (uint32_t i = 0; e == NP_OK && i < j->def.level_n; i++)
		e = keep_json(alertj_level_channels(&j->alert, i), &d->level_channels[i]);
	d->quiet = j->alert.quiet;
	(void)snprintf(d->zone, sizeof d->zone, "%.*s", NP_FMT(d->quiet.zone));
	if (e == NP_OK && j->def.has_parent)
		e = str_to_uuid(j->alert.parent, d->parent);
	return e;
}

static np_err keep_texts(struct mon_doc *d, const struct monj *j)
{
	d->name = np_strdup(j->name);
	d->target = np_strdup(j->target);
	if (!d->name || !d->target)
		return NP_E_NOMEM;
	np_err e = keep_tags(d, j->tags);
	return e < 0 ? e : keep_alert(d, j);
}

static np_err read_rules(const Np__I1__DefinitionInput *in, json_t *object, struct mon_def *ret,
			 struct mon_doc *doc)
{
	if (in->n_regions == 0 || in->n_regions > MON_REGIONS_MAX ||
	    in->n_regions != in->n_region_names)
		return NP_E_INVAL;
	np_err e = keep_names(doc, in);
	if (e < 0)
		return e;
	struct monj_regions regions = { .name = doc->region_name,
					.number = in->regions,
					.n = in->n_regions };
	struct problem_list problems = { 0 };
	struct monj j;
	e = monj_read(object, &regions, &j, &problems);
	if (e == NP_OK)
		e = keep_texts(doc, &j);
	if (e < 0)
		return e;
	*ret = j.def;
	/* The row's regions are what counts, in its order: names may have been left out. */
	ret->region_n = (uint32_t)in->n_regions;
	for (size_t i = 0; i < in->n_regions; i++)
		ret->region[i] = in->regions[i];
	ret->no = in->monitor;
	ret->revision = in->revision;
	if (mon_provenance_from_name(str_from_c(in->provenance), &ret->provenance) < 0)
		ret->provenance = MON_LIVE;
	return mon_validate(ret) == MON_F_OK ? NP_OK : NP_E_INVAL;
}

/* Voters and picks follow their region's number. */
static void move_voters(struct mon *m, const struct mon_def *to)
{
	uint64_t voter[MON_REGIONS_MAX] = { 0 };
	int64_t cert_s[MON_REGIONS_MAX] = { 0 };
	bool same = to->target_hash == m->def.target_hash;
	for (uint32_t i = 0; i < m->def.region_n; i++) {
		int at = mon_region_index(to, m->def.region[i]);
		if (at >= 0)
			voter[at] = m->voter[i];
		if (at >= 0 && same)
			cert_s[at] = m->cert_s[i];
	}
	memcpy(m->voter, voter, sizeof m->voter);
	memcpy(m->cert_s, cert_s, sizeof m->cert_s);
	memset(m->pick, 0, sizeof m->pick);
}

np_err mon_define(struct mon *m, const Np__I1__DefinitionInput *in)
{
	NP_CLEANUP(jread_drop) json_t *object = definition_of(in->definition_json);
	if (!object || in->monitor_id.len != sizeof m->id)
		return NP_E_INVAL;
	struct mon_doc doc = { 0 };
	struct mon_def def;
	np_err e = read_rules(in, object, &def, &doc);
	if (e == NP_OK)
		e = keep_packed(&doc, in);
	if (e < 0) {
		doc_done(&doc);
		return e;
	}
	move_voters(m, &def);
	doc_done(&m->doc);
	m->doc = doc;
	m->doc.quiet.zone = str_from_c(m->doc.zone);
	m->def = def;
	m->org = in->org;
	m->pinned = in->pinned;
	memcpy(m->id, in->monitor_id.data, sizeof m->id);
	return NP_OK;
}

/* ---- small things ---- */

int64_t mon_cert_s(const struct mon *m)
{
	int64_t first = 0;
	for (uint32_t i = 0; i < m->def.region_n; i++)
		if (m->cert_s[i] != 0 && (first == 0 || m->cert_s[i] < first))
			first = m->cert_s[i];
	return first;
}

void mon_push_status(struct mon *m, uint32_t status)
{
	static const char letter[RES_STATUS_N + 1] = "uodfu"; /* by enum res_status */
	size_t n = strlen(m->strip);
	if (n == MON_STRIP)
		memmove(m->strip, m->strip + 1, n--);
	m->strip[n] = letter[status < RES_STATUS_N ? status : RES_NONE];
	m->strip[n + 1] = '\0';
	m->last_status = status;
}

void mon_set_acked_by(struct mon *m, np_str who)
{
	who = str_clip_utf8(who, MON_ACTOR_MAX);
	if (who.n > 0)
		memcpy(m->acked_by, who.p, who.n);
	m->acked_by[who.n] = '\0';
}

void mon_incident_id(const struct mon *m, uint8_t ret_id[16])
{
	uint8_t seed[16 + 8 + 8], hash[CRYPT_SHA256_LEN];
	uint64_t ordinal = m->st.inc.ordinal;
	int64_t opened_us = m->st.inc.opened_us;
	memcpy(seed, m->id, 16);
	memcpy(seed + 16, &ordinal, 8);
	memcpy(seed + 24, &opened_us, 8);
	crypt_sha256((np_str){ (const char *)seed, sizeof seed }, hash);
	memcpy(ret_id, hash, 16);
	ret_id[6] = (uint8_t)((ret_id[6] & 0x0f) | 0x80); /* version 8: ours */
	ret_id[8] = (uint8_t)((ret_id[8] & 0x3f) | 0x80);
}
