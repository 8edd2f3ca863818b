/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/zoneload.h"

#include "base/zonefile.h"

np_err zoneload_read(np_str name, struct zone **ret)
{
	NP_CLEANUP(buf_done) struct buf bytes;
	buf_init(&bytes, ZONE_BYTES_MAX);
	np_err e = zonefile_read(name, &bytes);
	if (e == NP_OK)
		e = zone_parse(buf_str(&bytes), ret);
	return e == NP_E_INVAL ? NP_E_NOTFOUND : e;
}

bool zoneload_has(np_str name)
{
	NP_CLEANUP(zone_free_p) struct zone *z = NULL;
	return zoneload_read(name, &z) == NP_OK;
}
