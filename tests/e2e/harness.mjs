// What the Node end-to-end tests share: a simulator and a gateway on free ports, in a folder of their
// own, stopped by their process ids.
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';

const binary = resolve(process.env.TIDEGATE_BIN ?? 'build/tidegate');
const patience = 20_000; // only a test that fails waits so long

/** Starts a command; `line` is the first that it prints. */
async function start(args, folder) {
  const child = spawn(binary, args, { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] });
  let errors = '';
  child.stderr.on('data', (data) => (errors += data));
  const ended = new Promise((done) => child.once('exit', done));
  const lines = createInterface({ input: child.stdout });
  const line = await Promise.race([
    new Promise((done) => lines.once('line', done)),
    ended.then((code) => {
      throw new Error(`${args.join(' ')} ended with ${code}: ${errors}`);
    }),
  ]);
  const stop = async () => {
    child.kill('SIGTERM');
    child.kill('SIGTERM');
    const late = setTimeout(() => child.kill('SIGKILL'), patience);
    await ended;
    clearTimeout(late);
  };
  return { line, stop };
}

export async function startSimulator() {
  const { line, stop } = await start(['simulate', '--listen', '127.0.0.1:0']);
  const url = `http://${line.split(' ').at(-1)}`;
  const get = async (path) => (await fetch(url + path)).json();
  return {
    url,
    stop,
    /** The requests as the providers received them. */
    log: async () => (await get('/sim/log')).requests,
    /** {in_flight, left_early, served} */
    open: () => get('/sim/open'),
    reset: () => fetch(`${url}/sim/reset`, { method: 'POST' }),
    provider: (name, dialect, key = 'sk-good-1234') => ({
      dialect,
      base_url: `${url}/sim/${name}`,
      api_key: key,
    }),
  };
}

/** `config`: the content of tidegate.yaml, as an object, since JSON is YAML. */
export async function startGateway(config) {
  const folder = mkdtempSync(join(tmpdir(), 'tidegate-e2e-'));
  const file = join(folder, 'tidegate.yaml');
  writeFileSync(file, JSON.stringify(config, null, 1));
  const args = ['serve', '-c', file, '--listen', '127.0.0.1:0', '--admin', '127.0.0.1:0'];
  const { line, stop } = await start(args, folder).catch((error) => {
    rmSync(folder, { recursive: true, force: true });
    throw error;
  });
  const [, url, admin] = line.match(/^tidegate listens on (\S+), admin on (\S+)$/);
  return {
    url,
    admin,
    stop: async () => {
      await stop();
      rmSync(folder, { recursive: true, force: true });
    },
    /** What `tidegate cost --by` says, by name. */
    cost: (by) => {
      const out = execFileSync(binary, ['cost', '--by', by, '--json'], { cwd: folder });
      return Object.fromEntries(JSON.parse(out).rows.map((row) => [row[by], row]));
    },
  };
}

/** The first value of read() that holds; the last one when patience ends. */
export async function eventually(read, holds = Boolean) {
  const deadline = Date.now() + patience;
  for (;;) {
    const value = await read();
    if (holds(value) || Date.now() > deadline) return value;
    await new Promise((done) => setTimeout(done, 10));
  }
}
