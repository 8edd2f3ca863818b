// SPDX-License-Identifier: Apache-2.0
// `/ j k Enter n`, as the people who live in this list expect.
import { useEffect } from 'preact/hooks';

function step(by: number): void {
  const links = [...document.querySelectorAll<HTMLAnchorElement>('.monitors .c-name a')];
  const at = links.indexOf(document.activeElement as HTMLAnchorElement);
  links[Math.min(links.length - 1, Math.max(0, at + by))]?.focus();
}

export function useKeys(onAdd: () => void): void {
  useEffect(() => {
    const onKey = (e: KeyboardEvent): void => {
      const typing = e.target instanceof Element && e.target.closest('input, select, textarea, dialog');
      if (typing || e.metaKey || e.ctrlKey || e.altKey) return;
      if (e.key === '/') document.getElementById('search')?.focus();
      else if (e.key === 'j') step(1);
      else if (e.key === 'k') step(-1);
      else if (e.key === 'n') onAdd();
      else return;
      e.preventDefault();
    };
    document.addEventListener('keydown', onKey);
    return () => document.removeEventListener('keydown', onKey);
  }, [onAdd]);
}
