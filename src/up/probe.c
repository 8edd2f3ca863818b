/* SPDX-License-Identifier: Apache-2.0 */
#include "up/probe.h"

#include <curl/curl.h>

static size_t on_body(char *p, size_t size, size_t n, void *ctx)
{
	struct buf *out = ctx;
	if (out != NULL && buf_add(out, (np_str){ p, size * n }) < 0)
		return 0;
	return size * n;
}

np_err probe_get(const char *socket_path, const char *path, struct buf *ret)
{
	char url[128];
	long status = 0;
	CURL *h = curl_easy_init();
	if (h == NULL)
		return NP_E_NOMEM;
	(void)snprintf(url, sizeof url, "http://localhost%s", path);
	CURLcode rc = curl_easy_setopt(h, CURLOPT_URL, url);
	if (rc == CURLE_OK)
		rc = curl_easy_setopt(h, CURLOPT_UNIX_SOCKET_PATH, socket_path);
	if (rc == CURLE_OK)
		rc = curl_easy_setopt(h, CURLOPT_TIMEOUT_MS, (long)PROBE_MS);
	if (rc == CURLE_OK)
		rc = curl_easy_setopt(h, CURLOPT_NOSIGNAL, 1L);
	if (rc == CURLE_OK)
		rc = curl_easy_setopt(h, CURLOPT_PROXY, "");
	if (rc == CURLE_OK)
		rc = curl_easy_setopt(h, CURLOPT_WRITEFUNCTION, on_body);
	if (rc == CURLE_OK)
		rc = curl_easy_setopt(h, CURLOPT_WRITEDATA, (void *)ret);
	if (rc == CURLE_OK)
		rc = curl_easy_perform(h);
	if (rc == CURLE_OK)
		rc = curl_easy_getinfo(h, CURLINFO_RESPONSE_CODE, &status);
	curl_easy_cleanup(h);
	if (rc != CURLE_OK)
		return NP_E_CLOSED;
	return status == 200 ? NP_OK : NP_E_AGAIN;
}
