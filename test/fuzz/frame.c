/* SPDX-License-Identifier: Apache-2.0 */
/* The framed stream: any bytes, cut where the first of them says; every split must give the same
 * frames, and every frame is opened both ways. */
#include <stdlib.h>

#include "base/str.h"
#include "wire/frame.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void open_up(struct arena *a, np_str frame)
{
	enum frame_up kind;
	np_str body;
	Np__V1__Hello *h;
	Np__V1__Slow *s;
	Np__V1__Ping *p;
	if (frame_up_open(frame, &kind, &body) < 0)
		return;
	(void)!frame_hello(a, body, &h);
	(void)!frame_slow(a, body, &s);
	(void)!frame_ping(a, body, &p);
}

/* Frames and the bytes in them, until MORE or BAD. */
static bool run(struct arena *a, struct frame_in *f, np_str bytes, struct buf *seen)
{
	np_str frame;
	enum frame_rc rc;
	while ((rc = frame_feed(f, &bytes, &frame)) == FRAME_DONE) {
		Np__V1__Down *d;
		arena_reset(a);
		open_up(a, frame);
		(void)!frame_down(a, frame, &d);
		(void)!buf_add(seen, frame);
	}
	return rc == FRAME_MORE;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 2)
		return 0;
	struct arena *a = arena_new((size_t)1 << 20);
	struct buf once, twice;
	struct frame_in f;
	np_str in = { (const char *)data + 1, size - 1 };
	size_t cut = data[0] % in.n;
	buf_init(&once, size);
	buf_init(&twice, size);
	frame_in_init(&f, 4096);
	bool fine = run(a, &f, in, &once);
	frame_in_done(&f);
	frame_in_init(&f, 4096);
	bool fine2 = run(a, &f, str_sub(in, 0, cut), &twice) &&
		     run(a, &f, str_sub(in, cut, in.n), &twice);
	frame_in_done(&f);
	if (fine != fine2 || !str_eq(buf_str(&once), buf_str(&twice)))
		abort();
	buf_done(&once);
	buf_done(&twice);
	arena_free(a);
	return 0;
}
