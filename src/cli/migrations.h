/* SPDX-License-Identifier: Apache-2.0 */
/* migrations.h - the migrations inside this program, as pg/migrate.h wants them.
 *
 * Floor 5.
 */
#pragma once
#include "pg/migrate.h"

#define MIGRATION_NAME_MAX 60

struct migrations {
	struct migration table[MIGRATE_MAX];
	char names[MIGRATE_MAX][MIGRATION_NAME_MAX + 1];
	size_t n;
};
/* "0001_init.sql" -> 1, "init". NP_E_INVAL: an embedded file is not named so (our bug). */
NP_NODISCARD np_err migrations_load(struct migrations *ret);
