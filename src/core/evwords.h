/* SPDX-License-Identifier: Apache-2.0 */
/* evwords.h - evidence in words and in JSON: what each region said.
 *
 * Floor 2 (core). `name` is aligned with the evidence's regions. Any thread.
 */
#pragma once
#include "base/buf.h"
#include "base/jsonw.h"
#include "core/verdict.h"

/* " since 12:01:07 UTC", with the day where it is not that of now; nothing of no time. */
void evw_when(struct buf *out, const char *word, int64_t us, int64_t now_us);
/* " fra1: TCP reset since 12:01:07 UTC; ams1 and iad1 OK 14 s ago." with the blank before it;
 * nothing when there is no region. kept: read later, so "OK at 12:00:53 UTC". */
void evw_regions(const struct vd_evidence *e, const np_str *name, bool kept, struct buf *out);
/* One object: at, revision, verdict, n, fail, ok, need, fail_held, flags, regions. */
void evw_json(const struct vd_evidence *e, const np_str *name, struct jsonw *w);
