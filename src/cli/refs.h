/* SPDX-License-Identifier: Apache-2.0 */
/* refs.h - names in a file of definitions -> the ids that the API wants.
 *
 * Floor 5. Where a definition names a channel, rota, policy or monitor, a person may write its
 * id or its name. Pure.
 */
#pragma once
#include <jansson.h>

#include "base/np.h"

enum ref_what { REF_CHANNEL, REF_POLICY, REF_MONITOR, REF_N }; /* a rota is a channel */
enum ref_in { REF_IN_ROTA, REF_IN_POLICY, REF_IN_MONITOR, REF_IN_MAINTENANCE };

struct refs {
	json_t *known[REF_N];  /* name -> id, or "" when several have it; owned */
	json_t *coming[REF_N]; /* names that the file itself adds; owned */
	/* A name that is neither; `why` is one phrase. May be NULL. */
	void (*miss)(void *ctx, const char *field, const char *why);
	void *ctx;
};
NP_NODISCARD np_err refs_init(struct refs *r);
void refs_done(struct refs *r);
void refs_know(struct refs *r, enum ref_what what, const char *name, const char *id);
void refs_expect(struct refs *r, enum ref_what what, const char *name);
/* Replaces names by ids in place. How many stay names: misses and those to come. */
size_t refs_resolve(struct refs *r, enum ref_in in, json_t *body);
/* The same with any id for every name: what a validator needs that only looks at the form. */
void refs_blank(enum ref_in in, json_t *body);
