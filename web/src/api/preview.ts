// SPDX-License-Identifier: Apache-2.0
// What a draft would mean, asked of the server a moment after the last key. The last good answer
// stays while a new one is awaited.
import { useSignal, type ReadonlySignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';

import { ApiError, post } from './client';

const PAUSE_MS = 350;

export interface Asked<T> { data: T | null; error: ApiError | null; busy: boolean }

export function usePreview<T>(path: string, body: object | null): ReadonlySignal<Asked<T>> {
  const asked = useSignal<Asked<T>>({ data: null, error: null, busy: false });
  const text = body ? JSON.stringify(body) : '';
  useEffect(() => {
    if (!text) return void (asked.value = { data: null, error: null, busy: false });
    let over = false;
    asked.value = { ...asked.peek(), busy: true };
    const timer = setTimeout(() => {
      post<T>(path, JSON.parse(text)).then(
        (data) => over || (asked.value = { data, error: null, busy: false }),
        (error: ApiError) => over || (asked.value = { data: asked.peek().data, error, busy: false }),
      );
    }, PAUSE_MS);
    return () => {
      over = true;
      clearTimeout(timer);
    };
  }, [path, text, asked]);
  return asked;
}
