// Pages on paper: no bars and menus, whole tables, and charts also where nothing was painted yet.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { chart, drawn, keep, open, quiet, world } from './runmark.mjs';

let w;
let page;
before(async () => {
  w = await world();
  page = await w.person();
});
after(() => w?.end());

/** Opens a page as it comes on paper. */
async function printed(name, address) {
  page.complaints.length = 0;
  await page.emulateMedia({ media: null });
  await open(page, w, address);
  if (await page.locator('figure.chart canvas').count()) await drawn(page, 'loss');
  await page.emulateMedia({ media: 'print' });
  await keep(page, `print-${name}`);
  assert.equal(await page.locator('.top-bar').isVisible(), false);
  assert.equal(await page.locator('main .button:visible, main .icon-button:visible').count(), 0);
  quiet(page);
}

const style = (selector, property) =>
  page.locator(selector).first().evaluate((element, property) => getComputedStyle(element)[property], property);

test('a table of runs is whole and stays where it is', async () => {
  await printed('runs', `${w.experiment}?columns=!user,metrics.loss,params.C`);
  assert.equal(await style('.table-frame', 'overflow'), 'visible');
  assert.equal(await style('.run-table thead th.name', 'position'), 'static');
  assert.equal(await page.getByRole('link', { name: "Alice's Initial Run" }).isVisible(), true);
});

test('a log is whole', async () => {
  await w.upload(w.alice, 'output.log', 'printed by the program\n');
  await printed('log', `${w.aliceRun}?tab=log`);
  await page.getByText('printed by the program').waitFor();
  assert.equal(await style('.log', 'overflow'), 'visible');
});

test('charts, comparisons and plots are on paper', async () => {
  await printed('run-charts', `${w.aliceRun}?tab=charts`);
  const box = await chart(page, 'loss').boundingBox();
  const canvas = await chart(page, 'loss').locator('canvas').boundingBox();
  assert(canvas.width <= box.width + 1, `${canvas.width} of ${box.width}`);
  assert.equal(await chart(page, 'loss').locator('.chart-print').count(), 0, 'what is painted needs no picture');
  await printed('comparison', w.comparison);
  await printed('run', w.aliceRun);
  await printed('explore', `${w.experiment}?tab=explore`);
});

test('a chart that nobody saw yet has a picture for paper', async () => {
  await page.emulateMedia({ media: null });
  await page.setViewportSize({ width: 500, height: 200 });
  await open(page, w, w.comparison);
  const pictures = page.locator('.chart-print');
  const last = page.locator('figure.chart').last();
  if ((await last.boundingBox()).y > 700) assert(await pictures.count(), 'the charts far down have one');
  assert.equal(await page.locator('.chart-print:visible').count(), 0, 'but only on paper');
});

test('what is painted for the dark is light on paper, also where the system is dark', async () => {
  const dark = await w.person('admin', { colorScheme: 'dark' });
  await open(dark, w, `${w.aliceRun}?tab=charts`);
  const canvas = await drawn(dark, 'loss');
  // A canvas may be painted anew for paper, in light colours.
  const look = () =>
    canvas.evaluate((canvas) => {
      const copy = new OffscreenCanvas(1, 1).getContext('2d');
      copy.drawImage(canvas, 0, 0);
      const isDark = copy.getImageData(0, 0, 1, 1).data[0] < 128;
      return { isDark, isTurned: getComputedStyle(canvas).filter.includes('invert') };
    });
  assert.deepEqual(await look(), { isDark: true, isTurned: false });
  await dark.emulateMedia({ media: 'print' });
  const { isDark, isTurned } = await look();
  assert.equal(isTurned, isDark);
  quiet(dark);
  await dark.context().close();
});
