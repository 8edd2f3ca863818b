// SPDX-License-Identifier: Apache-2.0
// One way to ask the server. Errors are values with what to show: text, request id, fields.
import { signal } from '@preact/signals';

export interface FieldError { field: string; problem: string; allowed?: string }
export class ApiError extends Error {
  constructor(
    readonly status: number,
    message: string,
    readonly requestId: string,
    readonly fields: FieldError[] = [],
  ) {
    super(message);
  }
}

// Set once any request is answered with 401: the shell then shows the sign-in page.
export const signedOut = signal(false);

interface Problem { title?: string; detail?: string; request_id?: string; errors?: FieldError[] }

async function problemOf(answer: Response): Promise<ApiError> {
  const p: Problem = await answer.json().catch(() => ({}));
  const text = p.detail || p.title || `HTTP ${answer.status}`;
  return new ApiError(answer.status, text, p.request_id ?? '', p.errors ?? []);
}

export async function call<T>(method: string, path: string, body?: unknown): Promise<T> {
  const init: RequestInit = { method, credentials: 'same-origin', headers: { Accept: 'application/json' } };
  if (body !== undefined) {
    init.body = JSON.stringify(body);
    init.headers = { Accept: 'application/json', 'Content-Type': 'application/json' };
  }
  const answer = await fetch(`/api/v1/${path}`, init).catch(() => {
    throw new ApiError(0, 'The server does not answer.', '');
  });
  if (answer.status === 401 && path !== 'session') signedOut.value = true;
  if (!answer.ok) throw await problemOf(answer);
  return answer.status === 204 ? (undefined as T) : ((await answer.json()) as T);
}

export const get = <T>(path: string): Promise<T> => call<T>('GET', path);
export const post = <T>(path: string, body?: unknown): Promise<T> => call<T>('POST', path, body);
export const patch = <T>(path: string, body: unknown): Promise<T> => call<T>('PATCH', path, body);
export const del = (path: string): Promise<void> => call<void>('DELETE', path);
