// Tool calls that an engine leaks into text, as SDKs see them through the gateway.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
// The fetch of Node itself, as in sdk.test.mjs.
import 'openai/shims/web';
import Anthropic from '@anthropic-ai/sdk';
import OpenAI from 'openai';
import { startGateway, startSimulator } from './harness.mjs';

const forms = ['', '-typo', '-closer', '-split', '-v32', '-v41', '-in-thinking'];
const schema = { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] };
// As vLLM wants to be asked; it does not think by itself.
const thinking = { chat_template_kwargs: { thinking: true } };
const messages = [{ role: 'user', content: 'Please use the tool.' }];
let simulator;
let gateway;

before(async () => {
  simulator = await startSimulator();
  const vllm = simulator.provider('vllm', 'vllm');
  gateway = await startGateway({
    providers: { mending: { ...vllm, repair_dsml: true }, passing: vllm },
    models: {
      mended: { provider: 'mending', name: 'deepseek-v4-flash', thinking: true },
      passed: { provider: 'passing', name: 'deepseek-v4-flash', thinking: true },
    },
    retry: { attempts: 1 },
  });
});
after(async () => {
  await gateway?.stop();
  await simulator?.stop();
});

function openai(form) {
  const client = new OpenAI({
    baseURL: `${gateway.url}/v1`,
    apiKey: 'any',
    maxRetries: 0,
    defaultHeaders: { 'x-sim-fault': `dsml${form}` },
  });
  const tools = [{ type: 'function', function: { name: 'get_weather', parameters: schema } }];
  return (model, more) =>
    client.chat.completions.create({ model, messages, tools, ...thinking, ...more });
}

for (const form of forms) {
  describe(`dsml${form}`, () => {
    it('is a call in a plain answer', async () => {
      const [{ message, finish_reason }] = (await openai(form)('mended')).choices;
      assert.equal(message.tool_calls?.[0].function.name, 'get_weather');
      assert.ok(JSON.parse(message.tool_calls[0].function.arguments).city);
      assert.equal(finish_reason, 'tool_calls');
      assert.doesNotMatch(JSON.stringify(message), /DSML/);
    });
    it('is a call in a stream', async () => {
      let name;
      let args = '';
      let finish;
      for await (const { choices } of await openai(form)('mended', { stream: true })) {
        const [call] = choices[0]?.delta.tool_calls ?? [];
        name ??= call?.function.name;
        args += call?.function.arguments ?? '';
        finish = choices[0]?.finish_reason ?? finish;
        assert.doesNotMatch(JSON.stringify(choices), /DSML/);
      }
      assert.equal(name, 'get_weather');
      assert.ok(JSON.parse(args).city);
      assert.equal(finish, 'tool_calls');
    });
    it('is a call for a client of Messages', async () => {
      const client = new Anthropic({
        baseURL: gateway.url,
        apiKey: 'any',
        maxRetries: 0,
        defaultHeaders: { 'x-sim-fault': `dsml${form}` },
      });
      const message = await client.messages
        .stream({
          model: 'mended',
          max_tokens: 2000,
          thinking: { type: 'enabled', budget_tokens: 1024 },
          messages,
          tools: [{ name: 'get_weather', input_schema: schema }],
        })
        .finalMessage();
      const call = message.content.find((block) => block.type === 'tool_use');
      assert.ok(call?.input.city);
      assert.equal(message.stop_reason, 'tool_use');
    });
  });
}

it('passes as it is where it was not asked to be mended', async () => {
  const [{ message }] = (await openai('')('passed')).choices;
  assert.match(message.content, /DSML/);
  assert.equal(message.tool_calls, undefined);
});
