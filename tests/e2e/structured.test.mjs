// Structured output where the provider does not see to it itself: the gateway asks in the prompt and
// looks at the answer. Official SDKs against the gateway.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
// The fetch of Node itself, as in sdk.test.mjs.
import 'openai/shims/web';
import Anthropic from '@anthropic-ai/sdk';
import OpenAI from 'openai';
import { zodResponseFormat } from 'openai/helpers/zod';
import { z } from 'zod';
import { startGateway, startSimulator } from './harness.mjs';

const schema = {
  type: 'object',
  properties: {
    items: {
      type: 'array',
      minItems: 1,
      items: {
        type: 'object',
        properties: { name: { type: 'string' }, price: { type: 'number' } },
        required: ['name', 'price'],
        additionalProperties: false,
      },
    },
  },
  required: ['items'],
  additionalProperties: false,
};
const messages = [{ role: 'user', content: 'Put down a "buoy" for 12 coins.' }];
const good = { items: [{ name: 'buoy', price: 12 }] };
const bad = { items: [{ name: 7, price: '12' }] };
const complaint = /does not fit the schema in \S+: at \/items\/0\/name: expected a string, found an integer/;

let simulator;
let gateway;

before(async () => {
  simulator = await startSimulator();
  const deepseek = (fault) => ({
    provider: 'deepseek',
    name: `deepseek-v4-flash:fault=${fault}`,
  });
  gateway = await startGateway({
    providers: {
      deepseek: simulator.provider('deepseek', 'deepseek'),
      openai: simulator.provider('openai', 'openai'),
      anthropic: simulator.provider('anthropic', 'anthropic'),
    },
    models: {
      plain: { provider: 'deepseek', name: 'deepseek-v4-flash' },
      misfit: deepseek('misfit'),
      'misfit-once': deepseek('misfit*1'),
      'misfit-then-down': deepseek('misfit*1,500'),
      'misfit-and-fallback': { ...deepseek('misfit'), fallback: ['gpt-5.5'] },
      fence: deepseek('fence'),
      'old-claude': { provider: 'anthropic', name: 'claude-opus-4-1' },
      'old-claude-fence': { provider: 'anthropic', name: 'claude-opus-4-1:fault=fence' },
      'old-claude-misfit': { provider: 'anthropic', name: 'claude-opus-4-1:fault=misfit' },
      'native-misfit': { provider: 'openai', name: 'gpt-5.5:fault=misfit' },
    },
    retry: { attempts: 2, base: '1ms', budget: '100%' },
    breaker: { failures: 1000 },
  });
});
after(async () => {
  await gateway?.stop();
  await simulator?.stop();
});

const openai = () =>
  new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey: 'any', maxRetries: 3 });
const anthropic = () => new Anthropic({ baseURL: gateway.url, apiKey: 'any', maxRetries: 3 });

const format = (strict, of = schema) => ({
  type: 'json_schema',
  json_schema: { name: 'list', schema: of, ...(strict !== undefined && { strict }) },
});
const ask = (model, response_format, more) =>
  openai().chat.completions.create({ model, messages, response_format, ...more }).withResponse();
const content = ({ data }) => JSON.parse(data.choices[0].message.content);
const header = ({ response }, name) => response.headers.get(`x-tidegate-${name}`);

describe('Chat at a provider without json_schema', () => {
  it('gets what it asked for', async () => {
    const answer = await ask('plain', format(true));
    assert.deepEqual(content(answer), good);
    assert.equal(header(answer, 'notes'), 'json_schema -> json_object');
  });

  it("works with the SDK's own parser", async () => {
    const List = z.object({ items: z.array(z.object({ name: z.string(), price: z.number() })) });
    const { choices } = await openai().beta.chat.completions.parse({
      model: 'misfit-once',
      messages,
      response_format: zodResponseFormat(List, 'list'),
    });
    assert.deepEqual(choices[0].message.parsed, good);
  });

  it('is tried again when the answer does not fit', async () => {
    const answer = await ask('misfit-once', format(true));
    assert.deepEqual(content(answer), good);
    assert.equal(header(answer, 'attempts'), '2');
  });

  it('falls back when no answer fits', async () => {
    const answer = await ask('misfit-and-fallback', format(true));
    assert.equal(header(answer, 'model'), 'gpt-5.5');
    assert.deepEqual(content(answer), good);
  });

  it('is an error when nothing fits and the schema is strict', async () => {
    const before = (await simulator.open()).served;
    await assert.rejects(ask('misfit', format(true)), (error) => {
      assert.equal(error.status, 502);
      assert.equal(error.code, 'bad_answer');
      assert.equal(error.param, 'response_format');
      assert.match(error.message, complaint);
      return true;
    });
    // The SDK, which would try three times more, is told not to.
    assert.equal((await simulator.open()).served - before, 2);
  });

  it('passes with a note when nothing fits and the schema is not strict', async () => {
    for (const strict of [false, undefined]) {
      const answer = await ask('misfit', format(strict));
      assert.deepEqual(content(answer), bad);
      assert.match(
        header(answer, 'notes'),
        /the answer does not fit the schema at \/items\/0\/name: expected a string/,
      );
      assert.equal(header(answer, 'attempts'), '2');
    }
  });

  it('passes what it has when the next attempt fails altogether', async () => {
    const answer = await ask('misfit-then-down', format(false));
    assert.deepEqual(content(answer), bad);
    assert.equal(header(answer, 'attempts'), '2');
  });

  it('loses the fence around a whole answer', async () => {
    const answer = await ask('fence', format(true));
    assert.deepEqual(content(answer), good);
    assert.match(header(answer, 'notes'), /code fence removed/);
    assert.ok(answer.data.system_fingerprint); // the rest passes as it came
  });

  it('keeps the fence where no schema was asked for', async () => {
    const answer = await ask('fence', { type: 'text' });
    assert.match(answer.data.choices[0].message.content, /^```json/);
  });

  it('leaves tool calls, refusals and cut answers alone', async () => {
    const tools = [{ type: 'function', function: { name: 'get_weather', parameters: schema } }];
    const called = await ask('plain', format(true), {
      tools,
      messages: [{ role: 'user', content: 'Please use the tool.' }],
    });
    assert.equal(called.data.choices[0].finish_reason, 'tool_calls');
    const cut = await ask('plain', format(true), {
      max_tokens: 3,
      thinking: { type: 'disabled' },
    });
    assert.equal(cut.data.choices[0].finish_reason, 'length');
  });

  it('is refused with the path when the schema is none', async () => {
    const wrong = { type: 'object', properties: { a: { type: 'strnig' } } };
    await assert.rejects(ask('plain', format(true, wrong)), (error) => {
      assert.equal(error.status, 400);
      assert.equal(error.param, 'response_format.json_schema.schema/properties/a/type');
      assert.match(error.message, /must be one of the types/);
      return true;
    });
  });

  it('names the patterns that are not checked', async () => {
    const pattern = { type: 'object', properties: { a: { type: 'string', pattern: '^(?!x)' } } };
    const answer = await ask('plain', format(true, pattern));
    assert.match(header(answer, 'notes'), /schema not checked at \/properties\/a\/pattern/);
  });

  it('is trusted where the provider knows json_schema', async () => {
    assert.deepEqual(content(await ask('native-misfit', format(true))), bad);
  });
});

describe('Chat streams at a provider without json_schema', () => {
  async function stream(model, strict) {
    let text = '';
    let finish;
    const { data } = await ask(model, format(strict), { stream: true });
    for await (const { choices } of data) {
      text += choices[0]?.delta.content ?? '';
      finish = choices[0]?.finish_reason ?? finish;
    }
    return { text, finish };
  }
  it('pass', async () => {
    assert.deepEqual(JSON.parse((await stream('plain', true)).text), good);
  });
  it('end in an error when they do not fit and the schema is strict', async () => {
    await assert.rejects(stream('misfit', true), complaint);
    await assert.rejects(stream('fence', true), /expected JSON, found malformed JSON/);
  });
  it('pass when they do not fit and the schema is not strict', async () => {
    const { text, finish } = await stream('misfit', false);
    assert.deepEqual(JSON.parse(text), bad);
    assert.equal(finish, 'stop');
  });
});

describe('Responses at a provider without json_schema', () => {
  const create = (model, strict, more) =>
    openai().responses.create({
      model,
      input: messages[0].content,
      text: { format: { type: 'json_schema', name: 'list', schema, strict } },
      ...more,
    });
  it('gets what it asked for', async () => {
    assert.deepEqual(JSON.parse((await create('misfit-once', true)).output_text), good);
    assert.deepEqual(JSON.parse((await create('fence', true)).output_text), good);
    assert.deepEqual(JSON.parse((await create('old-claude-fence', true)).output_text), good);
  });
  it('is an error, or passes', async () => {
    await assert.rejects(create('misfit', true), (error) => {
      assert.equal(error.status, 502);
      assert.equal(error.param, 'text.format');
      assert.match(error.message, complaint);
      return true;
    });
    assert.deepEqual(JSON.parse((await create('misfit', false)).output_text), bad);
  });
  it('streams lose the fence', async () => {
    for (const model of ['fence', 'old-claude-fence']) {
      let deltas = '';
      let whole;
      for await (const event of await create(model, true, { stream: true })) {
        if (event.type === 'response.output_text.delta') deltas += event.delta;
        if (event.type === 'response.completed') whole = event.response.output.at(-1).content[0].text;
      }
      assert.deepEqual(JSON.parse(deltas), good, model);
      assert.equal(whole, deltas);
    }
  });
  it('streams end in an error', async () => {
    const types = [];
    const read = async () => {
      for await (const event of await create('misfit', true, { stream: true })) {
        types.push(event.type);
      }
    };
    await assert.rejects(read(), complaint);
    assert.ok(types.includes('response.output_text.delta'));
    assert.ok(!types.includes('response.completed'));
  });
});

describe('Messages at a provider without json_schema', () => {
  const params = (model) => ({
    model,
    max_tokens: 2000,
    messages,
    output_config: { format: { type: 'json_schema', schema } },
  });
  const create = (model) => anthropic().messages.create(params(model));
  const text = (message) => message.content.find((block) => block.type === 'text').text;
  it('gets what it asked for', async () => {
    assert.deepEqual(JSON.parse(text(await create('misfit-once'))), good);
    assert.deepEqual(JSON.parse(text(await create('fence'))), good);
  });
  it('is an error when nothing fits', async () => {
    await assert.rejects(create('misfit'), (error) => {
      assert.equal(error.status, 500);
      assert.equal(error.error.error.type, 'api_error');
      assert.match(error.message, complaint);
      return true;
    });
  });
  it('streams end in an error', async () => {
    const stream = anthropic().messages.stream(params('misfit'));
    await assert.rejects(stream.finalMessage(), complaint);
  });
});

describe('Chat at Claude before 4.5', () => {
  it('has answers checked against the schema', async () => {
    assert.deepEqual(content(await ask('old-claude', format(true))), good);
    assert.deepEqual(content(await ask('old-claude-fence', format(true))), good);
    await assert.rejects(ask('old-claude-misfit', format(true)), complaint);
  });
  it('has json_object checked for being JSON', async () => {
    const answer = await ask('old-claude', { type: 'json_object' }); // that model answers in words
    assert.match(header(answer, 'notes'), /the answer does not fit the schema expected JSON/);
  });
});
