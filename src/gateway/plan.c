/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/plan.h"

#include "core/assign.h"

struct plan *plan_new(size_t members, size_t monitors)
{
	struct plan *p = np_zalloc(sizeof *p);
	if (!p)
		return NULL;
	p->hash = np_calloc(members + 1, sizeof *p->hash);
	p->checker = np_calloc(members + 1, sizeof *p->checker);
	p->monitor = np_calloc(monitors + 1, sizeof *p->monitor);
	p->owner = np_calloc(monitors + 1, sizeof *p->owner);
	if (p->hash && p->checker && p->monitor && p->owner)
		return p;
	plan_free(p);
	return NULL;
}

void plan_free(struct plan *p)
{
	if (!p)
		return;
	free(p->hash);
	free(p->checker);
	free(p->monitor);
	free(p->owner);
	free(p);
}

void plan_run(struct plan *p)
{
	for (size_t i = 0; i < p->n_monitors; i++) {
		int k = asg_pick(p->monitor[i], p->hash, p->n_members);
		p->owner[i] = k < 0 ? 0 : p->checker[k];
	}
}
