/* SPDX-License-Identifier: Apache-2.0 */
#include "up/watchself.h"

#include "base/file.h"
#include "base/str.h"

#define TEXT_MAX 4096
#define STEP_MS 60000

static np_err write_monitors(const struct place *p, const struct up_options *o)
{
	static const char *const parts[][2] = {
		{ "NetPulse: dashboard", "web" },
		{ "NetPulse: database", "database" },
		{ "NetPulse: queue", "queue" },
	};
	NP_CLEANUP(buf_done) struct buf b;
	buf_init(&b, TEXT_MAX);
	(void)buf_add_c(&b, "# What a new installation watches: itself. Applied once; edit in the "
			    "dashboard.\nmonitors:\n");
	for (size_t i = 0; i < NP_LEN(parts); i++)
		(void)buf_printf(
			&b,
			"  - name: \"%s\"\n    kind: http\n    target: \"http://%s/health/%s\"\n"
			"    interval_s: 20\n    timeout_s: 5\n    tags: [netpulse]\n",
			parts[i][0], o->http, parts[i][1]);
	(void)buf_printf(&b,
			 "  - name: \"NetPulse: gateway\"\n    kind: tcp\n    target: \"%s\"\n"
			 "    interval_s: 20\n    timeout_s: 5\n    tags: [netpulse]\n",
			 o->gateway);
	np_err e = buf_failed(&b);
	return e == NP_OK ? place_write(p, "etc/first.yaml", buf_str(&b), 0600) : e;
}

np_err watchself_run(struct procs *ps, const struct place *p, const struct up_options *o,
		     struct buf *ret_why)
{
	char done[PLACE_FILE_MAX], url[300];
	place_path(p, "etc/first.done", done);
	if (file_exists(done))
		return NP_OK;
	np_err e = write_monitors(p, o);
	if (e < 0)
		return e;
	(void)snprintf(url, sizeof url, "http://%s", o->http);
	const struct proc_spec apply = {
		.name = "first-monitors",
		.argv = { "self", "apply", "--url", url, "--token-file", "admin.token",
			  "--if-empty", "-f", "etc/first.yaml" },
	};
	NP_CLEANUP(buf_done) struct buf words;
	buf_init(&words, 512);
	e = proc_run(ps, &apply, STEP_MS, &words);
	if (e < 0) {
		(void)buf_printf(ret_why, "cannot add the first monitors: %.*s",
				 NP_FMT(buf_str(&words)));
		return e;
	}
	return place_write(p, "etc/first.done", NP_STR("1\n"), 0600);
}
