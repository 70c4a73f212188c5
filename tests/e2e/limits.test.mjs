// Limits as the official SDKs see them: they wait as they are told and try again.
import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import 'openai/shims/web';
import Anthropic from '@anthropic-ai/sdk';
import OpenAI from 'openai';
import { startGateway, startSimulator } from './harness.mjs';

const model = 'deepseek-v4-flash';
const messages = [{ role: 'user', content: 'What is the tide doing?' }];

let simulator;
before(async () => (simulator = await startSimulator()));
after(() => simulator.stop());

// One request at once and another one after three seconds; nobody waits at the gateway.
async function slowGateway(test) {
  const gateway = await startGateway({
    providers: { deepseek: simulator.provider('deepseek', 'deepseek') },
    limits: { requests_per_minute: 20, tokens_per_minute: 100000, burst: 0.05, queue_time: '0s' },
  });
  test.after(() => gateway.stop());
  return gateway;
}

it('the OpenAI SDK reads the limits and tries again when told to', async (test) => {
  const { url } = await slowGateway(test);
  const client = (maxRetries) => new OpenAI({ baseURL: `${url}/v1`, apiKey: 'sk-any', maxRetries });
  const ask = (retries) =>
    client(retries).chat.completions.create({ model, messages }).withResponse();
  const { response } = await ask(0);
  assert.equal(response.headers.get('x-ratelimit-limit-requests'), '1');
  assert.equal(response.headers.get('x-ratelimit-remaining-requests'), '0');
  await assert.rejects(ask(0), (error) => {
    assert.ok(error instanceof OpenAI.RateLimitError);
    assert.equal(error.code, 'rate_limit_exceeded');
    assert.equal(error.headers['retry-after'], '3');
    return true;
  });
  const again = await ask(2);
  assert.equal(again.data.choices[0].finish_reason, 'stop');
});

it('the Anthropic SDK reads the limits and tries again when told to', async (test) => {
  const { url } = await slowGateway(test);
  const client = (maxRetries) => new Anthropic({ baseURL: url, apiKey: 'sk-any', maxRetries });
  const ask = (retries) =>
    client(retries).messages.create({ model, messages, max_tokens: 100 }).withResponse();
  const { response } = await ask(0);
  assert.equal(response.headers.get('anthropic-ratelimit-requests-limit'), '1');
  assert.ok(Date.parse(response.headers.get('anthropic-ratelimit-tokens-reset')) > 0);
  await assert.rejects(ask(0), (error) => {
    assert.ok(error instanceof Anthropic.RateLimitError);
    assert.equal(error.error.error.type, 'rate_limit_error');
    return true;
  });
  const again = await ask(2);
  assert.equal(again.data.role, 'assistant');
});
