// Embeddings and completions with the official OpenAI SDK, through the gateway and in the simulated
// default without any configuration.
import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import 'openai/shims/web';
import OpenAI from 'openai';
import { startGateway, startSimulator } from './harness.mjs';

let simulator;
let gateway;
let client;

before(async () => {
  simulator = await startSimulator();
  gateway = await startGateway({
    providers: {
      deepseek: simulator.provider('deepseek', 'deepseek'),
      openai: simulator.provider('openai', 'openai'),
      engine: simulator.provider('vllm', 'vllm'),
    },
    models: { coder: { provider: 'engine' } },
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

describe('embeddings', () => {
  const model = 'text-embedding-3-small';
  const length = (vector) => Math.sqrt(vector.reduce((sum, each) => sum + each * each, 0));

  it('come as base64, which the SDK asks for by itself, or as numbers', async () => {
    const input = ['The tide is high.', 'Die Flut ist hoch: 潮'];
    const usual = await client.embeddings.create({ model, input });
    assert.equal(JSON.parse((await simulator.log())[0].body).encoding_format, 'base64');
    const plain = await client.embeddings.create({ model, input, encoding_format: 'float' });
    assert.deepEqual(usual.data.map((each) => each.index), [0, 1]);
    for (const [i, { embedding }] of usual.data.entries()) {
      assert.equal(embedding.length, 1536);
      assert.ok(Math.abs(length(embedding) - 1) < 1e-3);
      assert.deepEqual([...new Float32Array(embedding)], [...new Float32Array(plain.data[i].embedding)]);
    }
    assert.notDeepEqual(usual.data[0].embedding, usual.data[1].embedding);
    assert.ok(usual.usage.prompt_tokens > 0);
    assert.equal(usual.usage.total_tokens, usual.usage.prompt_tokens);
  });

  it('have the dimensions that were asked for', async () => {
    const { data } = await client.embeddings.create({ model, input: 'a', dimensions: 256 });
    assert.equal(data[0].embedding.length, 256);
  });

  it('may be asked for in token ids', async () => {
    const { data, usage } = await client.embeddings.create({ model, input: [[1, 2, 3], [4]] });
    assert.equal(data.length, 2);
    assert.equal(usage.prompt_tokens, 4);
  });

  it('come in batches as large as the provider takes', async () => {
    const input = Array.from({ length: 2048 }, (_, i) => `text ${i}`);
    const { data } = await client.embeddings.create({ model: 'text-embedding-3-large', input });
    assert.equal(data.length, 2048);
    assert.equal(data.at(-1).embedding.length, 3072);
  });

  it('refuse what makes no sense, each with its exception', async () => {
    const asked = (fields) => client.embeddings.create({ model, input: 'a', ...fields });
    await assert.rejects(asked({ input: '' }), OpenAI.BadRequestError);
    await assert.rejects(asked({ model: 'gpt-5.5' }), OpenAI.PermissionDeniedError);
    await assert.rejects(asked({ model: 'nobody' }), OpenAI.NotFoundError);
    await assert.rejects(asked({ model: 'auto' }), (error) => {
      assert.ok(error instanceof OpenAI.BadRequestError);
      assert.equal(error.param, 'model');
      return true;
    });
  });

  it('are among the models', async () => {
    const ids = [];
    for await (const { id } of client.models.list()) ids.push(id);
    assert.ok(ids.includes(model));
    assert.ok(!ids.includes('gemini-embedding-001'), 'its provider is not configured');
  });
});

for (const model of ['deepseek-v4-flash', 'coder']) {
  describe(`completions of ${model}`, () => {
    const prompt = 'def fib(n):';

    it('fill in the middle', async () => {
      const suffix = model === 'coder' ? undefined : '\n    return a';
      const answer = await client.completions.create({ model, prompt, suffix, max_tokens: 64 });
      assert.match(answer.choices[0].text, /def fib/);
      assert.equal(answer.object, 'text_completion');
      assert.ok(answer.usage.completion_tokens > 0);
    });

    it('stream', async () => {
      const stream = await client.completions.create({
        model,
        prompt,
        stream: true,
        stream_options: { include_usage: true },
      });
      let text = '';
      let usage;
      for await (const chunk of stream) {
        text += chunk.choices[0]?.text ?? '';
        usage = chunk.usage ?? usage;
      }
      assert.match(text, /def fib/);
      assert.ok(usage.completion_tokens > 0);
    });

    it('that are cut raise an error', async () => {
      const stream = await client.completions.create(
        { model, prompt, stream: true },
        { headers: { 'x-sim-fault': 'no-done' } },
      );
      await assert.rejects(async () => {
        for await (const _ of stream);
      }, OpenAI.APIError);
    });
  });
}
