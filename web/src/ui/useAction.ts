// SPDX-License-Identifier: Apache-2.0
// A button's work: busy while it runs, its error kept to show.
import { useSignal, type ReadonlySignal } from '@preact/signals';

import type { ApiError } from '../api/client';

export interface Action { busy: ReadonlySignal<boolean>; error: ReadonlySignal<ApiError | null>; run: (work: () => Promise<void>) => void }

export function useAction(): Action {
  const busy = useSignal(false);
  const error = useSignal<ApiError | null>(null);
  return {
    busy,
    error,
    run: (work) => {
      busy.value = true;
      error.value = null;
      work()
        .catch((e: ApiError) => (error.value = e))
        .finally(() => (busy.value = false));
    },
  };
}
