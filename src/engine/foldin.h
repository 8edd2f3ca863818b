/* SPDX-License-Identifier: Apache-2.0 */
/* foldin.h - what the parts of the fold share: the running input and one event applied.
 *
 * Floor 4 (engine), for fold*.c only.
 */
#pragma once
#include "engine/fold.h"
#include "engine/fxstep.h"

struct foldin {
	struct shard *s;
	struct fx *fx; /* NULL: no effects */
	int64_t at_us; /* the log's now */
	struct step step;
};

/* One event of one monitor, its effects and its timers. Afterwards f->step holds what followed. */
NP_NODISCARD np_err foldin_apply(struct foldin *f, struct mon *m, struct mst_event *ev,
				 const struct fxstep_cause *cause);
/* The same where nobody but the engine is the cause. */
NP_NODISCARD np_err foldin_event(struct foldin *f, struct mon *m, struct mst_event *ev);

NP_NODISCARD np_err foldbatch(struct foldin *f, const Np__I1__BatchInput *in,
			      const struct batch *b);
NP_NODISCARD np_err foldcmd_definition(struct foldin *f, const Np__I1__DefinitionInput *in);
NP_NODISCARD np_err foldcmd_command(struct foldin *f, const Np__I1__CommandInput *in);
NP_NODISCARD np_err foldhold_resume(struct foldin *f, const Np__I1__ResumeInput *in);
NP_NODISCARD np_err foldhold_heard(struct foldin *f, const Np__I1__HeardInput *in);
NP_NODISCARD np_err foldhold_end(struct foldin *f);
