// A picture of every page, light and dark, wide and narrow: kept for whoever looks at what a change did.

import { after, before, test } from 'node:test';
import { accessible, drawn, fits, keep, logTrace, open, quiet, world } from './runmark.mjs';

let w;
let trace;
before(async () => {
  w = await world();
  trace = await logTrace(w, w.alice.experiment, { metadata: { 'mlflow.sourceRun': w.alice.id } });
});
after(() => w?.end());

const WIDE = { width: 1280, height: 800 };
const NARROW = { width: 400, height: 800 };

const PAGES = {
  experiments: () => '/experiments',
  runs: () => w.experiment,
  'runs-filtered-wrongly': () => `${w.experiment}?filter=${encodeURIComponent('metrics.loss << 1')}`,
  'runs-none-found': () => `${w.experiment}?filter=${encodeURIComponent('metrics.loss > 99')}`,
  'runs-trash': () => `${w.experiment}?view=trash`,
  'runs-charts': () => `${w.experiment}?tab=charts`,
  'runs-charts-grouped': () => `${w.experiment}?tab=charts&group=params.solver`,
  'runs-explore': () => `${w.experiment}?tab=explore`,
  'runs-grouped': () => `${w.experiment}?group=params.C`,
  'runs-pinned': () => `${w.experiment}?columns=!max_metrics.loss~100,user,metrics.loss,min_metrics.loss,params.C&order=metrics.loss+DESC,user_id+ASC`,
  'run-overview': () => w.aliceRun,
  'run-charts': () => `${w.aliceRun}?tab=charts`,
  'run-artifacts': () => `${w.aliceRun}?tab=artifacts`,
  'run-artifact-text': () => `${w.aliceRun}?tab=artifacts&path=notes/readme.txt`,
  'run-artifact-image': () => `${w.aliceRun}?tab=artifacts&path=plots/matrix.png`,
  traces: () => `${w.experiment}?tab=traces`,
  trace: () => `${w.experiment}/traces/${trace}`,
  'trace-conversation': () => `${w.experiment}/traces/${trace}?span=0000000000000004`,
  comparison: () => w.comparison,
  models: () => '/models',
  'all-runs': () => '/runs',
  'comparison-empty': () => '/compare',
  account: () => '/account',
  gallery: () => '/gallery',
  'gallery-controls': () => '/gallery?tab=controls',
  'gallery-parts': () => '/gallery?tab=parts',
  'gallery-tables': () => '/gallery?tab=tables',
  'gallery-charts': () => '/gallery?tab=charts',
  'not-found': () => '/nowhere',
};

for (const [size, viewport] of [
  ['1280x800', WIDE],
  ['400x800', NARROW],
]) {
  for (const colorScheme of ['light', 'dark']) {
    test(`${colorScheme} at ${size}`, async () => {
      const stranger = await w.page({ viewport, colorScheme });
      await open(stranger, w, '/sign-in');
      await keep(stranger, `sign-in-${colorScheme}-${size}`);
      const page = await w.person('admin', { viewport, colorScheme });
      for (const [name, address] of Object.entries(PAGES)) {
        page.complaints.length = 0;
        await open(page, w, address());
        if (await page.locator('figure.chart canvas').count()) await drawn(page, 'loss');
        await keep(page, `${name}-${colorScheme}-${size}`);
        await fits(page);
        await accessible(page);
        quiet(page, /status of 40[04]/);
      }
      await open(page, w, w.experiment);
      await page.getByRole('checkbox', { name: /^Select Bob/ }).check();
      await page.getByRole('toolbar', { name: 'Chosen runs' }).getByRole('button', { name: 'Clear' }).waitFor();
      await keep(page, `runs-chosen-${colorScheme}-${size}`);
      await fits(page);
      await page.getByRole('button', { name: 'Views' }).click();
      await page.getByRole('dialog', { name: 'Views' }).getByRole('textbox').waitFor();
      await keep(page, `views-${colorScheme}-${size}`);
      await fits(page);
      await stranger.context().close();
      await page.context().close();
    });
  }
}

test('a server that nobody has used yet', async () => {
  const fresh = await world({ flags: ['--no-auth'], runs: false });
  try {
    for (const [size, viewport] of [
      ['1280x800', WIDE],
      ['400x800', NARROW],
    ]) {
      const page = await fresh.page({ viewport });
      for (const [name, address] of [
        ['welcome', '/experiments'],
        ['connect', '/account'],
      ]) {
        await open(page, fresh, address);
        await keep(page, `${name}-light-${size}`);
        await fits(page);
        quiet(page);
      }
    }
  } finally {
    await fresh.end();
  }
});
