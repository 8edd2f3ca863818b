/* SPDX-License-Identifier: Apache-2.0 */
#include "alerter/rota.h"

#include "base/str.h"
#include "core/oncall.h"
#include "wire/zoneload.h"

/* Who is on call now, by the rota's configuration. */
static np_err on_call(const struct notice *n, int64_t now_us, uint8_t ret[16], const char **ret_why)
{
	NP_CLEANUP(zone_free_p) struct zone *zone = NULL;
	struct problem_list p = { .n = 0 };
	struct oncall *o = np_zalloc(sizeof *o);
	json_t *config = json_loadb(n->config.p, n->config.n, JSON_REJECT_DUPLICATES, NULL);
	np_err e = o == NULL ? NP_E_NOMEM : oncall_read(config, "", o, &p);
	*ret_why = "the rota's configuration cannot be read";
	if (e == NP_OK) {
		*ret_why = "the rota's time zone is not on this machine: install tzdata";
		e = zoneload_read(str_from_c(o->zone), &zone);
	}
	if (e == NP_OK)
		memcpy(ret, oncall_now(o, zone, now_us).channel, 16);
	free(o);
	json_decref(config);
	return e == NP_OK || e == NP_E_NOMEM ? e : NP_E_NOTFOUND;
}

/* Where this notice went before, or the opening that it follows. */
static const char told_sql[] =
	"SELECT coalesce(n.via, CASE WHEN n.kind IN ('acknowledged', 'resolved', 'data_back') THEN "
	"   (SELECT o.via FROM np.notice o WHERE o.subject = n.subject AND o.channel_id = n.channel_id "
	"       AND o.id < n.id AND o.via IS NOT NULL AND o.kind IN ('opened', 'nodata') "
	"     ORDER BY o.id DESC LIMIT 1) END) FROM np.notice n WHERE n.id = $1";

static np_err told_before(struct pg_conn *c, const struct notice *n, uint8_t ret[16], bool *ret_is)
{
	NP_CLEANUP(pg_params_done) struct pg_params p;
	NP_CLEANUP(pg_res_free_p) struct pg_res *r = NULL;
	pg_params_init(&p);
	pg_params_i64(&p, n->id);
	np_err e = pg_exec(c, told_sql, &p, &r);
	*ret_is = e == NP_OK && pg_res_rows(r) == 1 && !pg_res_null(r, 0, 0);
	if (*ret_is)
		pg_res_uuid(r, 0, 0, ret);
	return e;
}

static const char via_sql[] =
	"UPDATE np.notice n SET via = ch.id FROM np.channel ch WHERE n.id = $1 AND ch.id = $2 "
	"   AND ch.org_id = n.org_id AND ch.kind <> 'rota' "
	"RETURNING ch.kind, ch.config, coalesce(ch.secret, ''::bytea), ch.deleted_at IS NOT NULL";

static np_err go_via(struct pg_conn *c, struct arena *a, const uint8_t via[16], struct notice *n)
{
	NP_CLEANUP(pg_params_done) struct pg_params p;
	NP_CLEANUP(pg_res_free_p) struct pg_res *r = NULL;
	pg_params_init(&p);
	pg_params_i64(&p, n->id);
	pg_params_uuid(&p, via);
	np_err e = pg_exec(c, via_sql, &p, &r);
	if (e < 0)
		return e;
	if (pg_res_rows(r) != 1 || pg_res_bool(r, 0, 3))
		return NP_E_NOTFOUND;
	n->channel_kind = arena_str(a, pg_res_str(r, 0, 0));
	n->config = arena_str(a, pg_res_str(r, 0, 1));
	n->secret = arena_str(a, pg_res_str(r, 0, 2));
	return n->config.p != NULL ? NP_OK : NP_E_NOMEM;
}

np_err rota_resolve(struct pg_conn *c, struct arena *a, int64_t now_us, struct notice *n,
		    const char **ret_why)
{
	uint8_t via[16];
	bool told = false;
	if (!str_eq_c(n->channel_kind, "rota") || n->gone)
		return NP_OK;
	np_err e = told_before(c, n, via, &told);
	if (e == NP_OK && !told)
		e = on_call(n, now_us, via, ret_why);
	if (e == NP_OK) {
		*ret_why = "the channel of who is on call was deleted";
		e = go_via(c, a, via, n);
	}
	return e;
}
