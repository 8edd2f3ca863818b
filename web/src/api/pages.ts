// SPDX-License-Identifier: Apache-2.0
// A list that comes page by page: what is shown stays, more is put behind it.
import { useSignal, type ReadonlySignal } from '@preact/signals';
import { useCallback, useEffect, useRef } from 'preact/hooks';

import { ApiError, get } from './client';
import type { Loaded } from './resource';
import type { Page } from './types';

export interface Pages<T> { state: ReadonlySignal<Loaded<T[]>>; more: ReadonlySignal<boolean>; reload: () => void; readMore: () => void }

export function usePages<T>(path: string): Pages<T> {
  const state = useSignal<Loaded<T[]>>({ data: null, error: null, loading: true, at: 0 });
  const more = useSignal(false);
  const next = useRef<string | null>(null);
  const asked = useRef(0);
  const read = useCallback((cursor: string | null) => {
    const turn = ++asked.current;
    state.value = { ...state.peek(), loading: true };
    const at = cursor === null ? path : `${path}${path.includes('?') ? '&' : '?'}cursor=${encodeURIComponent(cursor)}`;
    get<Page<T>>(at).then((p) => {
      if (turn !== asked.current) return;
      next.current = p.next;
      more.value = p.next !== null;
      const before = cursor === null ? [] : state.peek().data ?? [];
      state.value = { data: [...before, ...p.items], error: null, loading: false, at: Date.now() };
    }, (error: ApiError) => turn === asked.current && (state.value = { ...state.peek(), error, loading: false }));
  }, [path, state, more]);
  const reload = useCallback(() => read(null), [read]);
  const readMore = useCallback(() => read(next.current), [read]);
  useEffect(reload, [reload]);
  return { state, more, reload, readMore };
}
