/* SPDX-License-Identifier: Apache-2.0 */
/* The web alone, as the tests start it: `test-web --config FILE`. */
#include "web/web.h"

int main(int argc, char **argv)
{
	return web_main(argc, argv);
}
