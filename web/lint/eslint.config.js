// SPDX-License-Identifier: Apache-2.0
import tseslint from 'typescript-eslint';

export default tseslint.config(...tseslint.configs.recommended, {
  rules: {
    '@typescript-eslint/no-explicit-any': 'error',
    'max-lines': ['error', { max: 150, skipBlankLines: true, skipComments: true }],
    'no-restricted-properties': ['error', { property: 'innerHTML' }, { property: 'outerHTML' }],
    eqeqeq: 'error',
  },
}, {
  files: ['**/e2e/**', '**/test/**', '**/i18n/**', '**/api/schema.d.ts'],
  rules: { 'max-lines': 'off' },
});
