/* SPDX-License-Identifier: Apache-2.0 */
/* YAML: any bytes get an answer, with a reason exactly when it is no; the line of each
 * value that came out is known. */
#include <string.h>

#include "base/str.h"
#include "base/yaml.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	NP_CLEANUP(buf_done) struct buf why;
	NP_CLEANUP(yaml_free_p) struct yaml_doc *d = NULL;
	buf_init(&why, 1024);
	np_err e = yaml_parse((np_str){ (const char *)data, size }, &d, &why);
	assert((e == NP_OK) == (d != NULL));
	assert((e == NP_OK) == (why.n == 0));
	if (!d)
		return 0;
	assert(yaml_line(d, "") > 0);
	const char *key;
	json_t *value;
	json_object_foreach(yaml_root(d), key, value) if (!strpbrk(key, "~/") && strlen(key) < 100)
	{
		NP_CLEANUP(buf_done) struct buf pointer;
		buf_init(&pointer, 128);
		(void)buf_printf(&pointer, "/%s", key);
		assert(yaml_line(d, buf_c(&pointer)) > 0);
	}
	return 0;
}
