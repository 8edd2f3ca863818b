// SPDX-License-Identifier: Apache-2.0
export function without<T extends object, K extends keyof T>(of: T, key: K): Omit<T, K> {
  return Object.fromEntries(Object.entries(of).filter(([k]) => k !== key)) as Omit<T, K>;
}
