/* SPDX-License-Identifier: Apache-2.0 */
/* prob.h - problem+json (RFC 9457): what is wrong, in words, with the request's id.
 *
 * Floor 4 (web). Any thread.
 */
#pragma once
#include "base/buf.h"
#include "core/problem.h"

#define PROB_TYPE "application/problem+json"

/* `list` may be NULL. */
void prob_write(struct buf *out, uint16_t status, np_str detail, const char *request_id,
		const struct problem_list *list);
/* Status and sentence for an error of a handler. */
uint16_t prob_of(np_err e, const char **ret_detail);
