/* SPDX-License-Identifier: Apache-2.0 */
/* The engine alone, as the tests start it: `test-engine --config FILE`. */
#include "engine/engine.h"

int main(int argc, char **argv)
{
	return engine_main(argc, argv);
}
