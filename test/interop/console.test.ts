// The console in a real Chromium, on a real stage: what it shows, by mouse and keyboard, to eyes and to a screen reader;
// and that nothing of a log runs in it.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import axe from 'axe-core';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { noBrowser, openBrowser } from '../support/browser.js';
import { Program, root } from '../support/program.js';
import { match } from '../support/records.js';
import { Sender } from '../support/sender.js';
import { messageMode, type Plain } from '../support/wire.js';

const hostile = '<img src=x onerror="window.hacked=1"></script><script>window.hacked=1</script>';
const token = 'console-test-token';

describe.skipIf(noBrowser !== null)('the console in a real Chromium', () => {
  let browser: Browser;
  let page: Page;
  let folder: string;
  let program: Program;
  let sender: Sender;
  let admin: string;
  /** Requests to elsewhere, errors of the page, and what its policy refused. */
  let wrong: string[];

  beforeAll(async () => {
    browser = await openBrowser();
  });
  afterAll(async () => {
    await browser.close();
  });
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'fd-console-'));
    program = start([]);
    sender = await Sender.to(await program.port());
    admin = `${(await program.ready()).admin}/`;
    page = await browser.newPage();
    page.setDefaultTimeout(15_000);
    wrong = [];
    page.on('request', (r) => {
      if (!r.url().startsWith(admin)) wrong.push(r.url());
    });
    page.on('pageerror', (e) => wrong.push(e.message));
    page.on('console', (m) => {
      if (/Content Security Policy|TrustedHTML/.test(m.text())) wrong.push(m.text());
    });
  });
  afterEach(async () => {
    await page.close();
    await sender.close();
    await program.kill();
    rmSync(folder, { recursive: true, force: true });
  });

  function start(more: readonly string[]): Program {
    const args = ['run', '--log-format', 'json', '--in', 'forward://127.0.0.1:0', '--out', 'file:out.ndjson'];
    const rest = ['--alerts', 'file:alerts.ndjson', '--rules', `${root}conf/rules`, '--admin', '127.0.0.1:0'];
    return new Program([...args, ...rest, ...more], { cwd: folder, env: { ...process.env, TOKEN: token } });
  }
  let sent = 0;
  async function send(record: Plain): Promise<void> {
    sent += 1;
    sender.write(messageMode('azure', record, { chunk: `c${sent}` }));
    const before = sender.acks.length;
    await sender.acked(before + 1);
  }
  const rows = () => page.locator('#alert-list li:visible');

  it('shows alerts as they are made, each with evidence, event and guide, found by search, by keyboard alone', async () => {
    await page.goto(admin);
    await page.getByText('No alert since the stage started').waitFor();
    expect(await page.locator('#state').innerText()).toBe('Ready');
    await send({ ...match('one'), user: { name: 'ada@contoso.example' } });
    await rows().first().waitFor();
    await send({ ...match('two'), user: { name: 'bo@contoso.example' }, n: 9007199254740993n });
    await expect.poll(() => rows().count()).toBe(2);
    await page.keyboard.press('/');
    await page.keyboard.type('bo@contoso t1528');
    await expect.poll(() => rows().count()).toBe(1);
    await page.locator('#alert-search').fill('');
    await rows().first().locator('button').focus();
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('ArrowUp');
    await page.keyboard.press('Enter');
    const dialog = page.getByRole('dialog', { name: 'Device Code' });
    await dialog.waitFor();
    const text = await dialog.innerText();
    for (const part of [
      'deviceCode',
      'bo@contoso.example',
      'T1528',
      'What the alert means',
      '9007199254740993',
    ])
      expect(text).toContain(part);
    await page.keyboard.press('Escape');
    expect(await dialog.isVisible()).toBe(false);
    expect(await page.evaluate('document.activeElement.textContent')).toContain('bo@contoso.example');
    expect(wrong).toEqual([]);
  });

  it('runs nothing of a log, wherever a hostile value is shown', async () => {
    await page.goto(admin);
    await send({ ...match('x'), user: { name: hostile }, source: { ip: hostile }, [hostile]: hostile });
    await rows().first().waitFor();
    expect(await rows().first().innerText()).toContain(hostile);
    await rows().first().locator('button').click();
    await page.getByRole('dialog').getByText('Evidence').waitFor();
    expect(await page.getByRole('dialog').innerText()).toContain(hostile);
    expect(await page.evaluate('window.hacked')).toBeUndefined();
    expect(await page.evaluate(`document.querySelectorAll('[src="x"], [onerror]').length`)).toBe(0);
    expect(wrong).toEqual([]);
  });

  it('shows rules with hits, cost and state, sorted by a click, and fields that the traffic never had', async () => {
    await send(match('one'));
    await page.goto(`${admin}#rules`);
    const row = page.locator('#rule-table tbody tr').first();
    await row.waitFor();
    expect(await row.innerText()).toMatch(
      /Device Code[\s\S]*TA0006[\s\S]*active\s+1\s+1\s+1\s+[\d,.]+\s+[\d,.]+/,
    );
    await page.getByRole('button', { name: 'ns an event' }).click();
    expect(await page.locator('th[aria-sort=descending]').innerText()).toContain('ns an event');
    await page.locator('#rule-search').fill('no such rule');
    await expect.poll(() => page.locator('#rule-table tbody tr').count()).toBe(0);
    await page.getByRole('link', { name: 'Fields' }).click();
    await page.locator('#field-table').getByText('never seen').first().waitFor();
    expect(wrong).toEqual([]);
  });

  it('says that the stage does not answer when it is gone, and goes on when it is back', async () => {
    await page.goto(admin);
    await expect.poll(() => page.locator('#state').innerText()).toBe('Ready');
    await send(match('one'));
    await rows().first().waitFor();
    await program.kill();
    await expect.poll(() => page.locator('#state').innerText(), { timeout: 15_000 }).toContain('not answer');
    program = start(['--admin', new URL(admin).host]);
    sender = await Sender.to(await program.port());
    await expect.poll(() => page.locator('#state').innerText(), { timeout: 15_000 }).toBe('Ready');
    await send({ ...match('two'), user: { name: 'after@contoso.example' } });
    await page.getByText('after@contoso.example').first().waitFor();
    expect(await rows().count()).toBe(2);
  });

  it.each([
    ['light', 1280],
    ['dark', 390],
  ] as const)(
    'has nothing that axe calls serious, %s at %d pixels, and does not scroll sideways',
    async (scheme, width) => {
      // axe is put in beside the page's policy, which would refuse it.
      const context = await browser.newContext({ colorScheme: scheme, bypassCSP: true });
      const own = await context.newPage();
      await own.setViewportSize({ width, height: 800 });
      await send({ ...match('one'), user: { name: 'ada@contoso.example' } });
      const found: string[] = [];
      const look = async (where: string): Promise<void> => {
        await own.evaluate(axe.source);
        const { violations } = (await own.evaluate(
          `axe.run({ resultTypes: ['violations'], iframes: false })`,
        )) as axe.AxeResults;
        for (const v of violations)
          if (v.impact === 'serious' || v.impact === 'critical')
            found.push(`${where}: ${v.id} ${v.nodes.map((n) => n.html).join(' ')}`);
        if (!(await own.evaluate('document.documentElement.scrollWidth <= window.innerWidth')))
          found.push(`${where} scrolls sideways`);
      };
      await own.goto(admin);
      await own.locator('#alert-list li').first().waitFor();
      await look('alerts');
      await own.locator('#alert-list button').first().click();
      await own.getByRole('dialog').getByText('Evidence').waitFor();
      await look('an alert');
      await own.keyboard.press('Escape');
      for (const view of ['rules', 'fields']) {
        await own.goto(`${admin}#${view}`);
        await own.locator(`#view-${view} tbody tr`).first().waitFor();
        await look(view);
      }
      await context.close();
      expect(found).toEqual([]);
    },
  );

  it('asks for the token of a stage that has one, refuses another, and then shows its alerts', async () => {
    await program.kill();
    program = new Program(
      [
        'run',
        '--config',
        `${root}test/support/token.yaml`,
        '--log-format',
        'json',
        '--rules',
        `${root}conf/rules`,
      ],
      { cwd: folder, env: { ...process.env, TOKEN: token } },
    );
    sender = await Sender.to(await program.port());
    admin = `${(await program.ready()).admin}/`;
    await page.goto(admin);
    await page.getByLabel('Token').fill('another');
    await page.keyboard.press('Enter');
    await page.getByText('That is not the token').waitFor();
    await page.getByLabel('Token').fill(token);
    await page.keyboard.press('Enter');
    await expect.poll(() => page.locator('#state').innerText()).toBe('Ready');
    await send({ ...match('one'), user: { name: 'ada@contoso.example' } });
    await page.getByText('ada@contoso.example').first().waitFor({ timeout: 20_000 });
    expect(wrong).toEqual([]);
  });
});
