// `npm run docs` writes the pages that are made from the code; `npm run docs:check` says which of them are out of date.
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { licencesPage } from './licencesPage.js';
import { logsPage } from './logsPage.js';
import { ruleCodesPage } from './ruleCodesPage.js';

const root = new URL('../../', import.meta.url);
const pages = [
  ['docs/logs.md', logsPage()],
  ['docs/rule-codes.md', ruleCodesPage()],
  ['docs/licences.md', licencesPage(readFileSync(new URL('package-lock.json', root), 'utf8'))],
] as const;

const stale = pages.filter(([path, text]) => {
  try {
    return readFileSync(new URL(path, root), 'utf8') !== text;
  } catch {
    return true;
  }
});
if (process.argv.includes('--check')) {
  for (const [path] of stale) process.stderr.write(`${path} is out of date: run npm run docs\n`);
  process.exitCode = stale.length > 0 ? 1 : 0;
} else {
  for (const [path, text] of stale) {
    writeFileSync(fileURLToPath(new URL(path, root)), text);
    process.stdout.write(`${path}\n`);
  }
}
