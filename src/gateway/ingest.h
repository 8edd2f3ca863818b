/* SPDX-License-Identifier: Apache-2.0 */
/* ingest.h - a batch of a known checker becomes a record in its shard's queue.
 *
 * Floor 4 (gateway). The one function behind stream and POST. Invalid items are only
 * marked: they keep their numbers and are refused after the commit. Records of one
 * sender and shard are queued in the order of the calls. The loop's thread.
 */
#pragma once
#include "gateway/pend.h"

/* NP_OK: its answer will come (answer.h). NP_E_PROTO, NP_E_LIMIT: not a readable envelope,
 * nothing stored. NP_E_AGAIN: not now, *ret_why is a phrase for the sender. */
NP_NODISCARD np_err ingest_batch(struct gw *g, const struct pend_from *from, np_str batch,
				 const char **ret_why);
/* Passed on if it can be: unnumbered, may get lost. */
void ingest_slow(struct gw *g, const struct gw_checker *c, Np__V1__Slow *slow);
