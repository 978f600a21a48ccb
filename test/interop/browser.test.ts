import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { noBrowser, openBrowser } from '../support/browser.js';
import { root, run } from '../support/program.js';
import { match } from '../support/records.js';

const rules = `${root}conf/rules`;
const hostile = '<img src=x onerror="window.hacked=1"></script><script>window.hacked=1</script>';

describe.skipIf(noBrowser !== null)('in a real Chromium', () => {
  let browser: Browser;
  let page: Page;
  let folder: string;
  let outside: string[];
  let problems: string[];
  beforeAll(async () => {
    browser = await openBrowser();
  });
  afterAll(() => browser.close());
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'fd-page-'));
    page = await browser.newPage();
    outside = [];
    problems = [];
    page.on('request', (r) => {
      if (!/^(file|http:\/\/127\.0\.0\.1)/.test(r.url())) outside.push(r.url());
    });
    page.on('pageerror', (e) => problems.push(e.message));
  });
  afterEach(async () => {
    await page.close();
    rmSync(folder, { recursive: true, force: true });
  });
  const hacked = (): Promise<unknown> => page.evaluate('window.hacked');

  it('the replay report shows each alert with its evidence, event and guide, can be searched, and runs nothing of a log', async () => {
    const events = [
      { ...match('one'), user: { name: 'ada@contoso.example' } },
      { ...match('two'), user: { name: hostile }, source: { ip: '203.0.113.9' } },
    ];
    writeFileSync(join(folder, 'c.ndjson'), events.map((e) => JSON.stringify(e)).join('\n'));
    run(['replay', 'c.ndjson', '--rules', rules, '--report', 'r.html'], { cwd: folder });
    await page.goto(`file://${folder}/r.html`);
    expect(await page.locator('#alerts details').count()).toBe(2);
    await page.locator('#alerts summary').nth(1).click();
    await page.locator('#alerts details').nth(1).getByText('Investigation guide').waitFor();
    const card = await page.locator('#alerts details').nth(1).innerText();
    expect(card).toContain(hostile);
    expect(card).toContain('deviceCode');
    expect(card).toContain('Investigation guide');
    await page.fill('#search', 'ada@contoso');
    expect(await page.locator('#alerts details:visible').count()).toBe(1);
    expect(await page.locator('#rules tr').innerText()).toContain('T1528');
    expect(await hacked()).toBeUndefined();
    expect({ outside, problems }).toEqual({ outside: [], problems: [] });
  });
});
