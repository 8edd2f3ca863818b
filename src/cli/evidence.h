/* SPDX-License-Identifier: Apache-2.0 */
/* evidence.h - the inputs of one monitor out of its shard's log, and folding them again.
 *
 * Floor 5. The log mixes tenants: what leaves it is a state to begin with and inputs
 * that name this monitor or its regions only. Results of others in the same batches become
 * numbers without content, so that sequences stay whole and the engine's own fold takes what
 * is left unchanged.
 */
#pragma once
#include <jansson.h>

#include "base/str.h"
#include "core/monitor.h"
#include "pg/pg.h"

#define EVIDENCE_INPUTS_MAX 500000
#define EVIDENCE_REGIONS_MAX 256

struct evidence_of {
	struct pg_conn *db;
	uint64_t monitor;
	uint32_t shard;
	uint64_t to_pos;                       /* of the log */
	int64_t from_us, until_us;             /* the log's own time: rows from and up to here */
	uint32_t region[EVIDENCE_REGIONS_MAX]; /* of all its revisions */
	size_t region_n;
};
/* {"source": "log", "shard", "start", "inputs": […], "batches": […]}. NP_E_NOTFOUND: the log does
 * not reach back that far. */
NP_NODISCARD np_err evidence_collect(const struct evidence_of *of, json_t **ret);

struct evidence_fold {
	bool found;                   /* the incident came out */
	int64_t opened_us, closed_us; /* closed 0: open */
	size_t inputs;
};
/* Folds what evidence_collect made. NP_E_CORRUPT: it cannot be. */
NP_NODISCARD np_err evidence_again(const json_t *evidence, uint64_t monitor,
				   const uint8_t incident[16], struct evidence_fold *ret);
