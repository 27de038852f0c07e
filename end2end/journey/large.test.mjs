// Experiments of a size that no page can hold: thousands of metrics, more runs than are worth counting.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { alive, fits, keep, open, quiet, world } from './runmark.mjs';

const METRICS = 3_000;
const RUNS = 10_001;
const DIPPED = 'Dipped below one';
const STEADY = 'Never below two';

let w;
let page;
let wide;
let long;

const asked = (operation, body) => w.asked(operation, body);

const newExperiment = async (name) => (await asked('experiments/create', { name })).experiment_id;

const newRun = async (experiment, name) =>
  (await asked('runs/create', { experiment_id: experiment, run_name: name, start_time: 1_700_000_000_000 })).run.info.run_id;

const losses = (run, values) =>
  asked('runs/log-batch', {
    run_id: run,
    metrics: values.map((value, step) => ({ key: 'loss', value, step, timestamp: 1_700_000_000_000 + step })),
  });

before(async () => {
  w = await world({ runs: false });
  page = await w.person();
  wide = await newExperiment('Wide');
  await losses(await newRun(wide, STEADY), [3, 2, 2.5]);
  const run = await newRun(wide, DIPPED);
  await losses(run, [3, 0.5, 2.5]);
  const metrics = [...Array(METRICS).keys()].map((layer) => ({
    key: `layer/${String(layer).padStart(4, '0')}/gradient`,
    value: layer / METRICS,
    step: 1,
    timestamp: 1_700_000_000_000,
  }));
  for (let from = 0; from < METRICS; from += 1000) {
    await asked('runs/log-batch', { run_id: run, metrics: metrics.slice(from, from + 1000) });
  }
  long = await newExperiment('Long');
  let next = 0;
  const client = async () => {
    while (next < RUNS) await newRun(long, `run ${(next += 1)}`);
  };
  await Promise.all(Array.from({ length: 32 }, client));
});
after(() => w?.end());

const rows = () => page.locator('.run-table tbody th a').allInnerTexts();

test('a metric among thousands is found by typing', async () => {
  page.complaints.length = 0;
  await open(page, w, `/experiments/${wide}`);
  await page.getByRole('button', { name: 'Columns' }).click();
  const panel = page.getByRole('dialog', { name: 'Columns' });
  await panel.getByText('There are more').waitFor();
  assert((await panel.getByRole('checkbox').count()) < 200, 'all keys were sent');
  await panel.getByRole('searchbox').pressSequentially('2718');
  await panel.getByRole('checkbox', { name: 'layer/2718/gradient' }).check();
  await page.getByRole('columnheader', { name: 'layer/2718/gradient' }).waitFor();
  await page.getByRole('cell', { name: '0.906' }).waitFor();
  await panel.getByRole('searchbox').fill('no such thing');
  await panel.getByText('No column has this in its name').waitFor();
  assert.equal(await panel.getByRole('checkbox').count(), 0);
  await page.keyboard.press('Escape');
  await page.getByRole('columnheader', { name: 'layer/2718/gradient' }).getByRole('link').click();
  await page.locator('th[aria-sort=ascending]').waitFor();
  await alive(page);
  assert.deepEqual(await rows(), [DIPPED, STEADY]);
  await page.reload();
  await alive(page);
  await page.getByRole('columnheader', { name: 'layer/2718/gradient' }).waitFor();
  quiet(page);
});

test('runs are found by the lowest that a metric ever was', async () => {
  page.complaints.length = 0;
  await open(page, w, `/experiments/${wide}`);
  const box = page.getByRole('combobox', { name: 'Filter' });
  const check = async (filter, expected) => {
    await box.fill(filter);
    await box.press('Enter');
    await page.waitForURL((url) => url.searchParams.get('filter') === filter);
    await alive(page);
    assert.deepEqual(await rows(), expected, filter);
  };
  await check('min_metrics.loss < 1', [DIPPED]);
  await check('metrics.loss < 1', []);
  await check('min_metrics.loss >= 1', [STEADY]);
  quiet(page);
});

test('what is worth no counting is told as so many or more', async () => {
  page.complaints.length = 0;
  await open(page, w, `/experiments/${long}`);
  await page.getByText(/^1–\d\d of 10,001$/).waitFor();
  await open(page, w, `/experiments/${long}?filter=${encodeURIComponent("attributes.status = 'RUNNING'")}`);
  await page.getByText(/^1–\d\d of 10,000\+$/).waitFor();
  quiet(page);
});

const scrolled = (top) => page.locator('.run-frame').evaluate((frame, top) => (frame.scrollTop = top), top);

test('all runs are a scroll away, and only those in sight are made', async () => {
  page.complaints.length = 0;
  await open(page, w, `/experiments/${long}?order=run_name+ASC`);
  const names = [...Array(RUNS).keys()].map((number) => `run ${number + 1}`).sort();
  for (const row of [5_000, 9_980, 130]) {
    await scrolled(row * 32);
    await page.getByRole('link', { name: names[row], exact: true }).waitFor();
    const made = await rows();
    assert(made.length < 80, `${made.length} rows were made`);
    const first = names.indexOf(made[0]);
    assert.deepEqual(made, names.slice(first, first + made.length));
  }
  await scrolled(1e9);
  await page.getByText(/–10,001 of 10,001$/).waitFor();
  await page.getByRole('link', { name: names.at(-1), exact: true }).waitFor();
  quiet(page);
});

test('a link to a page of the table begins there', async () => {
  await open(page, w, `/experiments/${long}?page=50&order=run_name`);
  await page.getByText(/^4,9\d\d–4,9\d\d of 10,001$/).waitFor();
});

test('without scripts the table has pages', async () => {
  const still = await w.page({ javaScriptEnabled: false, storageState: await page.context().storageState() });
  await still.goto(`${w.url}/experiments/${long}`);
  const pages = still.getByRole('navigation', { name: 'Pages' });
  await pages.getByText('1–100 of 10,001', { exact: true }).waitFor();
  await pages.getByRole('link', { name: 'Next page' }).click();
  await pages.getByText('101–200 of 10,001', { exact: true }).waitFor();
  assert.equal(await still.locator('.run-table tbody th a').count(), 100);
});

for (const [size, viewport] of [
  ['1280x800', { width: 1280, height: 800 }],
  ['400x800', { width: 400, height: 800 }],
]) {
  for (const colorScheme of ['light', 'dark']) {
    test(`pictures, ${colorScheme} at ${size}`, async () => {
      const page = await w.person('admin', { viewport, colorScheme });
      const pictured = async (name, address) => {
        await open(page, w, address);
        await keep(page, `${name}-${colorScheme}-${size}`);
        await fits(page);
      };
      await pictured('runs-many', `/experiments/${long}?filter=${encodeURIComponent("attributes.status = 'RUNNING'")}`);
      await pictured('runs-many-metrics', `/experiments/${wide}`);
      await page.getByRole('button', { name: 'Columns' }).click();
      await page.getByRole('dialog', { name: 'Columns' }).getByRole('checkbox').first().waitFor();
      await keep(page, `columns-${colorScheme}-${size}`);
      await page.getByRole('dialog', { name: 'Columns' }).getByRole('searchbox').fill('271');
      await keep(page, `columns-found-${colorScheme}-${size}`);
      await page.getByRole('dialog', { name: 'Columns' }).getByRole('searchbox').fill('no such thing');
      await keep(page, `columns-none-found-${colorScheme}-${size}`);
      await fits(page);
      quiet(page);
      await page.context().close();
    });
  }
}
