// Pages grow while they are looked at: rows, a run's values, curves.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { alive, chart, drawn, open, quiet, world } from './runmark.mjs';

let w;
let page;
let experiment;
let step = 0;

/** Calls the protocol as the admin. */
async function asked(path, body) {
  const response = await fetch(`${w.url}/api/2.0/mlflow/${path}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${w.server.token}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  const answer = await response.json();
  assert.equal(response.status, 200, JSON.stringify(answer));
  return answer;
}

const newRun = async (name) =>
  (await asked('runs/create', { experiment_id: experiment, run_name: name, start_time: Date.now() })).run.info.run_id;

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
