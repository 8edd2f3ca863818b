/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/txcols.h"

#include "base/str.h"

void cols_init(struct cols *c, const enum pg_type *types, size_t n)
{
	assert(n <= COLS_MAX);
	c->n = n;
	for (size_t i = 0; i < n; i++)
		pg_array_init(&c->at[i], types[i]);
}

void cols_add(struct tx *k, enum sql s, struct cols *c)
{
	struct pg_params p;
	size_t rows = c->at[0].n;
	pg_params_init(&p);
	for (size_t i = 0; i < c->n; i++) {
		if (rows > 0)
			pg_params_array(&p, &c->at[i]);
		pg_array_done(&c->at[i]);
	}
	if (p.n > 0 && k->err == NP_OK)
		k->err = pg_batch_add(k->tx, sql_text(s), &p);
	pg_params_done(&p);
}

void cols_text(struct pg_array *a, np_str s)
{
	if (s.n > 0)
		pg_array_str(a, s);
	else
		pg_array_null(a);
}

void cols_c(struct pg_array *a, const char *s)
{
	pg_array_str(a, str_from_c(s));
}

void cols_json(struct pg_array *a, np_str json)
{
	pg_array_str(a, json.n > 0 ? json : NP_STR("{}"));
}

void cols_time(struct pg_array *a, int64_t us)
{
	if (us != 0)
		pg_array_time(a, us);
	else
		pg_array_null(a);
}
