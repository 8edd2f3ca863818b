// SPDX-License-Identifier: Apache-2.0
// Something read from the server and shown: old data stays while new is fetched or fails.
import { useSignal, type ReadonlySignal } from '@preact/signals';
import { useCallback, useEffect, useRef } from 'preact/hooks';

import { ApiError, get } from './client';

export interface Loaded<T> { data: T | null; error: ApiError | null; loading: boolean; at: number }
export interface Resource<T> { state: ReadonlySignal<Loaded<T>>; reload: () => void }

export function useResource<T>(path: string | null): Resource<T> {
  const state = useSignal<Loaded<T>>({ data: null, error: null, loading: true, at: 0 });
  const asked = useRef(0);
  const reload = useCallback(() => {
    if (path === null) return;
    const turn = ++asked.current;
    state.value = { ...state.peek(), loading: true };
    get<T>(path).then(
      (data) => turn === asked.current && (state.value = { data, error: null, loading: false, at: Date.now() }),
      (error: ApiError) => turn === asked.current && (state.value = { ...state.peek(), error, loading: false }),
    );
  }, [path, state]);
  const shown = useRef('');
  useEffect(() => {
    // Another range of the same thing keeps the old one on screen until the new one is here.
    const what = path?.split('?')[0] ?? '';
    if (shown.current !== what) state.value = { data: null, error: null, loading: true, at: 0 };
    shown.current = what;
    reload();
  }, [path, reload, state]);
  return { state, reload };
}
