/* SPDX-License-Identifier: Apache-2.0 */
/* mbox.h - bounded queue of owned messages between two threads.
 *
 * Floor 1 (base). The only lock above libc. A message belongs to exactly one
 * side: send takes it, receive gives it. An eventfd lets a loop poll it.
 */
#pragma once
#include "base/np.h"

struct mbox;
NP_NODISCARD struct mbox *mbox_new(size_t capacity);
void mbox_free(struct mbox *m, void (*drop)(void *msg)); /* drop frees what is left */
/* NP_E_LIMIT when full, NP_E_CLOSED after mbox_close; the message stays the caller's then. */
NP_NODISCARD np_err mbox_send(struct mbox *m, void *msg);
/* Blocks until there is room or `deadline_mono_ms` passes (NP_E_TIMEOUT). */
NP_NODISCARD np_err mbox_send_wait(struct mbox *m, void *msg, int64_t deadline_mono_ms);
void *mbox_try_recv(struct mbox *m);                       /* NULL when empty */
void *mbox_recv(struct mbox *m, int64_t deadline_mono_ms); /* NULL on time-out or closed+empty */
void mbox_close(struct mbox *m);
size_t mbox_len(struct mbox *m);
int mbox_fd(const struct mbox *m); /* readable while not empty; owned by the mbox */
