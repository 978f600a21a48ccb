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

  describe('the replay report', () => {
    const report = async (...events: object[]): Promise<void> => {
      writeFileSync(join(folder, 'c.ndjson'), events.map((e) => JSON.stringify(e)).join('\n'));
      run(['replay', 'c.ndjson', '--rules', rules, '--report', 'r.html'], { cwd: folder });
      await page.goto(`file://${folder}/r.html`);
    };
    const shown = (): Promise<number> => page.locator('#alerts details:visible').count();
    const at = (time: string, id: string, more: object = {}): object => ({
      '@timestamp': time,
      ...match(id),
      ...more,
    });

    it('shows each alert with its evidence, event and guide, and runs nothing of a log', async () => {
      await report(
        { ...match('one'), user: { name: 'ada@contoso.example' }, big: 1 },
        {
          ...match('two'),
          user: { name: hostile },
          source: { ip: '203.0.113.9' },
          [hostile]: [hostile, '\u202e'],
        },
      );
      expect(await page.locator('#alerts details').count()).toBe(2);
      await page.locator('#alerts summary').nth(1).click();
      await page.locator('#alerts details').nth(1).getByText('Investigation guide').waitFor();
      const card = await page.locator('#alerts details').nth(1).innerText();
      expect(card).toContain(hostile);
      expect(card).toMatch(/authentication_protocol:\s*deviceCode/);
      expect(card).toContain('c.ndjson:2');
      expect(card).toContain('How to respond');
      expect(await page.locator('#attack').innerText()).toContain('T1528 Steal Application Access Token');
      expect(await page.locator('#rules').innerText()).toContain(hostile);
      // What got in all the same could do nothing: neither inline code nor markup is taken.
      const put = `document.body.append(Object.assign(document.createElement('script'), { textContent: 'window.hacked=1' }))`;
      await expect(page.evaluate(put)).rejects.toThrow(/TrustedScript/);
      await expect(
        page.evaluate(`document.body.innerHTML = '<img src=x onerror="window.hacked=1">'`),
      ).rejects.toThrow(/TrustedHTML/);
      expect(await hacked()).toBeUndefined();
      expect({ outside, problems }).toEqual({ outside: [], problems: [] });
    });

    it('is searched and filtered by word, technique and time, by mouse and by keyboard', async () => {
      await report(
        at('2026-03-10T01:00:00Z', 'one', { user: { name: 'ada@contoso.example' } }),
        at('2026-03-10T01:00:05Z', 'two'),
        at('2026-03-10T09:00:00Z', 'three'),
      );
      expect(await shown()).toBe(3);
      await page.keyboard.press('/');
      await page.keyboard.type('ada@contoso');
      expect(await shown()).toBe(1);
      await page.keyboard.press('Escape');
      await page.keyboard.press('Escape');
      expect(await shown()).toBe(3);
      await page.locator('.timeline g').first().click();
      expect(await shown()).toBe(2);
      await page.locator('#attack button').click();
      expect(await page.locator('#shown').innerText()).toBe('2 of 3 alerts');
      await page.locator('#clear').click();
      await page.keyboard.press('j');
      await page.keyboard.press('j');
      await page.keyboard.press('Enter');
      expect(await page.locator('#alerts details[open]').count()).toBe(1);
      expect(await page.locator('#alerts details').nth(1).getAttribute('open')).not.toBeNull();
    });

    it('fits a phone, follows the light or dark of the system, and prints every alert opened', async () => {
      await report(at('2026-03-10T01:00:00Z', 'one'), at('2026-03-10T01:00:05Z', 'two'));
      await page.locator('#alerts summary').first().click();
      await page.setViewportSize({ width: 390, height: 844 });
      expect(await page.evaluate('document.documentElement.scrollWidth <= innerWidth')).toBe(true);
      const ground = (): Promise<unknown> => page.evaluate('getComputedStyle(document.body).backgroundColor');
      await page.emulateMedia({ colorScheme: 'light' });
      const light = await ground();
      await page.emulateMedia({ colorScheme: 'dark' });
      expect(await ground()).not.toBe(light);
      await page.evaluate(`dispatchEvent(new Event('beforeprint'))`);
      expect(await page.locator('#alerts details[open]').count()).toBe(2);
      expect(problems).toEqual([]);
    });
  });
});
