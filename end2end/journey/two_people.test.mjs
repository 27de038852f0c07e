// From the printed link to a comparison that somebody else opens.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { ALICE, BOB, EXPERIMENT, drawn, keep, open, pixels, quiet, world } from './runmark.mjs';

let w;
before(async () => (w = await world()));
after(() => w?.end());

/** The colours that the comparison says the runs have. */
const runColors = (page) =>
  page.locator('.run-chips .series-dot').evaluateAll((dots) => dots.map((dot) => getComputedStyle(dot).backgroundColor));

/** Both curves are on the canvas, each in the colour of its run. */
async function seeTwoCurves(page) {
  await page.getByRole('heading', { name: 'Comparison' }).waitFor();
  const colors = await runColors(page);
  assert.equal(new Set(colors).size, 2);
  const { found } = await pixels(await drawn(page, 'loss'), colors);
  assert(Math.min(...found) > 100, `pixels in the colours ${colors.join(' and ')}: ${found.join(' and ')}`);
  return found;
}

test('a comparison is found from the printed link and shared by its address', async () => {
  const page = await w.page();
  // Programs that look at links in a chat don't use it up.
  assert.equal((await fetch(w.server.link)).status, 200);
  await w.follow(page, w.server.link);
  await page.getByRole('heading', { name: 'Experiments' }).waitFor();
  await keep(page, 'journey-1-experiments');

  await page.getByRole('link', { name: EXPERIMENT }).click();
  await page.getByRole('heading', { name: EXPERIMENT }).waitFor();
  for (const name of [ALICE, BOB]) await page.getByRole('link', { name }).waitFor();
  await keep(page, 'journey-2-runs');

  await page.getByRole('checkbox', { name: `Select ${ALICE}` }).check();
  await page.getByRole('checkbox', { name: `Select ${BOB}` }).check();
  await page.getByRole('link', { name: 'Compare', exact: true }).click();
  await page.waitForURL(/\/compare\?/);
  const seen = await seeTwoCurves(page);
  await keep(page, 'journey-3-comparison');
  quiet(page);

  const colleague = await w.person('bob');
  await colleague.getByRole('heading', { name: 'Experiments' }).waitFor();
  await open(colleague, w, page.url());
  assert.deepEqual(await seeTwoCurves(colleague), seen);
  await keep(colleague, 'journey-4-shared');
  quiet(colleague);
});

test('the printed link works once', async () => {
  const page = await w.page();
  await w.follow(page, w.server.link);
  await page.getByText('This link has been used or has expired.').waitFor();
  quiet(page);
});

test('the address that the MLflow client prints leads to the run', async () => {
  const page = await w.person('carol');
  await page.goto(`${w.url}/#/experiments/${w.bob.experiment}/runs/${w.bob.id}`);
  await page.getByRole('heading', { name: BOB }).waitFor();
  assert.equal(new URL(page.url()).pathname, `/experiments/${w.bob.experiment}/runs/${w.bob.id}`);
  quiet(page);
});
