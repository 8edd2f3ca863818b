/* SPDX-License-Identifier: Apache-2.0 */
#include "base/clock.h"
#include "core/monstate.h"
#include "web/api.h"
#include "web/input.h"
#include "web/past.h"

static const struct {
	const char *name;
	int64_t us;
} windows[] = {
	{ "24h", NP_DAY_US },
	{ "7d", 7 * NP_DAY_US },
	{ "30d", 30 * NP_DAY_US },
	{ "90d", 90 * NP_DAY_US },
};

static void write_blips(struct jsonw *w, np_str core)
{
	struct mst st;
	if (core.n == 0 || mst_decode(core, &st) < 0)
		return;
	jsonw_key(w, "blips");
	jsonw_obj(w);
	jsonw_ki64(w, "count", st.inc.blips);
	jsonw_key(w, "seconds");
	jsonw_dbl(w, (double)st.inc.blip_us / 1e6, 1);
	jsonw_obj_end(w);
}

static int64_t later_of(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

np_err api_uptime(struct wreq *q, struct pg_conn *c)
{
	struct sth_monitor m = { 0 };
	np_err e = in_id(q, 0, q->subject);
	if (e == NP_OK)
		e = sth_monitor(q, c, &m);
	if (e < 0)
		return e;
	int64_t now = clock_wall_us();
	int64_t oldest = later_of(now - windows[NP_LEN(windows) - 1].us, m.created_us);
	NP_CLEANUP(past_done) struct past s = { 0 };
	e = past_load(c, &(struct sth_range){ m.no, oldest, now, 0 }, &s);
	if (e < 0)
		return e;
	struct jsonw *w = &q->json;
	jsonw_obj(w);
	jsonw_key(w, "windows");
	jsonw_arr(w);
	for (size_t i = 0; e == NP_OK && i < NP_LEN(windows); i++)
		e = past_write(&s,
			       &(struct past_window){ windows[i].name,
						      later_of(now - windows[i].us, oldest), now },
			       w);
	jsonw_arr_end(w);
	write_blips(w, m.core);
	jsonw_obj_end(w);
	return e;
}
