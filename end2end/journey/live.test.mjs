// Pages grow while they are looked at: rows, a run's values, curves.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { alive, chart, drawn, open, quiet, world } from './runmark.mjs';

let w;
let page;
let experiment;
let step = 0;

const PICTURE = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  'base64',
);

const asked = (operation, body) => w.asked(operation, body);

const newRun = async (name, tags = []) =>
  (await asked('runs/create', { experiment_id: experiment, run_name: name, start_time: Date.now(), tags })).run.info.run_id;

const picture = (run, at) =>
  w.upload({ experiment, id: run }, `images/cat+step+${at}+timestamp+${at}+g${at}.png`, PICTURE);

const log = (run, value) =>
  asked('runs/log-metric', { run_id: run, key: 'loss', value, step: (step += 1), timestamp: Date.now() });

before(async () => {
  w = await world({ runs: false });
  page = await w.person();
  experiment = (await asked('experiments/create', { name: 'Growing' })).experiment_id;
});
after(() => w?.end());

test('runs and values appear in the table by themselves', async () => {
  const first = await newRun('first');
  await log(first, 0.75);
  await open(page, w, `/experiments/${experiment}`);
  await page.getByRole('cell', { name: '0.75', exact: true }).waitFor();
  await newRun('second');
  await page.getByRole('link', { name: 'second', exact: true }).waitFor();
  await log(first, 0.5);
  await page.getByRole('cell', { name: '0.5', exact: true }).waitFor();
  await asked('runs/update', { run_id: first, status: 'FINISHED', end_time: Date.now() });
  await page.locator('tr', { hasText: 'first' }).getByText('Finished').waitFor({ state: 'attached' });
  quiet(page);
});

test('a run and its curves grow by themselves', async () => {
  const run = await newRun('growing');
  for (const value of [5, 4, 3]) await log(run, value);
  await open(page, w, `/experiments/${experiment}/runs/${run}?tab=charts`);
  await drawn(page, 'loss');
  await chart(page, 'loss').getByRole('button', { name: 'Show as table' }).click();
  const row = chart(page, 'loss').getByRole('row').nth(1);
  assert.match(await row.innerText(), /3/);
  await log(run, 0.125);
  await chart(page, 'loss').getByRole('cell', { name: '0.125' }).first().waitFor();
  await page.getByRole('navigation', { name: 'Run' }).getByRole('link', { name: 'Overview' }).click();
  await log(run, 0.0625);
  await page.getByRole('cell', { name: '0.0625' }).first().waitFor();
  quiet(page);
});

test('groups and plots grow by themselves', async () => {
  const grouped = await newRun('grouped');
  await asked('runs/log-batch', { run_id: grouped, params: [{ key: 'solver', value: 'adam' }] });
  await log(grouped, 2);
  await open(page, w, `/experiments/${experiment}?group=params.solver`);
  const group = page.getByRole('table', { name: 'Groups of runs' }).getByRole('row').filter({ hasText: 'adam' });
  await group.getByRole('cell', { name: '2', exact: true }).waitFor();
  const table = await page.getByRole('table', { name: 'Groups of runs' }).elementHandle();
  await log(grouped, 0.375);
  await group.getByRole('cell', { name: '0.375', exact: true }).waitFor();
  assert(await table.evaluate((table) => table.isConnected), 'the table was made anew');
  await open(page, w, `/experiments/${experiment}?tab=explore&plot=scatter&px=params.solver&py=metrics.loss`);
  await page.getByText('Values as a table').click();
  const values = page.getByRole('table', { name: 'Values' });
  await values.getByRole('row').filter({ hasText: 'grouped' }).getByText('0.375').waitFor();
  await log(grouped, 0.1875);
  await values.getByRole('row').filter({ hasText: 'grouped' }).getByText('0.1875').waitFor();
  assert.match(page.url(), /plot=scatter/);
  quiet(page);
});

test('nested runs and pictures come by themselves, and a slider at the last step goes on with them', async () => {
  const run = await newRun('with children');
  await open(page, w, `/experiments/${experiment}/runs/${run}`);
  await newRun('a child', [{ key: 'mlflow.parentRunId', value: run }]);
  await page.getByRole('table', { name: 'Child runs' }).getByRole('link', { name: 'a child' }).waitFor();
  const tabs = page.getByRole('navigation', { name: 'Run' });
  assert.equal(await tabs.getByRole('link', { name: 'Media' }).count(), 0);
  await picture(run, 1);
  await picture(run, 2);
  await tabs.getByRole('link', { name: 'Media' }).click();
  await page.getByRole('img', { name: 'cat, step 2' }).waitFor();
  await picture(run, 3);
  await page.getByRole('img', { name: 'cat, step 3' }).waitFor();
  const slider = page.getByRole('slider', { name: 'Step of cat' });
  assert.equal(await slider.inputValue(), '2');
  await slider.press('Home');
  await page.waitForURL(/step=1(&|$)/);
  await picture(run, 4);
  await page.waitForFunction(() => document.querySelector('input[type=range]').max === '3');
  await page.getByRole('img', { name: 'cat, step 1' }).waitFor();
  quiet(page);
});

test('several pages of a browser share one stream', async () => {
  const pages = [page, await page.context().newPage(), await page.context().newPage()];
  for (const one of pages) {
    await one.goto(`${w.url}/experiments/${experiment}`);
    await alive(one);
  }
  await newRun('seen by all');
  for (const one of pages) await one.getByRole('link', { name: 'seen by all', exact: true }).waitFor();
  for (const one of pages.slice(1)) await one.close();
});
