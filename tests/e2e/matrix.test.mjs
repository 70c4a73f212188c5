// Every client SDK against every provider, through the gateway: docs/compatibility.md holds the
// table, and a cell that fails must carry its reason there. UPDATE=1 writes the table anew.
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { eventually, startGateway, startSimulator } from './harness.mjs';
import { clients } from './matrix/clients.mjs';

/** Provider to the model that is asked for. */
const models = {
  deepseek: 'deepseek-v4-pro',
  openai: 'gpt-5.5',
  anthropic: 'claude-opus-4.7',
  kimi: 'kimi-k2.6',
  gemini: 'gemini-3.8-flash',
  openrouter: 'deepseek-by-openrouter',
  vllm: 'deepseek-by-vllm',
  sglang: 'deepseek-by-sglang',
  llamacpp: 'deepseek-by-llamacpp',
};

/** Cells that do not pass, with the reason that the table gives. */
const reasons = {};

const file = new URL('../../docs/compatibility.md', import.meta.url);
const scenarios = ['plain', 'stream', 'loop', 'parallel', 'error', 'abort'];
const results = {};
let simulator;
let gateway;

before(async () => {
  simulator = await startSimulator();
  const house = (provider) => ({ provider, name: 'deepseek-v4-flash', thinking: true });
  gateway = await startGateway({
    providers: Object.fromEntries(
      Object.keys(models).map((name) => [name, simulator.provider(name, name)]),
    ),
    models: Object.fromEntries(
      ['openrouter', 'vllm', 'sglang', 'llamacpp'].map((name) => [models[name], house(name)]),
    ),
    retry: { attempts: 1 },
    breaker: { failures: 1000 },
  });
});
after(async () => {
  await gateway?.stop();
  await simulator?.stop();
});

const actions = {
  plain: async (client, model) => assert.ok(await client.plain(model)),
  stream: async (client, model) => assert.ok(await client.stream(model)),
  loop: async (client, model) => {
    const { calls, text } = await client.loop(model, 'Please use the tool in 3 steps.');
    assert.equal(calls.length, 3);
    assert.ok(text);
  },
  parallel: async (client, model) => {
    const { calls, text } = await client.loop(model, 'Please use 2 tools.');
    assert.deepEqual(calls.toSorted?.() ?? [...calls].sort(), ['get_tide', 'get_weather']);
    assert.ok(text);
  },
  error: async (client, model, make) => {
    const failing = make(gateway.url, { 'x-sim-fault': '429-retry-after-1' });
    const error = await failing.fail(model).then(
      () => assert.fail('there was no error'),
      (thrown) => thrown,
    );
    assert.equal(error.status ?? error.statusCode, 429, String(error));
  },
  abort: async (client, model, make) => {
    const slow = make(gateway.url, { 'x-sim-rate': '20', 'x-sim-tokens': '400' });
    const { left_early: before } = await simulator.open();
    await slow.abort(model);
    await eventually(async () => (await simulator.open()).left_early > before);
    assert.ok((await simulator.open()).left_early > before, 'the provider still works');
  },
};

for (const [name, make] of Object.entries(clients)) {
  describe(name, () => {
    for (const [provider, model] of Object.entries(models)) {
      it(provider, async () => {
        const client = make(gateway.url, {});
        const failed = [];
        const problems = [];
        for (const scenario of scenarios) {
          try {
            await actions[scenario](client, model, make);
          } catch (error) {
            failed.push(scenario);
            problems.push(`${scenario}: ${error.message}`);
          }
        }
        (results[name] ??= {})[provider] = failed;
        const expected = reasons[name]?.[provider]?.scenarios ?? [];
        assert.deepEqual(failed, expected, problems.join('\n'));
      });
    }
  });
}

function table() {
  const providers = Object.keys(models);
  const row = (cells) => `| ${cells.join(' | ')} |`;
  const lines = [row(['client', ...providers]), row(['---', ...providers.map(() => '---')])];
  for (const name of Object.keys(clients)) {
    const cells = providers.map((provider) => {
      const failed = results[name]?.[provider];
      return failed === undefined ? '?' : failed.length === 0 ? 'all' : `not ${failed.join(', ')}`;
    });
    lines.push(row([name, ...cells]));
  }
  return lines.join('\n');
}

it('docs/compatibility.md shows this table', () => {
  const text = readFileSync(file, 'utf8');
  const shown = /<!-- table -->\n([^]*?)\n?<!-- end -->/;
  if (process.env.UPDATE) {
    writeFileSync(file, text.replace(shown, `<!-- table -->\n${table()}\n<!-- end -->`));
  } else {
    assert.equal(text.match(shown)?.[1], table());
  }
});
