/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/migrations.h"

#include "base/embed.h"
#include "base/str.h"

np_err migrations_load(struct migrations *ret)
{
	size_t n = 0;
	const struct embed_file *files = embed_schema(&n);
	ret->n = 0;
	for (size_t i = 0; i < n && ret->n < MIGRATE_MAX; i++) {
		np_str path = str_from_c(files[i].path), number, name;
		uint64_t no = 0;
		if (!str_ends(path, NP_STR(".sql")))
			continue;
		path = str_sub(path, 0, path.n - 4);
		if (!str_cut(path, '_', &number, &name) || str_to_u64(number, &no) < 0 || no == 0 ||
		    no > MIGRATE_MAX || name.n > MIGRATION_NAME_MAX)
			return NP_E_INVAL;
		memcpy(ret->names[ret->n], name.p, name.n);
		ret->names[ret->n][name.n] = '\0';
		ret->table[ret->n] = (struct migration){
			.number = (uint32_t)no,
			.name = ret->names[ret->n],
			.sql = (const char *)files[i].p,
		};
		ret->n++;
	}
	return NP_OK;
}
