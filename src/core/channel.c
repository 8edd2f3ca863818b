/* SPDX-License-Identifier: Apache-2.0 */
#include "core/channel.h"

#include "base/str.h"
#include "core/target.h"

#define FIELD_MAX_DEFAULT 512

const struct chn_kind *chn_kind_of(np_str name)
{
	const struct chn_kind *k;
	for (size_t i = 0; (k = chn_kind_at(i)) != NULL; i++)
		if (str_eq_c(name, k->name))
			return k;
	return NULL;
}

const struct chn_field *chn_field_of(const struct chn_kind *k, np_str key)
{
	for (const struct chn_field *f = k->field; f->key != NULL; f++)
		if (str_eq_c(key, f->key))
			return f;
	return NULL;
}

enum chn_action chn_action_of(np_str kind)
{
	if (str_eq_c(kind, "acknowledged"))
		return CHN_ACKNOWLEDGE;
	if (str_eq_c(kind, "resolved") || str_eq_c(kind, "data_back"))
		return CHN_RESOLVE;
	return CHN_TRIGGER; /* a reminder is one more event under the same key */
}

/* ---- one value --------------------------------------------------------------- */

static bool is_listed(const char *list, np_str word)
{
	np_str rest = str_from_c(list), one;
	bool more = rest.n > 0;
	while (more) {
		more = str_cut(rest, ' ', &one, &rest);
		if (str_eq_nocase(one, word))
			return true;
	}
	return false;
}

static bool host_fits(const char *list, np_str host)
{
	np_str rest = str_from_c(list), one;
	bool more = true;
	while (more) {
		more = str_cut(rest, ' ', &one, &rest);
		np_str tail =
			host.n > one.n ? str_sub(host, host.n - one.n, host.n) : (np_str){ 0 };
		if (str_eq_nocase(one, host) ||
		    (str_starts(one, NP_STR(".")) && str_eq_nocase(tail, one)))
			return true;
	}
	return false;
}

static void check_url(const struct chn_field *f, np_str v, bool private_ok, struct problem_list *p)
{
	struct tgt t;
	const char *why = "";
	if (tgt_parse(MON_HTTP, v, &t, &why) < 0) {
		problem_add(p, "config.", f->key, "%s", why);
		return;
	}
	if (!t.tls && (f->hosts != NULL || !private_ok))
		problem_add(p, "config.", f->key, "must begin with https://");
	if (f->hosts != NULL && !host_fits(f->hosts, t.host))
		problem_add(p, "config.", f->key, "must be an address at one of: %s", f->hosts);
	if (f->start != NULL && !str_starts(t.path, str_from_c(f->start)))
		problem_add(p, "config.", f->key, "its path must begin with %s", f->start);
}

static bool is_local_part(np_str s)
{
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];
		bool plain =
			(c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
		if (!plain && str_find_byte(NP_STR(".!#$%&'*+/=?^_`{|}~-"), c) == SIZE_MAX)
			return false;
	}
	return s.n > 0 && s.n <= 64;
}

/* One address: what a mail server takes and a header cannot be broken with. */
static bool is_email(np_str s)
{
	np_str local, domain;
	return str_cut(s, '@', &local, &domain) && is_local_part(local) && tgt_is_host(domain);
}

static bool is_made_of(np_str s, enum chn_type type)
{
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];
		bool word = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
			    (c >= '0' && c <= '9') || c == '-' || c == '_' || c == ':' ||
			    c == '.' || c == '=';
		if (type == CHN_TOKEN ? !word : (c < 0x21 || c > 0x7e))
			return false;
	}
	return true;
}

static void check_text(const struct chn_field *f, np_str v, struct problem_list *p)
{
	if (!is_made_of(v, f->type))
		problem_add(p, "config.", f->key, "%s",
			    f->type == CHN_TOKEN ? "may only have letters, digits, - _ : . and ="
						 : "must be printable, without blanks");
	else if (f->start != NULL && !str_starts(v, str_from_c(f->start)))
		problem_add(p, "config.", f->key, "must begin with %s", f->start);
}

void chn_check(const struct chn_field *f, np_str v, bool private_ok, struct problem_list *p)
{
	size_t min = f->min ? f->min : 1;
	size_t most = f->type == CHN_URL ? CHN_URL_MAX : FIELD_MAX_DEFAULT;
	size_t max = f->max ? f->max : most;
	if (v.n < min || v.n > max) {
		if (v.n == 0)
			problem_add(p, "config.", f->key, "is needed");
		else
			problem_add(p, "config.", f->key, "must have %zu to %zu characters", min,
				    max);
		return;
	}
	switch (f->type) {
	case CHN_URL:
		check_url(f, v, private_ok, p);
		break;
	case CHN_EMAIL:
		if (!is_email(v))
			problem_add(p, "config.", f->key, "must be one e-mail address");
		break;
	case CHN_CHOICE:
		if (!is_listed(f->choices, v))
			problem_add(p, "config.", f->key, "must be one of: %s", f->choices);
		break;
	case CHN_TEXT:
	case CHN_TOKEN:
		check_text(f, v, p);
		break;
	case CHN_TYPE_N:
		break;
	}
}

/* ---- masks --------------------------------------------------------------------- */

static np_err mask_url(const struct tgt *t, struct buf *out)
{
	bool brackets = t->is_ip && str_find_byte(t->host, ':') != SIZE_MAX;
	char port[8] = "";
	if (t->port != (t->tls ? 443 : 80))
		(void)snprintf(port, sizeof port, ":%u", (unsigned)t->port);
	return buf_printf(out, "%s://%s%.*s%s%s/…", t->tls ? "https" : "http", brackets ? "[" : "",
			  NP_FMT(t->host), brackets ? "]" : "", port);
}

np_err chn_mask(const struct chn_field *f, np_str v, struct buf *out)
{
	np_str head, tail;
	struct tgt t;
	const char *why;
	if (f->type == CHN_URL)
		return tgt_parse(MON_HTTP, v, &t, &why) < 0 ? buf_add_c(out, "…")
							    : mask_url(&t, out);
	if (f->type == CHN_EMAIL)
		return !str_cut(v, '@', &head, &tail)
			       ? buf_add_c(out, "…")
			       : buf_printf(out, "%.*s…@%.*s", NP_FMT(str_clip_utf8(head, 1)),
					    NP_FMT(tail));
	if (!f->secret)
		return buf_add(out, v);
	/* Enough to tell two keys apart, never enough to use one. */
	return buf_printf(out, "…%.*s", NP_FMT(str_sub(v, v.n >= 16 ? v.n - 4 : v.n, v.n)));
}
