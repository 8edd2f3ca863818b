/* SPDX-License-Identifier: Apache-2.0 */
/* dueheap.h - which of many monitors is due next: a heap of intrusive nodes.
 *
 * Floor 4 (checker). Pure: no clock, no callbacks; setting and taking cost
 * log2(n). A node must be cleared before it dies. One thread.
 */
#pragma once
#include "base/np.h"

#define DUE_MAX 1000000

struct due_node {
	int64_t due_us;
	size_t at; /* place in the heap + 1; 0: not set */
};
struct dueheap;
NP_NODISCARD struct dueheap *due_new(void);
void due_free(struct dueheap *s); /* NULL is fine */
/* Set or move. NP_E_NOMEM, NP_E_LIMIT: as it was. */
NP_NODISCARD np_err due_set(struct dueheap *s, struct due_node *n, int64_t due_us);
void due_clear(struct dueheap *s, struct due_node *n);
struct due_node *due_first(const struct dueheap *s); /* earliest; NULL: none */
size_t due_len(const struct dueheap *s);
