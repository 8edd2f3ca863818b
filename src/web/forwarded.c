/* SPDX-License-Identifier: Apache-2.0 */
#include "web/forwarded.h"

#include "base/str.h"

np_err fwd_add(struct fwd *f, np_str cidr, struct buf *why)
{
	if (f->n == FWD_PROXIES_MAX)
		return buf_printf(why, "trusted_proxies: at most %d", FWD_PROXIES_MAX), NP_E_LIMIT;
	if (addr_cidr_parse(cidr, &f->proxy[f->n]) < 0)
		return buf_printf(why,
				  "trusted_proxies: %.*s is no address or network, as in "
				  "192.0.2.7 or 10.0.0.0/8",
				  NP_FMT(cidr)),
		       NP_E_INVAL;
	f->n++;
	return NP_OK;
}

np_err fwd_from(const struct conf *c, struct fwd *ret, struct buf *why)
{
	const char *const *item;
	size_t n = conf_list(c, "trusted_proxies", &item);
	np_str header = str_from_c(conf_str(c, "proxy_header"));
	np_err e = NP_OK;
	*ret = (struct fwd){ .standard = str_eq_nocase(header, NP_STR("Forwarded")) };
	if (!ret->standard && !str_eq_nocase(header, NP_STR("X-Forwarded-For")))
		return buf_add_c(why, "proxy_header: must be X-Forwarded-For or Forwarded"),
		       NP_E_INVAL;
	for (size_t i = 0; e == NP_OK && i < n; i++)
		e = fwd_add(ret, str_from_c(item[i]), why);
	return e;
}

static bool is_proxy(const struct fwd *f, const struct addr *a)
{
	for (size_t i = 0; i < f->n; i++)
		if (addr_cidr_has(&f->proxy[i], a))
			return true;
	return false;
}

/* `for="[2001:db8::1]:4711";proto=https`: the text behind "for". */
static np_str node_of(np_str element)
{
	np_str pair, name, value;
	for (bool more = true; more;) {
		more = str_cut(element, ';', &pair, &element);
		if (!str_cut(str_trim(pair), '=', &name, &value) ||
		    !str_eq_nocase(name, NP_STR("for")))
			continue;
		if (value.n >= 2 && value.p[0] == '"' && value.p[value.n - 1] == '"')
			value = str_sub(value, 1, value.n - 1);
		return value;
	}
	return (np_str){ 0 };
}

static np_err read_hop(const struct fwd *f, np_str element, struct addr *ret)
{
	np_str text = f->standard ? node_of(element) : str_trim(element);
	return addr_parse_ip(text, ret) == NP_OK ? NP_OK : addr_parse(text, ret);
}

/* Takes the part behind the last comma off. False: it was the only one. */
static bool last_of(np_str *list, np_str *ret)
{
	size_t at = list->n;
	while (at > 0 && list->p[at - 1] != ',')
		at--;
	*ret = str_sub(*list, at, list->n);
	*list = str_sub(*list, 0, at > 0 ? at - 1 : 0);
	return at > 0;
}

/* True: go on to the left. A word that is no address ends the way: who wrote it is the last one
 * that is known. */
static bool walk(const struct fwd *f, np_str list, struct addr *ret)
{
	np_str element;
	struct addr hop;
	for (bool more = true; more;) {
		more = last_of(&list, &element);
		if (read_hop(f, element, &hop) < 0)
			return false;
		*ret = hop;
		if (!is_proxy(f, &hop))
			return false;
	}
	return true;
}

void fwd_client(const struct fwd *f, const struct http_head *head, const struct addr *peer,
		struct addr *ret)
{
	np_str name = f->standard ? NP_STR("forwarded") : NP_STR("x-forwarded-for");
	*ret = *peer;
	if (!is_proxy(f, peer))
		return;
	for (size_t i = head->n_fields; i > 0; i--)
		if (str_eq_nocase(head->fields[i - 1].name, name) &&
		    !walk(f, head->fields[i - 1].value, ret))
			return;
}
