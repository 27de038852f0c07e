// A Runmark with two people's runs, and browsers to look at it with.
//
// Owns: starting the real binary, the seed, Chromium, and the complaints that a page must not make.
// Must never: reach into the program; the journeys see what people see.
// Start reading: `world`. A journey is a file `*.test.mjs`: each starts a world of its own.

import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { closeSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { chromium } from 'playwright-core';

const here = path.dirname(fileURLToPath(import.meta.url));
const root = path.resolve(here, '../..');
const fromRoot = (name, otherwise) => path.resolve(root, process.env[name] ?? otherwise);
const BINARY = fromRoot('RUNMARK_BIN', 'target/debug/runmark');
const PYTHON = fromRoot('RUNMARK_PYTHON', 'target/venv/bin/python');
const CHROMIUM = process.env.RUNMARK_CHROMIUM ?? '/usr/bin/chromium';
const OUTPUT = fromRoot('RUNMARK_CI_OUTPUT', 'ci-output');

export const EXPERIMENT = 'Churn Prediction';
export const ALICE = "Alice's Initial Run";
export const BOB = "Bob's Hyperparameter Tune";

const run = promisify(execFile);

/** Our own environment without what steers MLflow. */
function plainEnvironment() {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('MLFLOW_')));
}

/** An empty database on the Postgres of the tests, and how it is removed. */
export async function emptyPostgres() {
  const postgres = process.env.RUNMARK_TEST_POSTGRES;
  assert(postgres, 'RUNMARK_TEST_POSTGRES names no Postgres; `cargo xtask test --only journey` starts one');
  const name = `journey_${process.pid}_${Date.now()}`;
  await run('psql', ['--quiet', '--command', `CREATE DATABASE ${name}`, postgres]);
  const remove = () => run('psql', ['--quiet', '--command', `DROP DATABASE ${name} WITH (FORCE)`, postgres]);
  return { database: postgres.replace(/\/[^/]*$/, `/${name}`), remove };
}

/** Starts a server on this database; `flags` are those of `runmark server`. */
async function startServer(folder, database, flags = []) {
  const store = ['--backend-store-uri', database, '--artifacts-destination', `${folder}/artifacts`];
  const log = openSync(path.join(folder, 'log'), 'a');
  const child = spawn(BINARY, ['server', '--port', '0', ...store, ...flags], {
    cwd: folder,
    env: plainEnvironment(),
    stdio: ['ignore', 'pipe', log],
  });
  closeSync(log);
  const gone = new Promise((resolve) => child.on('exit', resolve));
  let said = '';
  child.stdout.setEncoding('utf8').on('data', (text) => (said += text));
  for (let waited = 0; !(said.includes('export MLFLOW_TRACKING_URI') && said.endsWith('\n\n')); waited += 20) {
    if (child.exitCode !== null || waited > 30_000) {
      throw new Error(`the server doesn't start:\n${said}${readFileSync(path.join(folder, 'log'))}`);
    }
    await sleep(20);
  }
  const find = (pattern) => said.match(pattern)?.[1];
  return {
    url: find(/export MLFLOW_TRACKING_URI=(\S+)/),
    link: find(/(http\S+\/sign-in\/link\?token=\S+)/),
    password: find(/and the password (\S+) \(/),
    token: find(/export MLFLOW_TRACKING_TOKEN='([^']+)'/),
    log: () => readFileSync(path.join(folder, 'log'), 'utf8'),
    /** What another command of the binary prints. */
    async say(...words) {
      const done = await run(BINARY, [...words, ...store], { cwd: folder, env: plainEnvironment() });
      return done.stdout.trim();
    },
    async stop() {
      child.kill('SIGTERM');
      await Promise.race([gone, sleep(5_000)]);
      child.kill('SIGKILL');
      await gone;
    },
  };
}

async function seed(server, token, person, rate) {
  const done = await run(PYTHON, [path.join(here, 'seed.py'), EXPERIMENT, person, String(rate)], {
    env: { ...plainEnvironment(), MLFLOW_TRACKING_URI: server.url, MLFLOW_TRACKING_TOKEN: token },
  });
  const [experiment, id] = done.stdout.trim().split('\n').at(-1).split(' ');
  return { experiment, id };
}

/**
 * A server on an empty database (SQLite unless another is named), a browser, and unless told otherwise the runs of Alice and Bob. `world.person()` is a browser profile of its
 * own, `world.end()` ends everything and looks through the log.
 */
export async function world({ flags = [], runs = true, database } = {}) {
  const folder = mkdtempSync(path.join(tmpdir(), 'runmark-journey-'));
  database ??= `sqlite:///${folder}/runmark.db`;
  const server = await startServer(folder, database, flags);
  const browser = await chromium.launch({
    executablePath: CHROMIUM,
    args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking'],
  });
  const world = { server, browser, url: server.url, secrets: [server.token, server.password] };

  /** The link that signs somebody in once; an account is made for whoever has none. */
  world.linkFor = async (name) => {
    const made = ['user', name === 'admin' ? 'link' : 'add', name, '--url', server.url];
    const link = await server.say(...made);
    world.secrets.push(link.split('token=')[1]);
    return link;
  };

  /** A page in a profile of its own. Whatever it complains about is in `page.complaints`. */
  world.page = async (options = {}) => {
    const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, ...options });
    context.setDefaultTimeout(10_000);
    const page = await context.newPage();
    page.complaints = [];
    page.underway = new Set();
    page.on('request', (request) => new URL(request.url()).pathname.startsWith('/live') || page.underway.add(request));
    for (const end of ['requestfinished', 'requestfailed']) page.on(end, (request) => page.underway.delete(request));
    page.on('pageerror', (error) => page.complaints.push(`pageerror: ${error.message}`));
    page.on('console', (message) => {
      if (['error', 'warning'].includes(message.type())) page.complaints.push(`${message.type()}: ${message.text()}`);
    });
    return page;
  };

  /** Signs in by a link. */
  world.follow = async (page, link) => {
    await page.goto(link);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.waitForURL((url) => url.pathname !== '/sign-in/link');
  };

  /** A page of somebody who is signed in: the admin, if nobody is named. */
  world.person = async (name = 'admin', options = {}) => {
    const page = await world.page(options);
    await world.follow(page, await world.linkFor(name));
    return page;
  };

  /** Calls the protocol as the admin's programs do. */
  world.asked = async (operation, body, method = 'POST') => {
    const headers = { authorization: `Bearer ${server.token}`, 'content-type': 'application/json' };
    const sent = { method, headers, body: JSON.stringify(body) };
    const response = await fetch(`${world.url}/api/2.0/mlflow/${operation}`, sent);
    const answer = await response.text();
    assert.equal(response.status, 200, `${operation}: ${answer}`);
    return JSON.parse(answer);
  };

  /** Uploads a file to a run. */
  world.upload = async ({ experiment, id }, path, body) => {
    const steps = path.split('/').map(encodeURIComponent).join('/');
    const place = `${world.url}/api/2.0/mlflow-artifacts/artifacts/${experiment}/${id}/artifacts/${steps}`;
    const response = await fetch(place, { method: 'PUT', headers: { authorization: `Bearer ${server.token}` }, body });
    assert.equal(response.status, 200, `${place}: ${await response.text()}`);
  };

  /** One more process on the same data. */
  world.another = async () => {
    world.other = await startServer(folder, database, flags);
    world.secrets.push(world.other.link?.split('token=')[1]);
    return world.other;
  };

  world.end = async () => {
    await browser.close();
    await world.other?.stop();
    await server.stop();
    const log = server.log();
    rmSync(folder, { recursive: true, force: true });
    for (const secret of world.secrets.filter(Boolean)) assert(!log.includes(secret), 'a secret is in the log');
    assert(!log.includes('panicked'), log);
  };

  try {
    if (runs) {
      world.alice = await seed(server, server.token, 'alice', 1);
      world.bob = await seed(server, server.token, 'bob', 2);
      world.experiment = `/experiments/${world.alice.experiment}`;
      world.aliceRun = `${world.experiment}/runs/${world.alice.id}`;
      world.comparison = `/compare?runs=${world.alice.id},${world.bob.id}`;
    }
  } catch (error) {
    await world.end();
    throw error;
  }
  return world;
}

/** Goes to an address of the site and waits until the page is alive. */
export async function open(page, world, address) {
  const response = await page.goto(new URL(address, world.url).href);
  await alive(page);
  return response;
}

/** Waits until scripts have taken the page over and nothing is on its way. */
export async function alive(page) {
  await page.waitForLoadState('load');
  // Pages of the server alone have no script that could come alive.
  if (await page.locator('script[type=module]').count()) await page.locator('html[data-alive]').waitFor({ state: 'attached' });
  for (let quiet = 0, waited = 0; quiet < 200; quiet += 20, waited += 20) {
    if (page.underway?.size) quiet = 0;
    if (waited > 10_000) throw new Error(`${page.url()} goes on asking for ${[...page.underway].map((request) => request.url())}`);
    await sleep(20);
  }
  await page.locator('.answered[aria-busy=true]').first().waitFor({ state: 'detached' });
}

/** No page may complain: no errors, no warnings, nothing that a policy had to stop. */
export function quiet(page, ...allowed) {
  const rest = page.complaints.filter((said) => !allowed.some((pattern) => pattern.test(said)));
  assert.deepEqual(rest, [], `${page.url()} complains`);
}

/** Nothing on a page may stick out of the window; what scrolls does so within its frame. */
export async function fits(page) {
  const beyond = await page.evaluate(() => {
    const parts = document.querySelectorAll('main h1, main h2, main form:not(td form), main .card, main .table-frame, main .code-block');
    const edges = [...parts].map((part) => [part.getBoundingClientRect().right, part.className || part.tagName]);
    const page = [document.documentElement.scrollWidth, 'page'];
    return [page, ...edges].filter(([edge]) => edge > window.innerWidth + 1).map(([edge, name]) => `${name} to ${edge}`);
  });
  assert.deepEqual(beyond, [], `${page.url()} is wider than ${page.viewportSize().width}`);
}

/**
 * How many pixels of a canvas have which of the given colours (`rgb(1, 2, 3)`), and how many are unlike its most frequent
 * colour: the drawing.
 */
export function pixels(canvas, colors = []) {
  return canvas.evaluate((canvas, colors) => {
    const { width, height } = canvas;
    // A copy: reading from the page's own canvas would slow its drawing down.
    const copy = new OffscreenCanvas(width, height).getContext('2d', { willReadFrequently: true });
    copy.drawImage(canvas, 0, 0);
    const data = copy.getImageData(0, 0, width, height).data;
    const wanted = colors.map((color) => color.match(/\d+/g).map(Number));
    const near = (at, [red, green, blue]) =>
      data[at + 3] > 200 && Math.abs(data[at] - red) + Math.abs(data[at + 1] - green) + Math.abs(data[at + 2] - blue) < 24;
    const seen = new Map();
    const found = colors.map(() => 0);
    for (let at = 0; at < data.length; at += 4) {
      const color = (data[at] << 16) | (data[at + 1] << 8) | data[at + 2] | (data[at + 3] << 24);
      seen.set(color, (seen.get(color) ?? 0) + 1);
      wanted.forEach((color, index) => (found[index] += near(at, color) ? 1 : 0));
    }
    const background = Math.max(...seen.values());
    return { drawn: width * height - background, found };
  }, colors);
}

/** The chart of one metric. */
export function chart(page, metric) {
  return page.locator('figure.chart').filter({ has: page.getByRole('heading', { name: metric, exact: true }) });
}

/** The canvas of a chart, once its curves are on it. */
export async function drawn(page, metric) {
  const canvas = chart(page, metric).locator('canvas');
  await canvas.scrollIntoViewIfNeeded();
  for (let waited = 0; (await pixels(canvas)).drawn < 200; waited += 50) {
    if (waited > 10_000) throw new Error(`the chart of ${metric} stays empty`);
    await sleep(50);
  }
  return canvas;
}

const AXE = readFileSync(path.join(root, 'end2end/node_modules/axe-core/axe.min.js'), 'utf8');

/**
 * Everybody can use the page, as far as a machine can tell: axe finds nothing against WCAG 2.2 A and AA. What is looked
 * at is the page at rest: while an answer is on its way, what it will replace fades, and colours are between two.
 */
export async function accessible(page) {
  await page.waitForFunction(
    () =>
      !document.querySelector('.answered[aria-busy="true"]') &&
      document.getAnimations().every((each) => each.playState === 'finished' || each.effect.getTiming().iterations === Infinity),
  );
  await page.evaluate(`${AXE};undefined`);
  const found = await page.evaluate(async () => {
    const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
    const { violations } = await window.axe.run(document, { runOnly: tags });
    return violations.flatMap(({ id, nodes }) => nodes.map((node) => `${id}: ${node.html.slice(0, 160)} (${node.any[0]?.message ?? ''})`));
  });
  assert.deepEqual(found, [], `${page.url()} is not for everybody`);
}

/** Keeps a picture of the page among what a test run leaves behind. */
export async function keep(page, name) {
  await alive(page);
  const folder = path.join(OUTPUT, 'screens');
  mkdirSync(folder, { recursive: true });
  await page.screenshot({ path: path.join(folder, `${name}.png`) });
}

/**
 * A trace of a conversation, sent as programs with OpenTelemetry send its steps and MLflow's client tells of the whole. `number` makes
 * its id, `more` are further steps; `told: false` leaves it in progress. Returns its id.
 */
export async function logTrace(world, experiment, { number = 1, more = [], told = true, metadata = {}, tags = {} } = {}) {
  const traceId = number.toString(16).padStart(32, '0');
  const headers = { authorization: `Bearer ${world.server.token}`, 'content-type': 'application/json' };
  const began = Date.now() - 60_000 + number;
  const value = (any) => (typeof any === 'number' ? { intValue: any } : { stringValue: typeof any === 'string' ? any : JSON.stringify(any) });
  const pairs = (known) => Object.entries(known).map(([key, any]) => ({ key, value: value(any) }));
  const step = ({ id, parent, name, from, to, known = {}, error, events = [] }) => ({
    traceId,
    spanId: id.toString(16).padStart(16, '0'),
    ...(parent && { parentSpanId: parent.toString(16).padStart(16, '0') }),
    name,
    startTimeUnixNano: `${(began + from) * 1_000_000}`,
    ...(to !== undefined && { endTimeUnixNano: `${(began + to) * 1_000_000}` }),
    attributes: pairs(known),
    status: error ? { code: 2, message: error } : { code: 1 },
    events: events.map(({ name, at, known }) => ({ name, timeUnixNano: `${(began + at) * 1_000_000}`, attributes: pairs(known) })),
  });
  const messages = [
    { role: 'system', content: 'Be brief.' },
    { role: 'user', content: 'Why is the sky blue?' },
  ];
  const steps = [
    {
      id: 1,
      name: 'chat',
      from: 0,
      ...(told && { to: 1000 }),
      known: { 'mlflow.spanType': 'AGENT', 'mlflow.spanInputs': { question: 'Why is the sky blue?' }, 'mlflow.spanOutputs': 'It scatters.' },
    },
    { id: 2, parent: 1, name: 'look up', from: 50, to: 300, known: { 'mlflow.spanType': 'RETRIEVER', 'mlflow.spanOutputs': [{ page: 7 }] } },
    {
      id: 3,
      parent: 2,
      name: 'read page',
      from: 100,
      to: 200,
      error: 'no such page',
      known: { 'mlflow.spanType': 'TOOL' },
      events: [
        {
          name: 'exception',
          at: 190,
          known: { 'exception.type': 'KeyError', 'exception.message': 'no such page', 'exception.stacktrace': 'Traceback\n  line 7' },
        },
      ],
    },
    {
      id: 4,
      parent: 1,
      name: 'think',
      from: 300,
      to: 950,
      known: { 'mlflow.spanType': 'LLM', 'mlflow.spanInputs': { messages }, 'mlflow.spanOutputs': { role: 'assistant', content: 'It scatters.' }, tokens: 17 },
    },
    ...more,
  ];
  const sent = await fetch(`${world.url}/v1/traces`, {
    method: 'POST',
    headers: { ...headers, 'x-mlflow-experiment-id': experiment },
    body: JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans: steps.map(step) }] }] }),
  });
  assert.equal(sent.status, 200, await sent.text());
  const id = `tr-${traceId}`;
  if (!told) return id;
  const info = {
    trace_id: id,
    trace_location: { type: 'MLFLOW_EXPERIMENT', mlflow_experiment: { experiment_id: experiment } },
    request_preview: 'Why is the sky blue?',
    response_preview: 'It scatters.',
    request_time: new Date(began).toISOString(),
    execution_duration: '1s',
    state: 'OK',
    tags: { 'mlflow.traceName': 'chat', ...tags },
    trace_metadata: {
      'mlflow.trace.session': 'session-1',
      'mlflow.trace.tokenUsage': JSON.stringify({ input_tokens: 1200, output_tokens: 34, total_tokens: 1234 }),
      ...metadata,
    },
  };
  const answer = await fetch(`${world.url}/api/3.0/mlflow/traces`, { method: 'POST', headers, body: JSON.stringify({ trace: { trace_info: info } }) });
  assert.equal(answer.status, 200, await answer.text());
  return id;
}
