/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/owner.h"

#include "base/clock.h"
#include "pg/pgconf.h"

static const struct conf_item items[] = { PG_CONF_ITEMS };

np_err owner_open(struct command *c, int64_t max_ms, struct owner *ret)
{
	const char *path = args_str(c->args, "config");
	const char *data = args_str(c->args, "data");
	char in_data[OWNER_PATH_MAX];
	struct owner o = { 0 };
	if (path == NULL && data != NULL) {
		(void)snprintf(in_data, sizeof in_data, "%s/etc/migrate.yaml", data);
		path = in_data;
	}
	if (path == NULL) {
		(void)buf_add_c(
			&c->why,
			"--config FILE is needed: a file with the owner's `database` settings; or "
			"--data DIR, the folder of `netpulse up`");
		return NP_E_INVAL;
	}
	np_err e = conf_load(path, items, NP_LEN(items), &o.conf, &c->why);
	if (e < 0)
		return e;
	struct pg_conf conf = pg_conf_from(o.conf);
	o.db = pg_conn_new(&conf);
	e = o.db == NULL ? NP_E_NOMEM : pg_conn_ready(o.db, clock_mono_ms() + max_ms);
	if (e < 0) {
		(void)buf_printf(&c->why, "cannot reach the database: %s",
				 o.db != NULL ? pg_conn_error(o.db)->message : np_err_text(e));
		owner_close(&o);
		return e;
	}
	*ret = o;
	return NP_OK;
}

void owner_close(struct owner *o)
{
	pg_conn_free(o->db);
	conf_free(o->conf);
}
