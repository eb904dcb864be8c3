import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { collisions, faults, open, overflow, startBrowser } from './browser.ts';
import { EVENT, HOSTILE, OVERVIEWS, statusPages } from './pages.ts';

/*
 * overview.html and the page of vm_status, as a browser has them. AIRHIVE_PAGE_SHOTS=DIRECTORY keeps pictures of all of
 * them, to be looked at.
 */

const WIDTHS = [360, 768, 1280, 1600];
const SHOTS = process.env.AIRHIVE_PAGE_SHOTS;

let browser: Browser;
const pages: Record<string, string> = {};
beforeAll(async () => {
  browser = await startBrowser();
  for (const [name, html] of Object.entries(OVERVIEWS)) pages[`overview, ${name}`] = html;
});
afterAll(() => browser.close());

const STATES = [
  ...[
    'online',
    'offline',
    'closed',
    'limited',
    'login',
    'no-card',
    'silent',
    'starting',
    'stopped',
    'native',
  ],
  ...['access point', 'online, a hostile name', 'online, a name of escapes', 'online, a wide name'],
];
async function takePictures(page: Page, directory: string, name: string): Promise<void> {
  for (const width of [360, 1280]) {
    await page.setViewportSize({ width, height: 900 });
    const file = `${name.replace(/[^a-z]+/g, '-')}-${width}.png`;
    await page.screenshot({ path: join(directory, file), fullPage: true });
  }
}

const ALL = [...STATES, ...Object.keys(OVERVIEWS).map((name) => `overview, ${name}`)];

function htmlOf(name: string): string {
  const html = pages[name] ?? '';
  expect([name, html]).toEqual([name, expect.stringMatching(/<\/html>\n$/)]);
  return html;
}

// Comes first: a machine of the bench lives as long as the test that made it.
it('vm_status makes a page of every state', async () => {
  Object.assign(pages, await statusPages());
  expect(Object.keys(pages)).toEqual(expect.arrayContaining(ALL));
});

describe('every page', () => {
  it.each(ALL)('fits four widths, is accessible in both colour schemes and asks nobody: %s', async (name) => {
    const { page, requests, complaints } = await open(browser, htmlOf(name));
    for (const width of WIDTHS) {
      await page.setViewportSize({ width, height: 900 });
      expect([width, await overflow(page)]).toEqual([width, 0]);
      expect([width, await collisions(page)]).toEqual([width, []]);
    }
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme });
      expect(await faults(page)).toEqual([]);
      if (SHOTS !== undefined) await takePictures(page, SHOTS, `${name}-${colorScheme}`);
    }
    expect([requests, complaints]).toEqual([[], []]);
    await page.context().close();
  });

  it.each(['online', 'overview, everything'])('fits paper, in the colours for it: %s', async (name) => {
    const { page } = await open(browser, htmlOf(name), { scheme: 'dark', width: 690 });
    await page.emulateMedia({ media: 'print' });
    expect(await overflow(page)).toBe(0);
    expect(await page.evaluate('getComputedStyle(document.body).color')).toBe('rgb(28, 32, 36)');
    const paper = (await page.pdf({ format: 'A4', preferCSSPageSize: true })).toString('latin1');
    expect(paper.match(/\/Type \/Page\b/g)?.length).toBeLessThan(12);
    await page.context().close();
  });

  it.each(['limited', 'overview, complete'])('is the same without JavaScript: %s', async (name) => {
    const texts: string[] = [];
    for (const scripts of [true, false]) {
      const { page } = await open(browser, htmlOf(name), { scripts });
      texts.push(await page.locator('body').innerText());
      await page.context().close();
    }
    expect(texts[1]).toBe(texts[0]);
    expect(texts[0]?.length).toBeGreaterThan(500);
  });
});

describe('what strangers say', () => {
  it('a name that is HTML is a text', async () => {
    const { page } = await open(browser, htmlOf('online, a hostile name'));
    expect(await page.title()).toBe('online: airhive, intel8260');
    expect(await page.locator('script').count()).toBe(0);
    const row = page.locator('tr', { has: page.getByRole('rowheader', { name: 'network', exact: true }) });
    expect(await row.innerText()).toContain(`"${HOSTILE}"`);
    await page.context().close();
  });

  it('a line of a log that is HTML is a text', async () => {
    const { page } = await open(browser, htmlOf('stopped'));
    expect(await page.locator('img').count()).toBe(0);
    expect(await page.locator('li').last().innerText()).toBe(EVENT);
    await page.context().close();
  });

  it('a login page is a link with its whole address', async () => {
    const { page } = await open(browser, htmlOf('login'));
    const link = page.getByRole('link', { name: 'Open the login page' });
    expect(await link.getAttribute('href')).toBe('https://login.example/?a=1&b=%3Cscript%3E');
    await page.context().close();
  });

  it('the name of an access point that is HTML is a text', async () => {
    for (const name of ['access point', 'overview, access point']) {
      const { page } = await open(browser, htmlOf(name));
      expect(await page.locator('script').count()).toBe(0);
      expect(await page.locator('body').innerText()).toContain(HOSTILE);
      await page.context().close();
    }
  });
});

describe('where it breaks', () => {
  it.each([
    ['online', 'All parts of the way work'],
    ['stopped', 'It breaks at: the guest'],
    ['silent', 'the guest'],
    ['starting', 'Look at: the guest'],
    ['no-card', 'It breaks at: the Wi-Fi card'],
    ['offline', 'It breaks at: the Wi-Fi network'],
    ['closed', 'It breaks at: the packet filter'],
    ['limited', 'It breaks at: the way to the Internet'],
    ['login', 'Look at: the way to the Internet'],
    ['native', "FreeBSD's own driver has the card"],
    ['access point', 'The access point works'],
  ])('%s: said in words, and drawn by shape and colour', async (name, verdict) => {
    const { page } = await open(browser, htmlOf(name));
    expect(await page.locator('.verdict h2').innerText()).toContain(verdict);
    // The drawing has the words of the table, and a shape of its own for each.
    const rows = await page.locator('td > .state').allInnerTexts();
    const drawn = await page.locator('svg.way .word').allTextContents();
    for (const word of drawn) expect(rows.map((row) => row.trim())).toContain(word);
    const shapes = await page
      .locator('svg.way use')
      .evaluateAll((uses) =>
        uses.map((use) => (use as unknown as { getBBox: () => { width: number } }).getBBox().width > 0),
      );
    expect(shapes).toHaveLength(drawn.length);
    expect(shapes).not.toContain(false);
    await page.context().close();
  });
});
