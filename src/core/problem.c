/* SPDX-License-Identifier: Apache-2.0 */
#include "core/problem.h"

#include <stdarg.h>

#include "base/str.h"

/* Clip so that no UTF-8 sequence is cut: the text goes into JSON. */
static void clip(char *text)
{
	np_str s = str_from_c(text);
	text[str_clip_utf8(s, s.n).n] = '\0';
}

void problem_add(struct problem_list *l, const char *prefix, const char *field, const char *fmt,
		 ...)
{
	if (l->n == PROBLEM_MAX) {
		l->more++;
		return;
	}
	struct problem *p = &l->item[l->n++];
	(void)snprintf(p->path, sizeof p->path, "%s%s", prefix, field);
	va_list args;
	va_start(args, fmt);
	(void)vsnprintf(p->text, sizeof p->text, fmt, args);
	va_end(args);
	clip(p->path);
	clip(p->text);
	/* Two readers of one field may find the same: that is told once. */
	for (size_t i = 0; i + 1 < l->n; i++)
		if (strcmp(l->item[i].path, p->path) == 0 &&
		    strcmp(l->item[i].text, p->text) == 0) {
			l->n--;
			return;
		}
}
