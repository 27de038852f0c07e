// The servers that the pages' benchmark visits, and the data in them.

import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const here = path.dirname(fileURLToPath(import.meta.url));
const run = promisify(execFile);

function start(program, words, folder, log) {
  const file = openSync(path.join(folder, log), 'a');
  const environment = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('MLFLOW_')));
  const child = spawn(program, words, { cwd: folder, env: environment, stdio: ['ignore', 'pipe', file], detached: true });
  closeSync(file);
  const gone = new Promise((resolve) => child.on('exit', resolve));
  const stop = async () => {
    try {
      process.kill(-child.pid, 'SIGTERM');
      await Promise.race([gone, sleep(5_000)]);
      process.kill(-child.pid, 'SIGKILL');
    } catch {
      // It is gone.
    }
  };
  return { child, stop };
}

/** How a server is asked by MLflow's protocol. */
const asks = (url) => async (name, body) => {
  const response = await fetch(`${url}/api/2.0/mlflow/${name}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  const answer = await response.json();
  assert.equal(response.status, 200, JSON.stringify(answer));
  return answer;
};

/** Runmark without accounts, as MLflow has none. */
export async function startRunmark(program, folder) {
  const words = ['server', '--no-auth', '--port', '0', '--backend-store-uri', `sqlite:///${folder}/runmark.db`, '--artifacts-destination', `${folder}/artifacts`];
  const { child, stop } = start(program, words, folder, 'runmark.log');
  let said = '';
  child.stdout.setEncoding('utf8').on('data', (text) => (said += text));
  let url;
  for (let waited = 0; !url; waited += 20) {
    assert(waited < 30_000 && child.exitCode === null, `Runmark doesn't start: ${said}${readFileSync(path.join(folder, 'runmark.log'))}`);
    url = said.match(/export MLFLOW_TRACKING_URI=(\S+)/)?.[1];
    await sleep(20);
  }
  const asked = asks(url);
  return {
    url,
    stop,
    asked,
    runs: async (experiment, count) => {
      const { runs } = await asked('runs/search', { experiment_ids: [experiment], max_results: count });
      return runs.map(({ info }) => info.run_id);
    },
    log: (run, keys, step) =>
      asked('runs/log-batch', {
        run_id: run,
        metrics: Array.from({ length: keys }, (_, key) => ({ key: name(key), value: loss(key, step), step, timestamp: Date.now() })),
      }),
  };
}

const START = 1_760_000_000_000;
const name = (key) => (key < 4 ? ['loss', 'val/loss', 'accuracy', 'val/accuracy'][key] : `layer/${String(key).padStart(5, '0')}/norm`);
const loss = (seed, step) => 1 / (1 + step * 0.01) + 0.05 * Math.sin(seed * 7.3 + step * 0.37);

/** The metrics of one run: key numbers, so that runs have `distinct` keys between them. */
function keysOf(run, { keys, distinct = keys }) {
  return Array.from({ length: keys }, (_, key) => (run * keys + key) % distinct);
}

/** An experiment with many runs; returns its id. */
export async function bulk(server, title, data) {
  const { runs, steps = 1, running = false } = data;
  const { experiment_id: experiment } = await server.asked('experiments/create', { name: title });
  let next = 0;
  const client = async () => {
    while (next < runs) {
      const number = next;
      next += 1;
      const { run: made } = await server.asked('runs/create', {
        experiment_id: experiment,
        run_name: `run-${String(number).padStart(6, '0')}`,
        start_time: START + number * 1000,
      });
      const id = made.info.run_id;
      let metrics = [];
      const send = async () => {
        const params = [
          { key: 'lr', value: String(0.1 / (1 + (number % 10))) },
          { key: 'batch', value: String(2 ** (number % 8)) },
        ];
        await server.asked('runs/log-batch', { run_id: id, metrics, params });
        metrics = [];
      };
      for (const key of keysOf(number, data)) {
        for (let step = 0; step < steps; step += 1) {
          metrics.push({ key: name(key), value: loss(number + key, step), step, timestamp: START + step * 1000 });
          if (metrics.length === 900) await send();
        }
      }
      if (metrics.length) await send();
      if (!running) await server.asked('runs/update', { run_id: id, status: 'FINISHED', end_time: START + number * 1000 + 60_000 });
    }
  };
  await Promise.all(Array.from({ length: 24 }, client));
  return experiment;
}

async function freePort() {
  const server = createServer();
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Waits until a server that was just started answers at an address. */
async function answers(address, child, log) {
  for (let waited = 0; ; waited += 200) {
    assert(waited < 120_000 && child.exitCode === null, `no answer from ${address}: ${readFileSync(log)}`);
    if (await fetch(address).then((response) => response.ok, () => false)) return;
    await sleep(200);
  }
}

/** FastTrackML with its pages, on SQLite: Aim's, and those of an older MLflow. */
export async function startFasttrackml(python, folder) {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const words = ['server', '--listen-address', `127.0.0.1:${port}`, '--database-uri', `sqlite://${folder}/fasttrackml.db`, '--default-artifact-root', `${folder}/fasttrackml`];
  const { child, stop } = start(path.join(python, 'fml'), words, folder, 'fasttrackml.log');
  await answers(`${url}/`, child, path.join(folder, 'fasttrackml.log'));
  return { url, stop, asked: asks(url) };
}

/** MLflow's own server with its pages, on SQLite. */
export async function startMlflow(python, folder) {
  const port = await freePort();
  const database = `${folder}/mlflow.db`;
  const words = ['server', '--host', '127.0.0.1', '--port', String(port), '--workers', '4', '--backend-store-uri', `sqlite:///${database}`, '--artifacts-destination', `${folder}/mlartifacts`];
  const { child, stop } = start(path.join(python, 'mlflow'), words, folder, 'mlflow.log');
  const url = `http://127.0.0.1:${port}`;
  await answers(`${url}/health`, child, path.join(folder, 'mlflow.log'));
  return { url, stop, database, python: path.join(python, 'python') };
}

/** The same experiment in MLflow, written into its database: through its API it would take an hour. */
export async function seedMlflow(server, title, data) {
  const words = [path.join(here, 'seed_mlflow.py'), server.database, title, JSON.stringify(data)];
  const done = await run(server.python, words, { maxBuffer: 1 << 24 });
  return done.stdout.trim();
}
