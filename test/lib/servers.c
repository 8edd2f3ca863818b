/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/servers.h"

#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/str.h"

const char *srv_path(const char *name)
{
	const char *dir = getenv("NP_TEST_DIR");
	char *path = np_zalloc(SRV_PATH_MAX);
	if (dir == NULL || path == NULL) {
		fprintf(stderr, "run this test through test/lib/servers.py\n");
		abort();
	}
	if (name[0] == 0)
		snprintf(path, SRV_PATH_MAX, "%s", dir);
	else
		snprintf(path, SRV_PATH_MAX, "%s/%s", dir, name);
	return path; /* kept on purpose: a few short texts a test */
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
