import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import axe from 'axe-core';
import { chromium, type Browser, type Page } from 'playwright-core';
import { freshFolder } from '../fixtures/scratch.ts';

/* A real Chromium, Debian's, for pages that are files. */

/** A sandbox of Chromium's own needs a user that is not root, and the pages are ours. */
export function startBrowser(): Promise<Browser> {
  return chromium.launch({
    executablePath: process.env.AIRHIVE_TEST_CHROMIUM ?? '/usr/bin/chromium',
    args: ['--no-sandbox'],
  });
}

export interface Look {
  readonly width?: number;
  readonly scheme?: 'light' | 'dark';
  readonly scripts?: boolean;
}

/** A page and every request that it has made, also since it was opened. */
export interface Opened {
  readonly page: Page;
  readonly requests: readonly string[];
  readonly complaints: readonly string[];
}

export async function open(browser: Browser, html: string, look: Look = {}): Promise<Opened> {
  const { width = 1280, scheme = 'light', scripts = true } = look;
  const file = join(freshFolder(), 'page.html');
  writeFileSync(file, html);
  const context = await browser.newContext({
    viewport: { width, height: 900 },
    colorScheme: scheme,
    javaScriptEnabled: scripts,
  });
  const page = await context.newPage();
  const url = pathToFileURL(file).href;
  const requests: string[] = [];
  const complaints: string[] = [];
  page.on('request', (request) => {
    if (request.url() !== url) requests.push(request.url());
  });
  page.on('console', (message) => complaints.push(message.text()));
  page.on('pageerror', (error) => complaints.push(error.message));
  await page.goto(url);
  return { page, requests, complaints };
}

/** What axe finds wrong with a page, as RULE: HTML. */
export async function faults(page: Page): Promise<string[]> {
  await page.evaluate(axe.source);
  return page.evaluate(async () => {
    interface Found {
      violations: { id: string; nodes: { html: string; failureSummary?: string }[] }[];
    }
    const { axe: inside } = globalThis as unknown as { axe: { run: () => Promise<Found> } };
    const { violations } = await inside.run();
    return violations.flatMap(({ id, nodes }) =>
      nodes.map(({ html, failureSummary = '' }) => `${id}: ${html} ${failureSummary}`),
    );
  });
}

/** How many pixels of the page are beyond the right edge of the window. */
export const overflow = (page: Page): Promise<number> =>
  page.evaluate('Math.max(0, document.documentElement.scrollWidth - innerWidth)');

/** Texts of the drawing that are not within it, or lie on each other. */
export function collisions(page: Page): Promise<string[]> {
  return page.evaluate(`(() => {
    const svg = document.querySelector('svg.way').getBoundingClientRect();
    const texts = [...document.querySelectorAll('svg.way text')]
      .filter((text) => text.textContent.trim() !== '')
      .map((text) => ({ text: text.textContent, box: text.getBoundingClientRect() }));
    const outside = texts.filter(({ box }) =>
      box.left < svg.left - 1 || box.right > svg.right + 1 || box.top < svg.top - 1 || box.bottom > svg.bottom + 1);
    const over = texts.flatMap((one, index) => texts.slice(index + 1)
      .filter(({ box }) => one.box.left < box.right - 1 && box.left < one.box.right - 1 &&
        one.box.top + one.box.height * .25 < box.bottom - box.height * .25 &&
        box.top + box.height * .25 < one.box.bottom - one.box.height * .25)
      .map((other) => one.text + ' / ' + other.text));
    return [...outside.map(({ text }) => 'outside: ' + text), ...over];
  })()`);
}
