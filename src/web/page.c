/* SPDX-License-Identifier: Apache-2.0 */
#include "web/page.h"

#include "base/str.h"
#include "web/input.h"

/* decimal number, a unit separator, the text */
#define PAGE_SEP '\x1f'

np_str page_encode(struct arena *a, int64_t num, np_str text)
{
	np_str plain = arena_printf(a, "%lld%c%.*s", (long long)num, PAGE_SEP, NP_FMT(text));
	char *out = arena_alloc(a, (plain.n * 4 + 2) / 3 + 1);
	if (!plain.p || !out)
		return (np_str){ 0 };
	return (np_str){ out, str_b64url((const uint8_t *)plain.p, plain.n, out) };
}

NP_NODISCARD np_err page_decode(struct arena *a, np_str cursor, struct page *ret)
{
	if (cursor.n == 0 || cursor.n > PAGE_CURSOR_MAX)
		return NP_E_INVAL;
	uint8_t *plain = arena_alloc(a, cursor.n);
	if (!plain)
		return NP_E_NOMEM;
	size_t n = 0;
	np_err e = str_unb64url(cursor, plain, cursor.n, &n);
	if (e < 0)
		return NP_E_INVAL;
	np_str num, text;
	if (!str_cut((np_str){ (const char *)plain, n }, PAGE_SEP, &num, &text) ||
	    !str_is_utf8(text))
		return NP_E_INVAL;
	int64_t v = 0;
	if (str_to_i64(num, &v) < 0)
		return NP_E_INVAL;
	ret->after = true;
	ret->num = v;
	ret->text = text;
	return NP_OK;
}

void page_read(struct wreq *q, struct page *ret)
{
	static const int64_t range[2] = { 1, PAGE_LIMIT_MAX };
	*ret = (struct page){ 0 };
	ret->limit = (int32_t)in_number(q, "limit", range, PAGE_LIMIT);
	np_str cursor;
	if (!httpd_query(q->http, "cursor", &cursor))
		return;
	if (page_decode(q->arena, cursor, ret) < 0)
		problem_add(&q->problems, "", "cursor",
			    "is not one that a list gave out as `next`");
}

/* "next": cursor or null */
static void page_write_next(struct jsonw *w, struct arena *a, const struct page *key, bool more)
{
	jsonw_key(w, "next");
	np_str c = more ? page_encode(a, key->num, key->text) : (np_str){ 0 };
	if (c.n)
		jsonw_str(w, c);
	else
		jsonw_null(w);
}

void page_write(struct wreq *q, const struct page *p, const struct pg_res *rows)
{
	np_err e = page_write_shown(q, p, rows, NULL);
	(void)e; /* only `shown` can fail */
}

np_err page_write_shown(struct wreq *q, const struct page *p, const struct pg_res *rows,
			np_str (*shown)(struct wreq *q, np_str json))
{
	size_t n = pg_res_rows(rows);
	bool more = n > (size_t)p->limit;
	if (more)
		n = (size_t)p->limit;
	struct jsonw *w = &q->json;
	jsonw_obj(w);
	jsonw_key(w, "items");
	jsonw_arr(w);
	for (size_t i = 0; i < n; i++) {
		np_str json = pg_res_str(rows, i, 0);
		if (shown) {
			json = shown(q, json);
			if (!json.p)
				return NP_E_NOMEM;
		}
		jsonw_raw(w, json);
	}
	jsonw_arr_end(w);
	struct page last = { 0 };
	if (more) {
		last.num = pg_res_i64(rows, n - 1, 1);
		last.text = pg_res_str(rows, n - 1, 2);
	}
	page_write_next(w, q->arena, &last, more);
	jsonw_obj_end(w);
	return NP_OK;
}
