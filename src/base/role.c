/* SPDX-License-Identifier: Apache-2.0 */
#include "base/role.h"

#include "base/log.h"
#include "base/str.h"

#define WHY_MAX 4096

static np_err set_level(const struct role *r, const struct conf *c, struct buf *why)
{
	static const char *const names[] = { "debug", "info", "warn", "error" };
	for (size_t i = 0; i < NP_LEN(names); i++) {
		if (str_eq_c(str_from_c(conf_str(c, "log.level")), names[i])) {
			np_log_init(r->name, (enum np_log_level)i);
			return NP_OK;
		}
	}
	(void)buf_add_c(why, "log.level is debug, info, warn or error");
	return NP_E_INVAL;
}

static np_err configure(const struct role *r, const struct args *args, struct conf **ret,
			struct buf *why)
{
	const char *path = args_str(args, "config");
	if (path == NULL) {
		(void)buf_add_c(why, "--config FILE is needed");
		return NP_E_INVAL;
	}
	np_err e = conf_load(path, r->items, r->items_n, ret, why);
	return e < 0 ? e : set_level(r, *ret, why);
}

static void say_failed(const struct role *r, np_err e, const struct buf *why)
{
	char event[64];
	(void)snprintf(event, sizeof event, "%s.failed", r->name);
	np_log(NP_ERROR, event, KV_ERR(e), KV_STR("why", buf_str(why)));
}

int role_main(const struct role *r, int argc, char **argv)
{
	NP_CLEANUP(buf_done) struct buf why;
	NP_CLEANUP(conf_free_p) struct conf *c = NULL;
	struct args *args = NULL;
	int status = 2;
	buf_init(&why, WHY_MAX);
	np_log_init(r->name, NP_INFO);
	np_err e = args_parse(r->spec, argc, argv, &args, &why);
	if (e == NP_E_CANCELED)
		return 0;
	if (e == NP_OK)
		e = configure(r, args, &c, &why);
	if (e == NP_OK) {
		e = r->serve(args, c, &why);
		status = e < 0 ? 1 : 0;
	}
	if (e < 0)
		say_failed(r, e, &why);
	args_free(args);
	return status;
}
