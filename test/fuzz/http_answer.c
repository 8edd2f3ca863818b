/* SPDX-License-Identifier: Apache-2.0 */
/* What an HTTP check makes of an answer: lines of its head, then its body, against a list of
 * assertions. Input: assertions (JSON), a zero byte, head lines, a zero byte, body. */
#include <stdlib.h>

#include "base/str.h"
#include "checker/http.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void take_head(struct http *h, np_str head)
{
	np_str line;
	while (head.n > 0) {
		bool more = str_cut(head, '\n', &line, &head);
		if (!http_head_line(h, line)) {
			if (!h->head_too_large)
				abort();
			return;
		}
		if (!more)
			return;
	}
}

static void judge(struct http *h, const struct asrt_list *l, np_str body)
{
	struct buf text;
	json_error_t err;
	json_t *json = asrt_needs_json(l)
			       ? json_loadb(body.n ? body.p : "", body.n,
					    JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &err)
			       : NULL;
	struct asrt_facts f = { .status = 200,
				.body = body,
				.json = json,
				.header = h->field,
				.header_n = h->fields,
				.latency_us = 1234,
				.has_cert = true,
				.cert_days = 3 };
	buf_init(&text, 4096);
	enum asrt_outcome o = asrt_eval(l, &f, &text);
	np_str said = say_clean(h->run->arena, buf_str(&text), CHECK_TEXT_MAX);
	if ((o != ASRT_PASS && said.n == 0) || said.n > CHECK_TEXT_MAX || !str_is_utf8(said))
		abort();
	buf_done(&text);
	json_decref(json);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	np_str all = { (const char *)data, size }, list_text, head, body;
	json_error_t err;
	struct problem_list *p = calloc(1, sizeof *p);
	struct asrt_list *l = calloc(1, sizeof *l);
	struct asrt_header *fields = calloc(HTTP_CHECK_FIELDS_MAX, sizeof *fields);
	struct check_run run = { .arena = arena_new(CHECK_ARENA_MAX) };
	struct http h = { .run = &run, .keep_head = true, .field = fields };
	(void)str_cut(all, '\0', &list_text, &all);
	(void)str_cut(all, '\0', &head, &body);
	if (p && l && fields && run.arena) {
		json_t *list = json_loadb(list_text.n ? list_text.p : "", list_text.n,
					  JSON_REJECT_DUPLICATES, &err);
		asrt_read(MON_HTTP, list, l, p);
		take_head(&h, head);
		judge(&h, l, body);
		json_decref(list);
	}
	arena_free(run.arena);
	free(fields);
	free(l);
	free(p);
	return 0;
}
