/* SPDX-License-Identifier: Apache-2.0 */
/* The gateway alone, as the tests start it: `test-gateway --config FILE`. */
#include "gateway/gateway.h"

int main(int argc, char **argv)
{
	return gateway_main(argc, argv);
}
