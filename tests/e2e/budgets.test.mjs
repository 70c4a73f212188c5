// Budgets as the official SDKs see them: what is used up is an exception at once, without retries.
import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import 'openai/shims/web';
import Anthropic from '@anthropic-ai/sdk';
import OpenAI from 'openai';
import { startGateway, startSimulator } from './harness.mjs';

const model = 'house';
const messages = [{ role: 'user', content: 'What is the tide doing?' }];

let simulator;
before(async () => (simulator = await startSimulator()));
after(() => simulator.stop());

// An answer of 1,000 tokens costs a cent, and there is half a cent.
async function poorGateway(test) {
  const gateway = await startGateway({
    providers: { deepseek: simulator.provider('deepseek', 'deepseek') },
    models: {
      house: {
        provider: 'deepseek',
        name: 'deepseek-v4-flash',
        max_output: 1000,
        price: { input: 1, cached: 1, output: 10 },
      },
    },
    budgets: [{ scope: 'global', usd: 0.005, per: 'total' }],
  });
  test.after(() => gateway.stop());
  await simulator.reset();
  return gateway;
}

const slow = () => assert.fail('the SDK tried again');

it('the OpenAI SDK raises RateLimitError and does not try again', async (test) => {
  const { url } = await poorGateway(test);
  let requests = 0;
  const counted = (...args) => (++requests > 1 ? slow() : fetch(...args));
  const client = new OpenAI({ baseURL: `${url}/v1`, apiKey: 'sk-any', maxRetries: 5, fetch: counted });
  await assert.rejects(client.chat.completions.create({ model, messages }), (error) => {
    assert.ok(error instanceof OpenAI.RateLimitError);
    assert.equal(error.code, 'insufficient_quota');
    assert.equal(error.type, 'insufficient_quota');
    assert.match(error.message, /budget global\.total: \$0\.005 in all/);
    return true;
  });
  assert.deepEqual(await simulator.log(), []);
  requests = 0;
  const answer = await client.chat.completions.create({ model, messages, max_tokens: 100 });
  assert.ok(answer.choices.length > 0);
});

it('the Anthropic SDK raises RateLimitError and does not try again', async (test) => {
  const { url } = await poorGateway(test);
  let requests = 0;
  const counted = (...args) => (++requests > 1 ? slow() : fetch(...args));
  const client = new Anthropic({ baseURL: url, apiKey: 'sk-any', maxRetries: 5, fetch: counted });
  await assert.rejects(client.messages.create({ model, messages, max_tokens: 1000 }), (error) => {
    assert.ok(error instanceof Anthropic.RateLimitError);
    assert.equal(error.error.error.type, 'rate_limit_error');
    assert.match(error.message, /budget global\.total/);
    return true;
  });
  assert.deepEqual(await simulator.log(), []);
});
