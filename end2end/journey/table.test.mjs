// What is done to the columns and rows of the table of runs.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { ALICE, BOB, alive, open, quiet, world } from './runmark.mjs';

let w;
let page;
before(async () => {
  w = await world();
  page = await w.person();
});
after(() => w?.end());

const rows = () => page.locator('.run-table tbody th a').allInnerTexts();
const heads = () => page.locator('.run-table thead tr:nth-child(2) .head-title').allInnerTexts();
const head = (name) => page.getByRole('columnheader', { name, exact: true });
const columns = (text) => `${w.experiment}?columns=${text}`;

/** Opens a page, does something there, and hears no complaint. */
function journey(name, address, walk) {
  test(name, async () => {
    page.complaints.length = 0;
    await open(page, w, address());
    await walk();
    await alive(page);
    quiet(page);
  });
}

/** Chooses from the menu of a column. */
async function choose(column, what) {
  const head = page.locator('.run-table thead th').filter({ has: page.locator('.head-title', { hasText: new RegExp(`^${column}$`) }) });
  await head.hover();
  await head.getByRole('button', { name: `Column ${column}` }).click();
  await page.getByRole('dialog', { name: `Column ${column}` }).getByRole('button', { name: what }).click();
}

journey('columns are moved, pinned and hidden from their menus', () => columns('user,metrics.loss,params.C'), async () => {
  assert.deepEqual(await heads(), ['Run', 'User', 'loss', 'C']);
  await choose('C', 'Move left');
  await page.waitForURL(/columns=user,params.C,metrics.loss/);
  await choose('loss', 'Pin');
  await page.waitForURL(/columns=!metrics.loss,user,params.C/);
  assert.deepEqual(await heads(), ['Run', 'loss', 'User', 'C']);
  const position = () => page.locator('.run-table th.pinned').evaluate((head) => getComputedStyle(head).position);
  assert.equal(await position(), 'sticky');
  await choose('User', 'Hide');
  await page.waitForURL(/columns=!metrics.loss,params.C/);
  await page.reload();
  await alive(page);
  assert.deepEqual(await heads(), ['Run', 'loss', 'C']);
});

journey('a column is moved by dragging its head', () => columns('user,metrics.loss,params.C'), async () => {
  await page.locator('.run-table thead th.num').hover();
  await page.mouse.down();
  await page.locator('.run-table thead th.text').first().hover();
  await page.locator('.run-table thead th.text').first().hover({ position: { x: 20, y: 10 } });
  await page.mouse.up();
  await page.waitForURL(/columns=metrics.loss,user,params.C/);
});

journey('a column is as wide as its edge is dragged, also after a reload', () => columns('user,metrics.loss,params.C'), async () => {
  const width = () => page.locator('.run-table thead th.num').first().evaluate((head) => head.getBoundingClientRect().width);
  assert.equal(await width(), 132);
  const grip = await page.locator('.run-table thead th.num .grip').first().boundingBox();
  await page.mouse.move(grip.x + grip.width / 2, grip.y + 5);
  await page.mouse.down();
  await page.mouse.move(grip.x + grip.width / 2 + 68, grip.y + 5, { steps: 4 });
  await page.mouse.up();
  await page.waitForURL(/metrics.loss~200/);
  assert.equal(await width(), 200);
  await page.reload();
  await alive(page);
  assert.equal(await width(), 200);
});

journey('the least and the greatest value of a metric are columns', () => columns('metrics.loss'), async () => {
  await choose('loss', /Greatest value/);
  await page.waitForURL(/columns=metrics.loss,max_metrics.loss/);
  const cells = page.locator('.run-table tbody tr').first().locator('td.num');
  await page.waitForFunction(() => document.querySelectorAll('.run-table tbody tr:first-child td.num').length === 2);
  const [last, most] = (await cells.allInnerTexts()).map(Number);
  assert(most > last, `${most} > ${last}`);
  await page.locator('th', { hasText: 'max' }).getByRole('link').click();
  await page.waitForURL(/order=max_metrics.loss/);
});

journey('runs are sorted by several columns', () => columns('user,metrics.loss'), async () => {
  await page.locator('th', { hasText: 'User' }).last().getByRole('link').click();
  await page.waitForURL(/order=attributes.user_id\+ASC|order=user_id\+ASC/);
  await page.locator('th', { hasText: 'loss' }).last().getByRole('link').click({ modifiers: ['Shift'] });
  await page.waitForURL(/order=[^&]*user_id\+ASC,metrics.loss\+ASC/);
  await alive(page);
  assert.equal(await page.locator('.head-place').count(), 2);
  assert.deepEqual((await rows()).sort(), [ALICE, BOB]);
});

journey('the keyboard opens the menu of a column', () => columns('user,metrics.loss'), async () => {
  await page.locator('th', { hasText: 'loss' }).last().getByRole('link').focus();
  await page.keyboard.press('ArrowDown');
  await page.getByRole('dialog', { name: 'Column loss' }).waitFor();
  await page.keyboard.press('Escape');
  await page.getByRole('dialog', { name: 'Column loss' }).waitFor({ state: 'detached' });
});
