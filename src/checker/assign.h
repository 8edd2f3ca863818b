/* SPDX-License-Identifier: Apache-2.0 */
/* assign.h - what this checker is to run, as the gateway last said, and a copy on disk.
 *
 * Floor 4 (checker). The copy lets a checker that starts while every gateway is
 * away go on with what it did before; the first WELCOME brings the truth. One
 * loop's thread; the file is written by the worker pool.
 */
#pragma once
#include "checker/runner.h"

#define ASSIGN_FILE_MAX ((size_t)256 * 1024 * 1024)
#define ASSIGN_SAVE_MS 2000 /* after a change */

struct assign;
NP_NODISCARD np_err assign_new(struct loop *l, struct runner *r, const char *path,
			       struct assign **ret_assign);
void assign_free(struct assign *a); /* writes what is not written; NULL is fine */
/* Read the copy: blocking, at start. NP_E_NOTFOUND, NP_E_CORRUPT, NP_E_VERSION: there is none. */
NP_NODISCARD np_err assign_load(struct assign *a);
void assign_take(struct assign *a, const Np__V1__Assign *m);
uint64_t assign_generation(
	const struct assign *a);              /* of a gateway's word in this process; 0: none */
bool assign_is_known(const struct assign *a); /* a whole one was received in this process */
