// SPDX-License-Identifier: Apache-2.0
import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';

import { t } from '../i18n';

interface DialogProps { title: string; onClose: () => void; children: ComponentChildren; wide?: boolean }

export function Dialog({ title, onClose, children, wide }: DialogProps) {
  const ref = useRef<HTMLDialogElement>(null);
  useEffect(() => ref.current?.showModal(), []);
  return (
    <dialog ref={ref} class={wide ? 'dialog dialog-wide' : 'dialog'} aria-labelledby="dialog-title" onClose={onClose}>
      <header>
        <h2 id="dialog-title">{title}</h2>
        <button type="button" class="plain" onClick={() => ref.current?.close()}>{t('common.close')}</button>
      </header>
      {children}
    </dialog>
  );
}

interface ConfirmProps { text: string; action: string; onYes: () => void; onClose: () => void; children?: ComponentChildren }

export function Confirm({ text, action, onYes, onClose, children }: ConfirmProps) {
  return (
    <Dialog title={action} onClose={onClose}>
      <p>{text}</p>
      {children}
      <div class="buttons">
        <button type="button" onClick={onClose}>{t('common.cancel')}</button>
        <button type="button" class="danger" onClick={onYes}>{action}</button>
      </div>
    </Dialog>
  );
}
