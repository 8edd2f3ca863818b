// SPDX-License-Identifier: Apache-2.0
// The address is the only router: /app/monitors/<id> and so on.
import { signal } from '@preact/signals';

// An address that is none ("%zz") is a page that is not there.
function plain(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
const strip = (path: string): string[] => path.replace(/^\/app\/?/, '').split('/').filter(Boolean).map(plain);

export const route = signal<string[]>(strip(location.pathname));

export function go(path: string): void {
  history.pushState(null, '', `/app/${path}`);
  route.value = strip(location.pathname);
  scrollTo(0, 0);
}

window.addEventListener('popstate', () => (route.value = strip(location.pathname)));

// Plain links stay plain links: new tabs and middle clicks work.
export function onLink(e: MouseEvent): void {
  const a = (e.target as Element | null)?.closest?.('a[href^="/app/"]');
  if (!a || e.defaultPrevented || e.button !== 0 || e.metaKey || e.ctrlKey || e.shiftKey || e.altKey) return;
  e.preventDefault();
  go(a.getAttribute('href')!.slice('/app/'.length));
}
