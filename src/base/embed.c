/* SPDX-License-Identifier: Apache-2.0 */
#include "base/embed.h"

#include "base/str.h"

const struct embed_file *embed_schema(size_t *ret_n)
{
	*ret_n = embed_schema_table.n;
	return embed_schema_table.files;
}

const struct embed_file *embed_web(size_t *ret_n)
{
	*ret_n = embed_web_table.n;
	return embed_web_table.files;
}

const struct embed_file *embed_api(size_t *ret_n)
{
	*ret_n = embed_api_table.n;
	return embed_api_table.files;
}

const struct embed_file *embed_find(const struct embed_table *table, np_str path)
{
	size_t from = 0;
	size_t to = table->n;
	while (from < to) {
		size_t middle = from + (to - from) / 2;
		int order = str_cmp(path, str_from_c(table->files[middle].path));
		if (order == 0)
			return &table->files[middle];
		if (order < 0)
			to = middle;
		else
			from = middle + 1;
	}
	return NULL;
}
