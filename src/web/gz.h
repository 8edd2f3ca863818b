/* SPDX-License-Identifier: Apache-2.0 */
/* gz.h - gzip for answers that are made on the spot.
 *
 * Floor 4 (web). Any thread.
 */
#pragma once
#include "base/buf.h"

/* Does an Accept-Encoding value take this coding (q=0 means no)? */
bool gz_accepts(np_str accept_encoding, const char *coding);
/* gzip of `in` onto `out`; NP_E_LIMIT, NP_E_NOMEM. */
NP_NODISCARD np_err gz_pack(np_str in, struct buf *out);
