// SPDX-License-Identifier: Apache-2.0
// A channel's form, made of what the server says about its kind: which fields, which are secret.
import type { ApiError } from '../../api/client';
import type { Channel, ChannelField, ChannelKindInfo } from '../../api/types';

export interface Draft { kind: string; name: string; values: Record<string, string>; forget: string[]; fallback: string }

const valueOf = (channel: Channel, key: string): string => {
  const v = (channel.config as Record<string, unknown>)[key];
  return typeof v === 'string' ? v : '';
};

// Secrets are never shown again: their fields begin empty, and empty means "as it is".
export function draftOf(kind: ChannelKindInfo, channel: Channel | null): Draft {
  const values: Record<string, string> = {};
  for (const f of kind.fields) values[f.key] = channel && !f.secret ? valueOf(channel, f.key) : f.choices[0] ?? '';
  return { kind: kind.kind, name: channel?.name ?? '', values, forget: [], fallback: channel?.fallback ?? '' };
}

export const isKept = (f: ChannelField, channel: Channel | null): boolean => f.secret && channel !== null && valueOf(channel, f.key) !== '';
export const isNeeded = (f: ChannelField, channel: Channel | null): boolean => f.required && !isKept(f, channel);

function configOf(kind: ChannelKindInfo, d: Draft, editing: boolean): Record<string, string> {
  const config: Record<string, string> = {};
  for (const f of kind.fields) {
    const value = (d.values[f.key] ?? '').trim();
    if (f.secret && d.forget.includes(f.key)) config[f.key] = '';
    else if (value !== '') config[f.key] = value;
    else if (editing && !f.secret) config[f.key] = '';
  }
  return config;
}

export function bodyOf(kind: ChannelKindInfo, d: Draft, editing: boolean): object {
  const body = { name: d.name.trim(), config: configOf(kind, d, editing) };
  const fallback = d.fallback === '' ? null : d.fallback;
  return editing ? { ...body, fallback } : { kind: d.kind, ...body, ...(fallback ? { fallback } : {}) };
}

// The server's complaint about one field, without its address in the document.
export function problemAt(error: ApiError | null, key: string): string | undefined {
  return error?.fields.find((f) => f.field === key || f.field === `config.${key}`)?.problem;
}
