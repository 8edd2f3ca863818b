/* SPDX-License-Identifier: Apache-2.0 */
#include "base/zonefile.h"

#include <sys/stat.h>

#include "base/file.h"

static bool is_name_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '_' || c == '+' || c == '-';
}

bool zonefile_name_ok(np_str name)
{
	if (name.n == 0 || name.n > ZONEFILE_NAME_MAX || name.p[0] < 'A' || name.p[0] > 'Z')
		return false;
	for (size_t i = 0; i < name.n; i++) {
		bool inner = i > 0 && i + 1 < name.n && name.p[i - 1] != '/';
		if (!is_name_char(name.p[i]) && !(name.p[i] == '/' && inner))
			return false;
	}
	return true;
}

np_err zonefile_read(np_str name, struct buf *ret)
{
	char path[sizeof ZONEFILE_DIR + 1 + ZONEFILE_NAME_MAX];
	struct stat st;
	if (!zonefile_name_ok(name))
		return NP_E_INVAL;
	(void)snprintf(path, sizeof path, "%s/%.*s", ZONEFILE_DIR, NP_FMT(name));
	/* "Europe" is a folder. */
	if (stat(path, &st) != 0 || !S_ISREG(st.st_mode))
		return NP_E_NOTFOUND;
	return file_read(path, ret);
}
