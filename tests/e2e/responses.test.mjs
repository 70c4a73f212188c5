// What a client leaves with the gateway, or with the provider behind it, between its requests on the
// Responses surface: the official OpenAI SDK reads, lists, continues and deletes it by its id.
import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import 'openai/shims/web';
import OpenAI from 'openai';
import { startGateway, startSimulator } from './harness.mjs';

const translated = 'deepseek-v4-flash'; // kept by the gateway
const native = 'gpt-5.5'; // kept by OpenAI
const tools = [
  {
    type: 'function',
    name: 'get_weather',
    parameters: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
    strict: false,
  },
];

let simulator;
let gateway;
let client;
let stranger;

before(async () => {
  simulator = await startSimulator();
  gateway = await startGateway({
    providers: {
      deepseek: simulator.provider('deepseek', 'deepseek'),
      openai: simulator.provider('openai', 'openai'),
    },
    retry: { attempts: 1 },
  });
  const as = (apiKey) => new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey, maxRetries: 0 });
  client = as('sk-mine');
  stranger = as('sk-another');
});
after(async () => {
  await gateway?.stop();
  await simulator?.stop();
});
beforeEach(() => simulator.reset());

const ask = (model, input, more = {}) => client.responses.create({ model, input, ...more });
const textOf = (item) => item.content.map((part) => part.text).join('');

async function listed(id, query) {
  const items = [];
  for await (const item of client.responses.inputItems.list(id, query)) items.push(item);
  return items;
}

async function notFound(call, id) {
  await assert.rejects(call, (error) => {
    assert.ok(error instanceof OpenAI.NotFoundError, String(error));
    assert.match(error.error.message, new RegExp(`^Response with id '${id}' not found\\.`));
    assert.equal(error.error.type, 'invalid_request_error');
    return true;
  });
}

const cases = [
  ['kept by the gateway', translated],
  ['kept by the provider', native],
];
for (const [where, model] of cases) {
  describe(`a response ${where}`, () => {
    it('is retrieved as it was answered', async () => {
      const made = await ask(model, 'What is the tide doing?');
      const read = await client.responses.retrieve(made.id);
      assert.deepEqual(read.output, made.output);
      assert.equal(read.id, made.id);
      assert.equal(read.object, 'response');
      assert.equal(read.status, 'completed');
      assert.equal(textOf(read.output.at(-1)), made.output_text);
      assert.deepEqual(read.usage, made.usage);
    });

    it('is retrieved after a stream', async () => {
      let made;
      for await (const event of await ask(model, 'Hi', { stream: true })) {
        if (event.type === 'response.completed') made = event.response;
      }
      const read = await client.responses.retrieve(made.id);
      assert.deepEqual(read.output, made.output);
    });

    it('is deleted, and then gone for good', async () => {
      const made = await ask(model, 'Forget this');
      const answer = await fetch(`${gateway.url}/v1/responses/${made.id}`, {
        method: 'DELETE',
        headers: { authorization: 'Bearer sk-mine' },
      });
      assert.deepEqual(await answer.json(), { id: made.id, object: 'response', deleted: true });
      await notFound(client.responses.retrieve(made.id), made.id);
      await notFound(client.responses.del(made.id), made.id);
      await notFound(client.responses.inputItems.list(made.id), made.id);
      await assert.rejects(ask(model, 'And?', { previous_response_id: made.id }), {
        status: 400,
        code: 'previous_response_not_found',
        param: 'previous_response_id',
      });
    });

    it('exists for the credential that asked for it alone', async () => {
      const made = await ask(model, 'A secret');
      await notFound(stranger.responses.retrieve(made.id), made.id);
      await notFound(stranger.responses.inputItems.list(made.id), made.id);
      await notFound(stranger.responses.del(made.id), made.id);
      assert.equal((await client.responses.retrieve(made.id)).id, made.id);
    });

    it('was not made in the background, which cannot be asked for, and so cannot be cancelled', async () => {
      const made = await ask(model, 'Hi');
      await assert.rejects(client.responses.cancel(made.id), {
        status: 400,
        message: /Cannot cancel a synchronous response/,
      });
      await notFound(stranger.responses.cancel(made.id), made.id);
      await assert.rejects(ask(model, 'Hi', { background: true }), {
        status: 400,
        param: 'background',
        message: /not offered; ask without it/,
      });
      assert.equal((await ask(model, 'Hi', { background: false })).status, 'completed');
    });

    it('is not kept with store: false', async () => {
      const made = await ask(model, 'Keep nothing', { store: false });
      await notFound(client.responses.retrieve(made.id), made.id);
    });

    it('lists what it was made from', async () => {
      const first = await ask(model, 'use the tool', { tools });
      const call = first.output.find((item) => item.type === 'function_call');
      const second = await ask(
        model,
        [{ type: 'function_call_output', call_id: call.call_id, output: '18 degrees' }],
        { tools, previous_response_id: first.id },
      );
      const items = await listed(second.id, { order: 'asc' });
      assert.equal(items[0].role, 'user');
      assert.equal(items.at(-2).type, 'function_call');
      assert.equal(items.at(-1).type, 'function_call_output');
      assert.equal(items.at(-1).output, '18 degrees');
      assert.equal(items.at(-1).call_id, items.at(-2).call_id);
    });
  });
}

describe('the list of input items', () => {
  const numbers = [...Array(7).keys()];
  const input = numbers.map((n) => ({ role: n % 2 ? 'assistant' : 'user', content: `item ${n}` }));

  it('has an id, a type and parts for each', async () => {
    const made = await ask(translated, [...input, { role: 'user', content: 'Well?' }]);
    const page = await client.responses.inputItems.list(made.id, { order: 'asc' });
    assert.equal(page.data.length, 8);
    for (const item of page.data) {
      assert.match(item.id, /^msg_/);
      assert.equal(item.type, 'message');
    }
    assert.equal(page.data[0].content[0].type, 'input_text');
    assert.equal(page.data[1].content[0].type, 'output_text');
    assert.equal(page.body.object, 'list');
    assert.equal(page.body.first_id, page.data[0].id);
    assert.equal(page.body.last_id, page.data[7].id);
    assert.equal(page.has_more, false);
  });

  it('comes in pages, the newest first unless asked otherwise', async () => {
    const made = await ask(translated, [...input, { role: 'user', content: 'Well?' }]);
    const all = ['item 0', 'item 1', 'item 2', 'item 3', 'item 4', 'item 5', 'item 6', 'Well?'];
    const texts = async (query) => (await listed(made.id, query)).map(textOf);
    assert.deepEqual(await texts({ limit: 3, order: 'asc' }), all);
    assert.deepEqual(await texts({ limit: 3 }), [...all].reverse());
    const page = await client.responses.inputItems.list(made.id, { limit: 5, order: 'asc' });
    assert.equal(page.has_more, true);
    assert.deepEqual(await texts({ after: page.data[4].id, order: 'asc' }), all.slice(5));
    for (const query of [{ limit: 0 }, { limit: 101 }, { order: 'up' }, { after: 'msg_none' }]) {
      await assert.rejects(client.responses.inputItems.list(made.id, query), {
        status: 400,
        param: Object.keys(query)[0],
      });
    }
  });
});

it('an unknown previous response is refused as OpenAI refuses it', async () => {
  for (const model of [translated, native]) {
    await assert.rejects(ask(model, 'And?', { previous_response_id: 'resp_none' }), (error) => {
      assert.ok(error instanceof OpenAI.BadRequestError, String(error));
      assert.equal(error.code, 'previous_response_not_found');
      assert.equal(error.param, 'previous_response_id');
      assert.equal(error.error.message, "Previous response with id 'resp_none' not found.");
      return true;
    });
  }
});

it('says where a response is that another provider keeps', async () => {
  const made = await ask(native, 'Hi');
  await assert.rejects(ask(translated, 'And?', { previous_response_id: made.id }), {
    status: 400,
    param: 'previous_response_id',
    message: /kept by the provider openai, and this request goes to deepseek/,
  });
});

it('a provider sees its own key and path, and none of the credentials of the client', async () => {
  const made = await ask(native, 'Hi');
  await client.responses.inputItems.list(made.id, { limit: 5 });
  const seen = (await simulator.log()).at(-1);
  assert.equal(seen.method, 'GET');
  assert.equal(seen.target, `/sim/openai/responses/${made.id}/input_items?limit=5`);
  assert.equal(seen.headers.authorization, '...1234');
});

it('other methods and paths are refused', async () => {
  const at = (path, method) => fetch(`${gateway.url}/v1/responses${path}`, { method });
  const wrong = await at('/resp_1', 'PUT');
  assert.equal(wrong.status, 405);
  assert.equal(wrong.headers.get('allow'), 'GET, DELETE');
  for (const path of ['/', '/resp_1/', '/resp_1/else', '/resp_1/input_items/x']) {
    assert.equal((await at(path, 'GET')).status, 404, path);
  }
  const made = await ask(translated, 'Hi');
  await assert.rejects(client.responses.retrieve(made.id, { stream: true }), { status: 400 });
  const item = made.output.at(-1).id;
  await notFound(client.responses.retrieve(item), item);
});
