// Charts where people want them: moved, pinned, sized, seen on the whole screen; by mouse and by keyboard.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { accessible, alive, chart, drawn, open, quiet, world } from './runmark.mjs';

const METRICS = ['loss', 'lr', 'train/a', 'train/b', 'train/c', 'train/d', 'train/e', 'train/f', 'val/a', 'val/b', 'val/c', 'val/d', 'val/e', 'val/f'];

let w;
let page;
let run;

const ask = (operation, body) => w.asked(operation, body);

before(async () => {
  w = await world();
  page = await w.person();
  const made = await ask('runs/create', { experiment_id: w.alice.experiment, run_name: 'Many metrics', start_time: Date.now() });
  run = made.run.info.run_id;
  const steps = [...Array(20).keys()];
  const metrics = METRICS.flatMap((key) => steps.map((step) => ({ key, step, value: Math.sin(step + key.length), timestamp: 1000 + step })));
  await ask('runs/log-batch', { run_id: run, metrics });
});
after(() => w?.end());

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

const charts = (query = '') => `${w.experiment}/runs/${run}?tab=charts${query}`;
const grip = (metric) => chart(page, metric).getByRole('button', { name: `Move ${metric}`, exact: true });
const layout = () => new URL(page.url()).searchParams.get('layout') ?? '';
/** The charts of a section as they are on the page, by its place among the sections. */
const order = (section) =>
  page.locator('.chart-grid').nth(section).locator('figure.chart').evaluateAll((charts) => charts.map((chart) => chart.dataset.chart).join(' '));

async function becomes(read, expected) {
  for (let waited = 0; (await read()) !== expected; waited += 20) {
    assert(waited < 5_000, `${await read()} rather than ${expected}`);
    await page.waitForTimeout(20);
  }
}

async function menu(metric) {
  await chart(page, metric).hover();
  await chart(page, metric).getByRole('button', { name: `More of ${metric}` }).click();
  return page.getByRole('dialog', { name: `More of ${metric}` });
}

journey('a chart is dragged to another place, and nothing is fetched again', () => charts(), async () => {
  await drawn(page, 'train/a');
  await drawn(page, 'train/c');
  await alive(page);
  let asked = 0;
  const count = (request) => (asked += new URL(request.url()).pathname === '/ui/curves');
  await chart(page, 'train/c').hover();
  page.on('request', count);
  const from = await grip('train/c').boundingBox();
  const to = await chart(page, 'train/a').boundingBox();
  await page.mouse.move(from.x + from.width / 2, from.y + from.height / 2);
  await page.mouse.down();
  await page.mouse.move(to.x + to.width / 4, to.y + to.height / 2, { steps: 6 });
  await page.locator('figure.chart[data-drop="before"]').waitFor();
  await page.locator('.chart-carried').getByText('train/c').waitFor();
  await page.mouse.up();
  await becomes(layout, 'train/c!0');
  await becomes(() => order(1), 'train/c train/a train/b train/d train/e train/f');
  assert.equal(await page.locator('[data-drop], [data-carried]').count(), 0);
  await alive(page);
  page.off('request', count);
  assert.equal(asked, 0);
  // Whoever has the link sees it so.
  await page.reload();
  await drawn(page, 'train/c');
  assert.equal(await order(1), 'train/c train/a train/b train/d train/e train/f');
});

journey('what is let go of with Escape stays', () => charts(), async () => {
  await drawn(page, 'train/a');
  await chart(page, 'train/b').hover();
  const from = await grip('train/b').boundingBox();
  const to = await chart(page, 'train/a').boundingBox();
  await page.mouse.move(from.x + 5, from.y + 5);
  await page.mouse.down();
  await page.mouse.move(to.x + 20, to.y + 40, { steps: 4 });
  await page.keyboard.press('Escape');
  await page.mouse.up();
  await page.locator('.chart-carried').waitFor({ state: 'detached' });
  assert.equal(layout(), '');
});

journey('the arrows move a chart, and say where it is', () => charts(), async () => {
  await drawn(page, 'train/a');
  await grip('train/a').focus();
  await page.keyboard.press('ArrowRight');
  await page.getByRole('status').getByText('train/a, place 2 of 6').waitFor();
  await becomes(() => order(1), 'train/b train/a train/c train/d train/e train/f');
  await grip('train/a').and(page.locator(':focus')).waitFor();
  await page.keyboard.press('End');
  await becomes(() => order(1), 'train/b train/c train/d train/e train/f train/a');
  await grip('train/a').and(page.locator(':focus')).waitFor();
  await page.keyboard.press('Home');
  await becomes(layout, '');
});

journey('a chart is pinned above all others', () => charts(), async () => {
  await drawn(page, 'loss');
  const panel = await menu('val/c');
  await panel.getByRole('button', { name: 'Pin to the top' }).click();
  await becomes(layout, 'val/c!p');
  await page.getByRole('region', { name: 'Pinned' }).getByRole('heading', { name: 'val/c' }).waitFor();
  assert.equal(await chart(page, 'val/c').count(), 1);
  await grip('val/c').and(page.locator(':focus')).waitFor();
  await drawn(page, 'val/c');
  await accessible(page);
  await (await menu('val/c')).getByRole('button', { name: 'Unpin' }).click();
  await page.getByRole('region', { name: 'Pinned' }).waitFor({ state: 'detached' });
  assert.equal(layout(), '');
});

journey('a chart is sized at its corner and in its menu', () => charts(), async () => {
  await drawn(page, 'loss');
  const before = await chart(page, 'loss').boundingBox();
  await page.mouse.move(before.x + before.width - 6, before.y + before.height - 6);
  await page.mouse.down();
  await page.mouse.move(before.x + before.width * 2, before.y + before.height - 6, { steps: 5 });
  await page.locator('.chart-ghost').getByText('2 columns').waitFor();
  await page.mouse.up();
  await becomes(layout, 'loss!w2');
  const wide = await chart(page, 'loss').boundingBox();
  assert(wide.width > before.width * 1.9, `${wide.width} from ${before.width}`);
  assert(Math.abs(wide.height - before.height) < 40, `${wide.height} from ${before.height}`);
  const panel = await menu('loss');
  await panel.getByText('Tall').click();
  await becomes(layout, 'loss!w2!t');
  assert((await chart(page, 'loss').boundingBox()).height > wide.height * 1.5);
  await panel.getByText('Small').click();
  await becomes(layout, 'loss!w2!s');
  assert((await chart(page, 'loss').boundingBox()).height < wide.height);
  await page.keyboard.press('Escape');
  // In a narrow window it is as wide as the window.
  await page.setViewportSize({ width: 400, height: 800 });
  const narrow = await chart(page, 'loss').boundingBox();
  assert(narrow.x >= 0 && narrow.x + narrow.width <= 400);
  await page.setViewportSize({ width: 1280, height: 800 });
});

journey('sections are moved and folded, and all is put back', () => charts(), async () => {
  await drawn(page, 'loss');
  const section = (name) => page.locator('.chart-block').filter({ has: page.getByRole('heading', { level: 2, name, exact: true }) });
  const names = () => page.locator('.chart-block h2').allInnerTexts().then((names) => names.join(' '));
  await section('val').hover();
  await section('val').getByRole('button', { name: 'Move section val up' }).click();
  await becomes(names, 'Metrics val train');
  await section('val').locator('summary').click();
  await becomes(layout, '(val)!1!f');
  await page.reload();
  await drawn(page, 'loss');
  assert.equal(await names(), 'Metrics val train');
  assert.equal(await section('val').locator('details').getAttribute('open'), null);
  await page.getByRole('button', { name: 'More chart settings' }).click();
  await page.getByRole('button', { name: 'Reset layout' }).click();
  await page.keyboard.press('Escape');
  await becomes(names, 'Metrics train val');
  await drawn(page, 'val/a');
  assert.equal(layout(), '');
});

journey('a chart fills the screen, and the next ones come by the arrows', () => charts(), async () => {
  await drawn(page, 'loss');
  const large = page.locator('figure.chart[data-large]');
  const shows = (metric) => large.getByRole('heading', { name: metric, exact: true }).waitFor();
  await chart(page, 'loss').hover();
  await page.keyboard.press('f');
  await shows('loss');
  await large.getByRole('button', { name: 'Leave full screen' }).and(page.locator(':focus')).waitFor();
  const size = await large.boundingBox();
  assert(size.width >= 1270, `${size.width} pixels wide`);
  await page.keyboard.press('ArrowRight');
  await shows('lr');
  await page.keyboard.press('ArrowRight');
  await shows('train/a');
  await page.keyboard.press('ArrowLeft');
  await shows('lr');
  assert.equal(await large.count(), 1);
  await drawn(page, 'lr');
  await page.keyboard.press('Escape');
  await large.waitFor({ state: 'detached' });
  await chart(page, 'lr').getByRole('button', { name: 'Full screen' }).and(page.locator(':focus')).waitFor();
  assert.equal(await page.evaluate(() => document.fullscreenElement), null);
});

journey('whoever has a link sees its layout, also without scripts', () => `${w.experiment}?tab=charts&layout=val%2Faccuracy!p!w2`, async () => {
  await page.getByRole('region', { name: 'Pinned' }).getByRole('heading', { name: 'val/accuracy' }).waitFor();
  const noScript = await w.page({ javaScriptEnabled: false, storageState: await page.context().storageState() });
  await noScript.goto(page.url());
  assert.match(await noScript.locator('figure.chart img').first().getAttribute('src'), /metric=val\/accuracy/);
  await noScript.context().close();
});

journey('each chart of a board is fetched once', () => '/account', async () => {
  const asked = [];
  const note = (request) => new URL(request.url()).pathname === '/ui/curves' && asked.push(request);
  page.on('request', note);
  await page.goto(new URL(charts(), w.url).href);
  await alive(page);
  for (const metric of ['loss', 'train/a', 'val/f']) await drawn(page, metric);
  // Each once, however many came at a time.
  await alive(page);
  page.off('request', note);
  assert(asked.length >= 3 && asked.length <= METRICS.length, `${asked.length} requests`);
});
