// SPDX-License-Identifier: Apache-2.0
// Puts .gz and .br beside each built text file. Same input, same bytes: no times, fixed levels.
import { readdirSync, readFileSync, writeFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync, brotliCompressSync, constants } from 'node:zlib';

const texts = /\.(html|js|css|svg|json|txt|webmanifest)$/;
function walk(dir) {
  for (const name of readdirSync(dir)) {
    const path = join(dir, name);
    if (statSync(path).isDirectory()) walk(path);
    else if (texts.test(name)) compress(path);
  }
}
function compress(path) {
  const bytes = readFileSync(path);
  writeFileSync(path + '.gz', gzipSync(bytes, { level: 9 }));
  const params = { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length };
  writeFileSync(path + '.br', brotliCompressSync(bytes, { params }));
}
walk(process.argv[2] ?? 'dist');
