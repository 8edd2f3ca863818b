/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/servers.h"

#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/str.h"

#define SRV_PATHS_MAX 64

/* The same name gives the same text. Kept to the end of the process, where leak checkers see it. */
const char *srv_path(const char *name)
{
	static char paths[SRV_PATHS_MAX][SRV_PATH_MAX];
	static size_t n;
	const char *dir = getenv("NP_TEST_DIR");
	char path[SRV_PATH_MAX];
	if (dir == NULL) {
		fprintf(stderr, "run this test through test/lib/servers.py\n");
		abort();
	}
	snprintf(path, sizeof path, "%s%s%s", dir, name[0] != 0 ? "/" : "", name);
	for (size_t i = 0; i < n; i++)
		if (strcmp(paths[i], path) == 0)
			return paths[i];
	assert(n < SRV_PATHS_MAX);
	memcpy(paths[n], path, sizeof path);
	return paths[n++];
}

void srv_ctl(const char *action, const char *name)
{
	char python[] = "python3";
	char ctl[] = "ctl";
	char *word[] = { python,
			 np_strdup(str_from_c(getenv("NP_TEST_SERVERS"))),
			 ctl,
			 np_strdup(str_from_c(srv_path(""))),
			 np_strdup(str_from_c(action)),
			 np_strdup(str_from_c(name)),
			 NULL };
	pid_t pid = 0;
	int status = -1;
	/* ctl DIR action name */
	if (posix_spawnp(&pid, python, NULL, NULL, word, environ) != 0 ||
	    waitpid(pid, &status, 0) != pid || status != 0) {
		fprintf(stderr, "servers.py ctl %s %s failed\n", action, name);
		abort();
	}
	free(word[1]);
	free(word[3]);
	free(word[4]);
	free(word[5]);
}
