/* SPDX-License-Identifier: Apache-2.0 */
/* channel.h - the kinds of channels: one table row each.
 *
 * Floor 2 (core). The API validates and masks with it, the alerter builds its
 * request from it. All kinds but e-mail and rota are one HTTP request made of
 * the row's templates (core/tpl.h); there is no code of a service's own. Pure,
 * any thread.
 */
#pragma once
#include "core/problem.h"
#include "core/tpl.h"

#define CHN_FIELDS_MAX 4
#define CHN_HEADERS_MAX 4
#define CHN_URL_MAX 2048

enum chn_type {
	CHN_URL, /* https (http where the organisation may use private addresses and hosts is NULL) */
	CHN_EMAIL, /* one address */
	CHN_TEXT,  /* printable, without blanks */
	CHN_TOKEN, /* letters, digits, - _ : . = */
	CHN_CHOICE,
	CHN_TYPE_N
};

struct chn_field {
	const char *key, *label, *hint;
	enum chn_type type;
	bool secret;         /* kept apart, shown as ******** */
	bool optional;       /* else it must be there */
	bool made;           /* made when it is absent, shown once */
	uint16_t min, max;   /* bytes; 0: 1 and 512 (CHN_URL: CHN_URL_MAX) */
	const char *choices; /* CHN_CHOICE: space-separated, the first is the default */
	const char *start;   /* default; or what the value, or a URL's path, must begin with */
	const char *hosts;   /* CHN_URL: allowed hosts, space-separated; ".x" also any below x */
};

/* What a notice is for a service that keeps incidents of its own. */
enum chn_action { CHN_TRIGGER, CHN_ACKNOWLEDGE, CHN_RESOLVE, CHN_ACTION_N };

struct chn_kind {
	const char *name, *label;
	struct chn_field field[CHN_FIELDS_MAX + 1]; /* ends at key NULL */
	const char *target;                         /* key of the field that says where it goes */
	/* The request; method NULL: not HTTP. */
	const char *method, *url, *type, *body;
	const char *header[CHN_HEADERS_MAX + 1];
	enum tpl_markup markup;
	const char *said;  /* a good answer holds this; NULL: any 2xx is good */
	const char *retry; /* further statuses that are tried again, space-separated */
	/* Names of trigger, acknowledge, resolve; NULL: no incidents of its own. With them nothing is
	 * digested or collapsed: the service pairs the events by their key. */
	const char *action[CHN_ACTION_N];
	uint32_t body_max; /* bytes of a request that the service takes */
	bool no_ack;       /* no acknowledge link: it has an acknowledgement of its own */
	bool own_api;      /* created through another part of the API: no fields here */
};

const struct chn_kind *chn_kind_at(size_t i);    /* NULL past the end */
const struct chn_kind *chn_kind_of(np_str name); /* NULL: unknown */
const struct chn_field *chn_field_of(const struct chn_kind *k, np_str key);
/* All kinds that the API makes, space-separated, for messages and checks. */
const char *chn_names(void);
static inline bool chn_may_digest(const struct chn_kind *k)
{
	return k->action[CHN_TRIGGER] == NULL;
}
enum chn_action chn_action_of(np_str notice_kind);

/* One value that a person wrote; a problem at "config.<key>" when it cannot be. `private_ok`: the
 * organisation may use private addresses. The host of a URL is checked against the row only; the
 * address guard is the caller's. */
void chn_check(const struct chn_field *f, np_str value, bool private_ok, struct problem_list *p);
/* One field for people to see: secrets shortened to their last characters, URLs to their host,
 * addresses to their domain. */
NP_NODISCARD np_err chn_mask(const struct chn_field *f, np_str value, struct buf *out);
