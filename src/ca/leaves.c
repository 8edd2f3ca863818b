/* SPDX-License-Identifier: Apache-2.0 */
#include "ca/leaves.h"

#include <jansson.h>

#include "base/file.h"
#include "base/jsonw.h"
#include "base/str.h"

#define LIST_FILE "leaves.json"
#define LIST_MAX ((size_t)64 * 1024)
#define PATH_MAX_LEN 1024

static const char *const servers[] = { "gateway", "ca" };

static np_err list_path(const char *dir, char ret[PATH_MAX_LEN])
{
	int n = snprintf(ret, PATH_MAX_LEN, "%s/" LIST_FILE, dir);
	return n < 0 || n >= PATH_MAX_LEN ? NP_E_LIMIT : NP_OK;
}

static void write_one(struct jsonw *w, const char *cn, const struct leaves_plan *plan)
{
	char path[PATH_MAX_LEN];
	jsonw_obj(w);
	jsonw_kc(w, "cn", cn);
	(void)snprintf(path, sizeof path, "%s/%s.pem", plan->tls_dir, cn);
	jsonw_kc(w, "cert", path);
	(void)snprintf(path, sizeof path, "%s/%s.key", plan->tls_dir, cn);
	jsonw_kc(w, "key", path);
	jsonw_key(w, "names");
	jsonw_arr(w);
	for (size_t i = 0; i < plan->n_names; i++)
		jsonw_c(w, plan->names[i]);
	jsonw_arr_end(w);
	jsonw_obj_end(w);
}

static void write_list(const struct leaves_plan *plan, struct buf *out)
{
	struct jsonw w;
	jsonw_init(&w, out);
	jsonw_arr(&w);
	for (size_t i = 0; i < NP_LEN(servers); i++)
		write_one(&w, servers[i], plan);
	jsonw_arr_end(&w);
	(void)buf_add_byte(out, '\n');
}

static np_err parse_one(const json_t *obj, const char *names[LEAVES_NAMES_MAX],
			struct vault_server *ret)
{
	const json_t *list = json_object_get(obj, "names"), *name;
	size_t i;
	*ret = (struct vault_server){ .cn = json_string_value(json_object_get(obj, "cn")),
				      .cert_file = json_string_value(json_object_get(obj, "cert")),
				      .key_file = json_string_value(json_object_get(obj, "key")),
				      .names = names };
	if (!ret->cn || !ret->cert_file || !ret->key_file ||
	    json_array_size(list) > LEAVES_NAMES_MAX)
		return NP_E_CORRUPT;
	json_array_foreach((json_t *)(uintptr_t)list, i, name)
	{
		names[i] = json_string_value(name);
		if (!names[i])
			return NP_E_CORRUPT;
		ret->n = i + 1;
	}
	return NP_OK;
}

struct make {
	struct vault *v;
	bool force; /* all of them, however fresh */
	int64_t wall_us;
	size_t made;
};

static np_err make(struct make *m, np_str list, struct buf *why)
{
	json_t *all = json_loadb(list.p ? list.p : "", list.n, JSON_REJECT_DUPLICATES, NULL);
	const json_t *one;
	size_t i;
	np_err e = json_is_array(all) && json_array_size(all) <= LEAVES_MAX ? NP_OK : NP_E_CORRUPT;
	json_array_foreach(all, i, one)
	{
		const char *names[LEAVES_NAMES_MAX];
		struct vault_server s = { .cn = "?" };
		if (e == NP_OK)
			e = parse_one(one, names, &s);
		if (e == NP_OK && (m->force || !vault_server_is_fresh(m->v, &s, m->wall_us))) {
			e = vault_server(m->v, &s, m->wall_us);
			m->made += e == NP_OK;
		}
		if (e < 0) {
			(void)buf_printf(why, "certificate of %s: %s", s.cn ? s.cn : "?",
					 np_err_text(e));
			break;
		}
	}
	json_decref(all);
	return e;
}

static np_err publish_root(struct vault *v, const char *tls_dir)
{
	char path[PATH_MAX_LEN];
	(void)snprintf(path, sizeof path, "%s/edge-root.pem", tls_dir);
	return file_write_atomic(path, vault_edge_root(v), 0644);
}

np_err leaves_init(struct vault *v, const char *dir, const struct leaves_plan *plan,
		   int64_t wall_us, struct buf *ret_why)
{
	NP_CLEANUP(buf_done) struct buf list, old;
	char path[PATH_MAX_LEN];
	buf_init(&list, LIST_MAX);
	buf_init(&old, LIST_MAX);
	write_list(plan, &list);
	np_err e = buf_failed(&list);
	if (e == NP_OK)
		e = list_path(dir, path);
	if (e == NP_OK)
		e = file_mkdirs(plan->tls_dir, 0700);
	if (e == NP_OK)
		e = publish_root(v, plan->tls_dir);
	if (e < 0) {
		(void)buf_printf(ret_why, "cannot write into %s: %s", plan->tls_dir,
				 np_err_text(e));
		return e;
	}
	/* The list is written last: what a crash interrupted counts as changed next time. */
	bool same = file_read(path, &old) == NP_OK && str_eq(buf_str(&old), buf_str(&list));
	struct make m = { .v = v, .force = !same, .wall_us = wall_us };
	e = make(&m, buf_str(&list), ret_why);
	if (e == NP_OK && !same) {
		e = file_write_atomic(path, buf_str(&list), 0600);
		if (e < 0)
			(void)buf_printf(ret_why, "cannot write %s: %s", path, np_err_text(e));
	}
	return e;
}

np_err leaves_renew(struct vault *v, const char *dir, int64_t wall_us, size_t *ret_renewed,
		    struct buf *ret_why)
{
	NP_CLEANUP(buf_done) struct buf list;
	char path[PATH_MAX_LEN];
	buf_init(&list, LIST_MAX);
	np_err e = list_path(dir, path);
	if (e == NP_OK)
		e = file_read(path, &list);
	if (e == NP_E_NOTFOUND) {
		*ret_renewed = 0;
		return NP_OK;
	}
	struct make m = { .v = v, .wall_us = wall_us };
	if (e == NP_OK)
		e = make(&m, buf_str(&list), ret_why);
	if (e == NP_OK)
		*ret_renewed = m.made;
	return e;
}
