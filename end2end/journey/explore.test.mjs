// Plots over the runs of an experiment: chosen in the address, pointed at, brushed, and taken along.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { ALICE, BOB, alive, fits, open, pixels, quiet, world } from './runmark.mjs';

let w;
let page;
let sweep;
before(async () => {
  w = await world();
  page = await w.person();
  sweep = await runs();
});
after(() => w?.end());

/** An experiment with twelve runs, whose loss is made by one param. */
async function runs() {
  const call = async (path, body) => {
    const answer = await fetch(`${w.url}/api/2.0/mlflow/${path}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${w.server.token}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    const said = await answer.text();
    assert(answer.ok, `${path}: ${answer.status} ${said}`);
    return JSON.parse(said);
  };
  const { experiment_id } = await call('experiments/create', { name: 'Sweep' });
  for (let number = 0; number < 12; number += 1) {
    const { run } = await call('runs/create', { experiment_id, run_name: `run-${number}`, start_time: 1_700_000_000_000 + number });
    const params = { lr: `1e-${1 + (number % 4)}`, seed: `${(number * 5) % 7}`, solver: number % 2 ? 'adam' : 'sgd' };
    await call('runs/log-batch', {
      run_id: run.info.run_id,
      metrics: [
        { key: 'loss', value: 1 + (number % 4), timestamp: 1, step: 1 },
        { key: 'accuracy', value: 0.9 - 0.01 * number, timestamp: 1, step: 1 },
      ],
      params: Object.entries(params).map(([key, value]) => ({ key, value })),
    });
  }
  return `/experiments/${experiment_id}`;
}

const plots = () => page.getByRole('group', { name: 'Plot', exact: true });
const select = (name) => plots().getByRole('combobox', { name, exact: true });
const canvas = () => page.locator('.explore-box canvas');

/** Waits until the plot is painted. */
async function painted() {
  await canvas().waitFor();
  for (let waited = 0; (await pixels(canvas())).drawn < 200; waited += 50) {
    if (waited > 10_000) throw new Error('the plot stays empty');
    await sleep(50);
  }
  return canvas();
}

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

journey('the tab shows params that differ and the first metric side by side', () => sweep, async () => {
  await page.getByRole('navigation', { name: 'Experiment' }).getByRole('link', { name: 'Explore' }).click();
  await page.waitForURL(/tab=explore/);
  await painted();
  await page.getByText('12 runs', { exact: true }).last().waitFor();
  const axes = page.getByRole('list', { name: 'Axes' });
  for (const axis of ['lr', 'seed', 'solver', 'accuracy']) await axes.getByText(axis, { exact: true }).waitFor();
  await page.getByRole('button', { name: 'Take out seed' }).click();
  await page.waitForURL(/axes=/);
  await axes.getByText('seed', { exact: true }).waitFor({ state: 'detached' });
  await page.getByRole('combobox', { name: 'Add an axis' }).selectOption('metrics.loss');
  await axes.getByText('loss', { exact: true }).waitFor();
  await page.reload();
  await alive(page);
  await axes.getByText('loss', { exact: true }).waitFor();
});

journey('every kind of plot is painted', () => `${sweep}?tab=explore`, async () => {
  await painted();
  for (const kind of ['scatter', 'bars', 'box', 'violin', 'histogram', 'heatmap', 'contour']) {
    await select('Plot').selectOption(kind);
    await page.waitForURL(new RegExp(`plot=${kind}`));
    await alive(page);
    await painted();
  }
});

journey('a scatter plot is chosen in the address, and leads to a run', () => `${sweep}?tab=explore&plot=scatter`, async () => {
  await painted();
  await select('X axis').selectOption('params.lr');
  await select('Y axis').selectOption('metrics.loss');
  await page.waitForURL(/py=metrics.loss/);
  await page.getByRole('checkbox', { name: 'Pareto front' }).check();
  await page.waitForURL(/front=less,less/);
  await select('Better on the Y axis').selectOption('more');
  await page.waitForURL(/front=less,more/);
  await alive(page);
  const box = await (await painted()).boundingBox();
  // A point is somewhere: the pointer looks for it along a grid.
  const tooltip = page.locator('.explore-tooltip');
  search: for (let x = 40; x < box.width; x += 12) {
    for (let y = 30; y < box.height; y += 12) {
      await page.mouse.move(box.x + x, box.y + y);
      if (await tooltip.count()) break search;
    }
  }
  await tooltip.getByText(/^run-\d+$/).waitFor();
  const name = await tooltip.locator('.explore-title').textContent();
  await page.mouse.down();
  await page.mouse.up();
  await page.waitForURL(/\/runs\/[0-9a-f]{32}/);
  await page.getByRole('heading', { name, exact: true }).waitFor();
});

journey('a brush leads to the runs in the table', () => `${sweep}?tab=explore&axes=metrics.loss,params.lr&pc=none`, async () => {
  const box = await (await painted()).boundingBox();
  const show = page.getByRole('button', { name: /^Show these \d+ in the table$/ });
  // The first axis is somewhere on the left: a drag down its upper half leaves the runs with a greater loss.
  for (let x = 4; x < box.width / 2 && !(await show.count()); x += 6) {
    await page.mouse.move(box.x + x, box.y + box.height * 0.2);
    await page.mouse.down();
    await page.mouse.move(box.x + x, box.y + box.height * 0.5, { steps: 4 });
    await page.mouse.up();
    if (!page.url().includes('tab=explore')) throw new Error('a brush is no click');
  }
  await show.click();
  await page.waitForURL(/filter=metrics.loss/);
  await page.getByRole('region', { name: 'Runs' }).waitFor();
});

journey('the values are a table too, and the plot is taken along', () => `${sweep}?tab=explore&plot=scatter&pc=none`, async () => {
  await painted();
  await page.getByText('Values as a table').click();
  const table = page.getByRole('table', { name: 'Values' });
  await table.getByRole('link', { name: 'run-11', exact: true }).waitFor();
  assert.equal(await table.getByRole('row').count(), 13);
  const saved = async (what) => {
    await page.getByRole('button', { name: 'Take the plot along' }).click();
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name: what }).click(),
    ]);
    await page.keyboard.press('Escape');
    return readFileSync(await download.path());
  };
  assert.match((await saved('Save as SVG')).toString(), /^<svg/);
  assert.equal((await saved('Save as PNG')).subarray(1, 4).toString(), 'PNG');
});

journey('which params matter is told', () => `${sweep}?tab=explore&plot=importance&py=metrics.loss`, async () => {
  const rows = page.getByRole('table', { name: 'Importance of params' }).locator('tbody tr');
  await rows.first().getByRole('link', { name: 'lr' }).waitFor();
  await rows.first().getByRole('link', { name: 'lr' }).click();
  await page.waitForURL(/plot=scatter/);
  await painted();
});

test('it takes some runs to tell what matters', async () => {
  await open(page, w, `${w.experiment}?tab=explore&plot=importance&py=metrics.loss`);
  await page.getByText('It takes at least 8 runs with a number of \'loss\'').waitFor();
  page.complaints.length = 0;
});

journey('the runs of a filter alone are plotted', () => `${w.experiment}?tab=explore&filter=params.C+%3D+%221.0%22`, async () => {
  await painted();
  await page.getByText('Values as a table').click();
  await page.getByRole('link', { name: ALICE }).waitFor();
  assert.equal(await page.getByRole('link', { name: BOB }).count(), 0);
  await open(page, w, `${w.experiment}?tab=explore&filter=params.C+%3D+%22nothing%22`);
  await page.getByRole('heading', { name: 'No runs to plot' }).waitFor();
});

test('plots fit on a phone, in the dark', async () => {
  const phone = await w.person('phone', { viewport: { width: 400, height: 800 }, colorScheme: 'dark' });
  await open(phone, w, `${sweep}?tab=explore`);
  await phone.locator('.explore-box canvas').waitFor();
  await alive(phone);
  await fits(phone);
  quiet(phone);
});
