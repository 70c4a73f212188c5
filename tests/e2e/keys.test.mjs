// Virtual keys as the official SDKs of OpenAI and Anthropic see them.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import Anthropic from '@anthropic-ai/sdk';
import 'openai/shims/web';
import OpenAI from 'openai';
import { startGateway, startSimulator } from './harness.mjs';

const messages = [{ role: 'user', content: 'What is the tide doing?' }];
let simulator;
let gateway;
let key; // may use deepseek-v4-flash alone

before(async () => {
  simulator = await startSimulator();
  gateway = await startGateway({
    auth: 'keys',
    providers: {
      deepseek: simulator.provider('deepseek', 'deepseek'),
      openai: simulator.provider('openai', 'openai'),
    },
    retry: { attempts: 1 },
  });
  const made = await fetch(`${gateway.admin}/api/keys`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ name: 'sdk', models: ['deepseek-v4-flash'] }),
  });
  assert.equal(made.status, 201);
  ({ key } = await made.json());
});
after(async () => {
  await gateway?.stop();
  await simulator?.stop();
});

const openai = (apiKey) => new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey, maxRetries: 0 });
const anthropic = (options) => new Anthropic({ baseURL: gateway.url, maxRetries: 0, ...options });
const chat = (client, model) => client.chat.completions.create({ model, messages });
const message = (client, model) => client.messages.create({ model, max_tokens: 100, messages });

describe('OpenAI', () => {
  it('answers a good key', async () => {
    const answer = await chat(openai(key), 'deepseek-v4-flash');
    assert.match(answer.choices[0].message.content, /tide/);
    const models = await openai(key).models.list();
    assert.deepEqual(
      models.data.map((model) => model.id).filter((id) => id.startsWith('gpt')),
      [],
    );
  });
  it('throws AuthenticationError for a bad one', () =>
    assert.rejects(chat(openai('sk-wrong'), 'deepseek-v4-flash'), (error) => {
      assert.ok(error instanceof OpenAI.AuthenticationError);
      assert.equal(error.code, 'invalid_api_key');
      assert.match(error.request_id, /^req_/);
      return true;
    }));
  it('throws PermissionDeniedError for another model, and names the allowed', () =>
    assert.rejects(chat(openai(key), 'gpt-5.5'), (error) => {
      assert.ok(error instanceof OpenAI.PermissionDeniedError);
      assert.match(error.message, /only the models deepseek-v4-flash/);
      return true;
    }));
});

describe('Anthropic', () => {
  it('answers a good key, as apiKey and as authToken', async () => {
    for (const options of [{ apiKey: key }, { apiKey: null, authToken: key }]) {
      const answer = await message(anthropic(options), 'deepseek-v4-flash');
      assert.match(answer.content.at(-1).text, /tide/);
    }
  });
  it('throws AuthenticationError for a bad one', () =>
    assert.rejects(
      message(anthropic({ apiKey: 'sk-wrong' }), 'deepseek-v4-flash'),
      (error) => error instanceof Anthropic.AuthenticationError && error.status === 401,
    ));
  it('throws PermissionDeniedError for another model', () =>
    assert.rejects(
      message(anthropic({ apiKey: key }), 'gpt-5.5'),
      (error) => error instanceof Anthropic.PermissionDeniedError && /deepseek-v4-flash/.test(error.message),
    ));
});
