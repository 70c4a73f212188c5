// The list of models as both official SDKs read it.
import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import Anthropic from '@anthropic-ai/sdk';
import 'openai/shims/web';
import OpenAI from 'openai';
import { startGateway } from './harness.mjs';

let gateway;
let openai;
let anthropic;

before(async () => {
  gateway = await startGateway({ models: { 'team/quick': 'deepseek-v4-flash' } });
  openai = new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey: 'any', maxRetries: 0 });
  anthropic = new Anthropic({ baseURL: gateway.url, apiKey: 'any', maxRetries: 0 });
});

after(() => gateway?.stop());

it('lists what model may say', async () => {
  const ids = [];
  for await (const model of openai.models.list()) {
    assert.equal(model.object, 'model');
    ids.push(model.id);
  }
  for (const id of ['auto', 'deepseek-v4-pro', 'team/quick', 'route:short_task_batch']) {
    assert.ok(ids.includes(id), `${id} of ${ids}`);
  }
  const same = [];
  for await (const model of anthropic.models.list({ limit: 3 })) {
    assert.equal(model.type, 'model');
    assert.ok(model.display_name && !Number.isNaN(Date.parse(model.created_at)));
    same.push(model.id);
  }
  assert.deepEqual(same, ids);
});

it('gives one by its name or alias', async () => {
  for (const id of ['deepseek-v4-pro', 'team/quick', 'team%2Fquick']) {
    assert.equal((await openai.models.retrieve(id)).id, decodeURIComponent(id));
  }
  const model = await anthropic.models.retrieve('team/quick');
  assert.deepEqual([model.id, model.type], ['team/quick', 'model']);
});

it('says what is near to one that there is not', async () => {
  await assert.rejects(openai.models.retrieve('deepseek-v4-por'), (error) => {
    assert.ok(error instanceof OpenAI.NotFoundError);
    assert.equal(error.code, 'model_not_found');
    assert.match(error.message, /Did you mean deepseek-v4-pro/);
    return true;
  });
  await assert.rejects(anthropic.models.retrieve('deepseek-v4-por'), (error) => {
    assert.ok(error instanceof Anthropic.NotFoundError);
    assert.equal(error.error.error.type, 'not_found_error');
    return true;
  });
});
