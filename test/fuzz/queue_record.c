/* SPDX-License-Identifier: Apache-2.0 */
/* The messages between roles behind a seal that holds: content is not trusted either. The first
 * byte chooses the kind. */
#include "base/str.h"
#include "wire/ack.h"
#include "wire/job.h"
#include "wire/live.h"
#include "wire/queue.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *context(uint8_t kind)
{
	static const char *const of[] = { "np:results:1", "np:ack:g",    "np:live",
					  "np:jobs:2",    "np:registry", "np:last:5" };
	return of[kind % NP_LEN(of)];
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size == 0)
		return 0;
	struct seal *s = NULL;
	struct buf b;
	buf_init(&b, size + SEAL_LEN);
	struct arena *a = arena_new(QUEUE_ARENA_MAX);
	np_str msg = { (const char *)data + 1, size - 1 };
	if (seal_new(NP_STR("0123456789abcdef0123456789abcdef"), &s) < 0 ||
	    seal_put(s, str_from_c(context(data[0])), msg, &b) < 0)
		goto done;
	Np__I1__QueueRecord *q;
	Np__I1__AckBatch *k;
	Np__I1__LiveMsg *l;
	Np__I1__LiveResult *r;
	Np__I1__JobRecord *j;
	enum job_nudge what;
	(void)!queue_open(s, 1, buf_str(&b), a, &q);
	(void)!ack_open(s, NP_STR("g"), buf_str(&b), a, &k);
	(void)!live_open(s, buf_str(&b), a, &l);
	(void)!live_open_last(s, 5, buf_str(&b), a, &r);
	(void)!job_open(s, 2, buf_str(&b), a, &j);
	(void)!job_open_nudge(s, buf_str(&b), &what);
done:
	arena_free(a);
	seal_free(s);
	buf_done(&b);
	return 0;
}
