// SPDX-License-Identifier: Apache-2.0
import { render } from 'preact';

import { App } from './App';
import { onLink } from './ui/route';

document.addEventListener('click', onLink);
const root = document.getElementById('app');
if (root) render(<App />, root);
