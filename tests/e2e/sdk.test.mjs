// The official OpenAI SDK against the gateway: what applications see.
import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
// The fetch of Node itself. The SDK's own default, node-fetch 2, takes the end of every stream over a
// kept connection for a premature close on Debian's Node 18.20.4, whatever the server.
import 'openai/shims/web';
import OpenAI from 'openai';
import { eventually, startGateway, startSimulator } from './harness.mjs';

const messages = [{ role: 'user', content: 'What is the tide doing?' }];
const tools = [
  {
    type: 'function',
    function: {
      name: 'get_weather',
      parameters: {
        type: 'object',
        properties: { city: { type: 'string' }, days: { type: 'integer' } },
        required: ['city'],
      },
    },
  },
];

let simulator;
let gateway;
let client;

before(async () => {
  simulator = await startSimulator();
  gateway = await startGateway({
    providers: {
      deepseek: simulator.provider('deepseek', 'deepseek'),
      openai: simulator.provider('openai', 'openai'),
      locked: simulator.provider('locked', 'openai_compatible', 'sk-wrong-key'),
    },
    models: { locked: { provider: 'locked' }, quick: 'deepseek-v4-flash' },
    retry: { attempts: 1 },
    breaker: { failures: 1000 },
  });
  client = new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey: 'any', maxRetries: 0 });
});
after(async () => {
  await gateway?.stop();
  await simulator?.stop();
});
beforeEach(() => simulator.reset());

async function collect(stream) {
  const chunks = [];
  for await (const chunk of stream) chunks.push(chunk);
  return chunks;
}

const words = (chunks) => chunks.map((chunk) => chunk.choices[0]?.delta.content ?? '').join('');

/** Tool calls put together from the pieces of a stream. */
function joined(chunks) {
  const calls = [];
  for (const piece of chunks.flatMap((chunk) => chunk.choices[0]?.delta.tool_calls ?? [])) {
    const call = (calls[piece.index] ??= { id: piece.id, name: '', arguments: '' });
    call.name += piece.function.name ?? '';
    call.arguments += piece.function.arguments ?? '';
  }
  return calls;
}

for (const model of ['deepseek-v4-flash', 'gpt-5.5']) {
  describe(`chat with ${model}`, () => {
    it('answers', async () => {
      const { data, response } = await client.chat.completions
        .create({ model, messages })
        .withResponse();
      assert.match(data.choices[0].message.content, /What is the tide doing\?/);
      assert.equal(data.choices[0].finish_reason, 'stop');
      assert.ok(data.usage.prompt_tokens > 0);
      const header = (name) => response.headers.get(name);
      assert.match(header('x-request-id'), /^req_[0-9a-z]{26}$/);
      assert.equal(data._request_id, header('x-request-id'));
      assert.equal(header('x-tidegate-model'), model);
      assert.equal(header('x-tidegate-provider'), model.startsWith('gpt') ? 'openai' : 'deepseek');
      assert.equal(header('x-tidegate-attempts'), '1');
      assert.equal(header('x-tidegate-reason'), 'model asked for by name');
    });

    it('streams the same words', async () => {
      const whole = await client.chat.completions.create({ model, messages });
      const chunks = await collect(
        await client.chat.completions.create({ model, messages, stream: true }),
      );
      assert.equal(words(chunks), whole.choices[0].message.content);
      assert.equal(chunks.at(-1).choices[0].finish_reason, 'stop');
    });

    it('keeps the usage chunk from a client that did not ask', async () => {
      const ask = { model, messages, stream: true };
      const without = await collect(await client.chat.completions.create(ask));
      assert.ok(without.every((chunk) => chunk.choices.length === 1));
      assert.equal(JSON.parse((await simulator.log())[0].body).stream_options.include_usage, true);
      const asked = await collect(
        await client.chat.completions.create({ ...ask, stream_options: { include_usage: true } }),
      );
      assert.ok(asked.at(-1).usage.prompt_tokens > 0);
    });

    it('calls tools', async () => {
      const ask = { model, tools, messages: [{ role: 'user', content: 'use all tools' }] };
      const { message, finish_reason: reason } = (await client.chat.completions.create(ask))
        .choices[0];
      assert.equal(reason, 'tool_calls');
      assert.ok(message.tool_calls.length > 0);
      assert.ok('city' in JSON.parse(message.tool_calls[0].function.arguments));
      const chunks = await collect(await client.chat.completions.create({ ...ask, stream: true }));
      const calls = joined(chunks);
      assert.equal(calls.length, message.tool_calls.length);
      for (const call of calls) {
        assert.equal(call.name, 'get_weather');
        assert.ok('city' in JSON.parse(call.arguments));
      }

      const answers = message.tool_calls.map((call) => ({
        role: 'tool',
        tool_call_id: call.id,
        content: 'high at noon',
      }));
      const last = await client.chat.completions.create({
        ...ask,
        messages: [...ask.messages, message, ...answers],
      });
      assert.match(last.choices[0].message.content, /high at noon/);
    });
  });
}

describe('the SDK runs its own helpers', () => {
  it('runTools', async () => {
    const weather = { ...tools[0].function, parse: JSON.parse, function: () => 'calm' };
    const runner = client.beta.chat.completions.runTools({
      model: 'deepseek-v4-flash',
      messages: [{ role: 'user', content: 'use the tool' }],
      tools: [{ type: 'function', function: weather }],
      thinking: { type: 'disabled' },
    });
    assert.match(await runner.finalContent(), /calm/);
  });

  it('stream() with its events', async () => {
    const stream = client.beta.chat.completions.stream({ model: 'gpt-5.5', messages });
    let text = '';
    stream.on('content', (delta) => (text += delta));
    assert.equal((await stream.finalChatCompletion()).choices[0].message.content, text);
  });
});

describe('routing', () => {
  it('chooses for model auto, by header and by name', async () => {
    const ask = (body, headers) =>
      client.chat.completions.create({ messages, ...body }, { headers }).withResponse();
    const auto = (await ask({ model: 'auto' })).response.headers;
    assert.equal(auto.get('x-tidegate-route'), 'short_task_batch');
    assert.match(auto.get('x-tidegate-reason'), /^rule 2: context_tokens=\d+ < 50000/);
    const forced = await ask({ model: 'auto' }, { 'x-tidegate-route': 'terminal_agentic' });
    assert.equal(forced.response.headers.get('x-tidegate-route'), 'terminal_agentic');
    const named = await ask({ model: 'route:critical_planning' });
    assert.equal(named.response.headers.get('x-tidegate-route'), 'critical_planning');
    const alias = await ask({ model: 'quick' });
    assert.equal(alias.response.headers.get('x-tidegate-model'), 'deepseek-v4-flash');
  });

  it('lists what may be asked for', async () => {
    const ids = (await collect(await client.models.list())).map((model) => model.id);
    for (const id of ['auto', 'route:short_task_batch', 'gpt-5.5', 'quick', 'locked']) {
      assert.ok(ids.includes(id), id);
    }
  });

  it('adds up cost by task and role', async () => {
    const headers = { 'x-tidegate-task': 'tides', 'x-tidegate-role': 'reader' };
    for (const stream of [false, true]) {
      const answer = await client.chat.completions.create(
        { model: 'gpt-5.5', messages, stream },
        { headers },
      );
      if (stream) await collect(answer);
    }
    const task = await eventually(
      () => gateway.cost('task').tides,
      (row) => row?.requests === 2,
    );
    assert.equal(task.requests, 2);
    assert.equal(task.unknown_price_attempts, 0);
    // USD 5 and 30 per million tokens are 5,000 and 30,000 nano-dollars a token.
    const { prompt_tokens: prompt, cached_tokens: cached, completion_tokens: completion } = task;
    assert.equal(task.cost_nano_usd, (prompt - cached) * 5000 + cached * 500 + completion * 30000);
    assert.equal(gateway.cost('role').reader.requests, 2);
  });
});

describe('errors are of the right class', () => {
  const rejects = (body, fault, kind, more = {}) =>
    assert.rejects(
      client.chat.completions.create(
        { model: 'deepseek-v4-flash', messages, ...body },
        { headers: fault ? { 'x-sim-fault': fault } : {} },
      ),
      (error) => {
        assert.ok(error instanceof kind, `${error.constructor.name}: ${error.message}`);
        for (const [name, value] of Object.entries(more)) {
          if (value instanceof RegExp) assert.match(error[name], value);
          else assert.equal(error[name], value);
        }
        return true;
      },
    );

  it('a bad request', async () => {
    await rejects({ messages: 'no list' }, '', OpenAI.BadRequestError, {
      status: 400,
      type: 'invalid_request_error',
      param: 'messages',
    });
    await rejects({ max_tokens: 'many' }, '', OpenAI.BadRequestError);
  });

  it("the provider's refusal", () =>
    rejects({ messages: [{ role: 'nobody', content: 'x' }] }, '', OpenAI.BadRequestError));

  it('a bad key of a provider', () =>
    rejects({ model: 'locked' }, '', OpenAI.AuthenticationError, { status: 401 }));

  it('an unknown model', () =>
    rejects({ model: 'deepseek-v4-flsh' }, '', OpenAI.NotFoundError, {
      code: 'model_not_found',
      message: /deepseek-v4-flash/,
    }));

  it('a body that is too large', () =>
    rejects({ messages: [{ role: 'user', content: 'x'.repeat(49 << 20) }] }, '', OpenAI.APIError, {
      status: 413,
    }));

  it('a rate limit', () =>
    rejects({ model: 'gpt-4.1' }, '429-retry-after-60', OpenAI.RateLimitError, {
      code: 'rate_limit_exceeded',
    }));

  it('a rate limit says how long', async () => {
    const error = await client.chat.completions
      .create({ model: 'gpt-4.1', messages }, { headers: { 'x-sim-fault': '429-retry-after-60' } })
      .catch((reason) => reason);
    assert.equal(error.headers['retry-after'], '60');
    assert.match(error.request_id, /^req_/);
  });

  it('a failing provider', async () => {
    await rejects({}, '500', OpenAI.InternalServerError, { status: 500 });
    await rejects({}, 'garbage', OpenAI.InternalServerError, { status: 503 });
  });

  it('a stream that breaks', async () => {
    const stream = await client.chat.completions.create(
      { model: 'deepseek-v4-flash', messages, stream: true },
      { headers: { 'x-sim-fault': 'cut-5' } },
    );
    await assert.rejects(collect(stream), (error) => {
      assert.ok(error instanceof OpenAI.APIError);
      assert.equal(error.code, 'answer_truncated');
      return true;
    });
  });

  it("the SDK's own retries succeed", async () => {
    const patient = new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey: 'any', maxRetries: 2 });
    const answer = await patient.chat.completions.create(
      { model: 'locked-out', messages: [{ role: 'user', content: 'again' }] },
      { headers: { 'x-tidegate-route': 'terminal_agentic', 'x-sim-fault': '503*1' } },
    );
    assert.equal(answer.choices[0].finish_reason, 'stop');
  });
});

describe('a client that leaves', () => {
  const leave = async (body, headers) => {
    const abort = new AbortController();
    const options = { headers, signal: abort.signal };
    const ask = client.chat.completions.create(
      { model: 'deepseek-v4-flash', messages, ...body },
      options,
    );
    return { ask, abort };
  };
  const canceled = async () => {
    const open = await eventually(
      () => simulator.open(),
      ({ in_flight: count, left_early: left }) => count === 0 && left === 1,
    );
    assert.deepEqual(open, { in_flight: 0, left_early: 1, served: 1 });
  };

  it('in the middle of a stream', async () => {
    const slow = { 'x-sim-fault': 'slow-chunks-50', 'x-sim-tokens': '2000' };
    const { ask, abort } = await leave({ stream: true }, slow);
    let count = 0;
    for await (const chunk of await ask) {
      assert.ok(chunk.id);
      if (++count === 3) abort.abort();
    }
    await canceled();
  });

  it('before the answer', async () => {
    const { ask, abort } = await leave({}, { 'x-sim-fault': 'hang' });
    const failed = assert.rejects(ask, OpenAI.APIUserAbortError);
    await eventually(async () => (await simulator.open()).in_flight === 1);
    abort.abort();
    await failed;
    await canceled();
  });
});
