// A real Chromium, where there is one.
import { existsSync } from 'node:fs';
import { type Browser, chromium } from 'playwright-core';

const path = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find((p) =>
  existsSync(p),
);

/** Why the tests that need it are skipped; null: it is there. */
export const noBrowser: string | null = path
  ? null
  : 'there is no Chromium on this machine (apt-get install chromium)';

if (noBrowser !== null) process.stderr.write(`\n*** SKIPPED: ${noBrowser}\n\n`);

export function openBrowser(): Promise<Browser> {
  return chromium.launch({ executablePath: path!, args: ['--no-sandbox'] });
}
