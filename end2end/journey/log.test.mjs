// The console log of a run: its end, what is added, colours, and the way back to its beginning.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { accessible, alive, fits, keep, open, quiet, world } from './runmark.mjs';

let w;
let page;
let experiment;
let run;

const asked = (operation, body) => w.asked(operation, body);

const newRun = async (name) =>
  (await asked('runs/create', { experiment_id: experiment, run_name: name, start_time: Date.now() })).run.info.run_id;

const upload = (path, body) => w.upload({ experiment, id: run }, path, body);

const lines = (from, to) => Array.from({ length: to - from }, (_, at) => `line ${from + at}\n`).join('');
const address = (query = '?tab=log') => `/experiments/${experiment}/runs/${run}${query}`;
const log = () => page.getByRole('region', { name: 'Lines of the log' });
const line = (text) => log().locator('.log-line').filter({ hasText: new RegExp(`^${text}$`) });
const isAtEnd = () => log().evaluate((log) => log.scrollTop + log.clientHeight >= log.scrollHeight - 8);

/** Waits until something holds. */
async function until(what) {
  for (let waited = 0; !(await what()); waited += 50) {
    assert(waited < 10_000, `never: ${what}`);
    await page.waitForTimeout(50);
  }
}

before(async () => {
  w = await world({ runs: false });
  page = await w.person();
  experiment = (await asked('experiments/create', { name: 'Printing' })).experiment_id;
  run = await newRun('talks');
});
after(() => w?.end());

test('a log appears with its file, and is shown as a terminal would', async () => {
  await open(page, w, address(''));
  const tabs = page.getByRole('navigation', { name: 'Run' });
  assert.equal(await tabs.getByRole('link', { name: 'Log' }).count(), 0);
  await upload('output.log', 'begin\n\u001b[31mError\u001b[0m: <b>no</b>\n 10%|#   |\r 50%|##  |\r100%|####|\n\u001b]0;title\u0007end');
  await tabs.getByRole('link', { name: 'Log' }).click();
  await line('begin').waitFor();
  assert.equal(await log().locator('.fg-1').innerText(), 'Error');
  const shown = await log().locator('.log-line').allInnerTexts();
  assert.deepEqual(shown.map((text) => text.trimEnd()), ['begin', 'Error: <b>no</b>', '100%|####|', 'end']);
  await accessible(page);
  quiet(page);
});

test('it follows its end while the run goes on, but not under the eyes of a reader', async () => {
  let printed = lines(0, 3000);
  await upload('output.log', printed);
  await open(page, w, address());
  await line('line 2999').waitFor();
  await until(isAtEnd);
  assert.equal(await log().locator('.log-line').count(), 1000);
  printed += 'one more\n';
  await upload('output.log', printed);
  await line('one more').waitFor();
  await until(isAtEnd);
  await log().evaluate((log) => (log.scrollTop = 100));
  await page.getByRole('button', { name: 'To the end' }).waitFor();
  printed += 'unseen\n';
  await upload('output.log', printed);
  await line('unseen').waitFor({ state: 'attached' });
  assert.equal(await log().evaluate((log) => log.scrollTop), 100);
  await page.getByRole('button', { name: 'To the end' }).click();
  await until(isAtEnd);
  await upload('output.log', 'begun anew\n');
  await line('begun anew').waitFor();
  assert.equal(await line('unseen').count(), 0);
  // As long as the one before, so that its lines are where the others were.
  await upload('output.log', 'begun twice\n');
  await line('begun twice').waitFor();
  await upload('output.log', 'begun third\n');
  await line('begun third').waitFor();
  quiet(page);
});

test('what was printed earlier is a press away, and stays where it is', async () => {
  await upload('output.log', lines(0, 2500));
  await open(page, w, address());
  await line('line 2499').waitFor();
  const earlier = page.getByRole('button', { name: 'Show earlier' });
  await log().evaluate((log) => (log.scrollTop = 0));
  const before = await line('line 1500').boundingBox();
  await earlier.click();
  await line('line 500').waitFor({ state: 'attached' });
  await until(async () => Math.abs((await line('line 1500').boundingBox()).y - before.y) < 4);
  await log().evaluate((log) => (log.scrollTop = 0));
  await earlier.click();
  await line('line 0').waitFor({ state: 'attached' });
  await earlier.waitFor({ state: 'detached' });
  assert.equal(await log().locator('.log-line').count(), 2500);
  quiet(page);
});

test('lines are found by a text, and one log is chosen of several', async () => {
  await upload('output.log', 'Epoch 1\nloss 0.5\nepoch 2\n');
  await upload('logs/worker.log', 'from the worker\n');
  await open(page, w, address());
  await page.getByRole('searchbox', { name: 'Lines with…' }).fill('epoch');
  await page.waitForURL(/lines=epoch/);
  await until(async () => (await log().locator('.log-line').count()) === 2);
  await page.getByText('2 of 3 lines').waitFor();
  await page.getByRole('searchbox', { name: 'Lines with…' }).fill('');
  await page.getByRole('combobox', { name: 'Log' }).selectOption('logs/worker.log');
  await page.waitForURL(/log=logs\/worker.log/);
  await line('from the worker').waitFor();
  const download = page.waitForEvent('download');
  await page.getByRole('link', { name: 'Download' }).click();
  assert.equal((await download).suggestedFilename(), 'worker.log');
  await page.setViewportSize({ width: 400, height: 800 });
  await fits(page);
  await keep(page, 'run-log-narrow');
  await page.setViewportSize({ width: 1280, height: 800 });
  await alive(page);
  quiet(page);
});
