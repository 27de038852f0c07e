// What was once done by the pointer alone, done by keys; and where the focus is afterwards.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { accessible, alive, open, quiet, world } from './runmark.mjs';

let w;
let page;
before(async () => {
  w = await world();
  page = await w.person();
  await w.upload(w.alice, 'requirements.txt', 'numpy==1.26.4\n');
  await w.upload(w.bob, 'requirements.txt', 'NumPy==2.0.0\n');
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

const focused = (locator) => locator.evaluate((element) => element === document.activeElement);

journey('axes are brushed by keys', () => `${w.experiment}?tab=explore&axes=metrics.loss,params.C&pc=none`, async () => {
  const low = page.getByRole('slider', { name: 'loss, from' });
  const show = page.getByRole('button', { name: /^Show these 1 in the table$/ });
  await low.waitFor({ state: 'attached' });
  assert.equal(await low.getAttribute('aria-valuenow'), '0');
  await low.focus();
  await page.keyboard.press('ArrowUp');
  await show.waitFor();
  assert.equal(await low.getAttribute('aria-valuenow'), '1');
  assert(await focused(low), 'the focus stays');
  await page.getByText('1 run selected', { exact: true }).waitFor({ state: 'attached' });
  await page.keyboard.press('Delete');
  await show.waitFor({ state: 'detached' });
  const high = page.getByRole('slider', { name: 'C, to' });
  await high.focus();
  await page.keyboard.press('Home');
  await show.waitFor();
  // Keys may have scrolled the page, and what is half beneath its head has no size.
  await page.evaluate(() => window.scrollTo(0, 0));
  await accessible(page);
});

journey('a column is sized by keys', () => `${w.experiment}?columns=user,metrics.loss,params.C`, async () => {
  const edge = page.getByRole('separator', { name: 'Width of loss' });
  assert.equal(await edge.getAttribute('aria-valuenow'), '132');
  await edge.focus();
  await page.keyboard.press('ArrowRight');
  await page.waitForURL(/metrics.loss~140/);
  assert.equal(await edge.getAttribute('aria-valuenow'), '140');
  await page.waitForFunction(() => document.activeElement.getAttribute('aria-label') === 'Width of loss');
  await page.keyboard.press('Enter');
  await page.waitForURL((url) => !url.search.includes('~'));
  assert.equal(await edge.getAttribute('aria-valuenow'), '132');
});

journey('what files differ in has the focus, which goes back', () => `${w.comparison}&open=artifacts`, async () => {
  const button = page.getByRole('button', { name: /^differs: compare requirements\.txt/ });
  await button.click();
  const found = page.getByRole('region', { name: 'What differs in requirements.txt' });
  await found.getByText('numpy==1.26.4').waitFor();
  assert(await focused(found), 'what differs has the focus');
  assert(await found.evaluate((element) => element.getBoundingClientRect().top < window.innerHeight), 'it is in sight');
  await found.getByRole('button', { name: 'Close' }).click();
  await found.waitFor({ state: 'detached' });
  assert(await focused(button), 'the focus is back');
});
