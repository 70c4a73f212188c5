// An agent's session that never ends: one message of the user, then 200 steps of calls and results,
// of which the client sends all each time and the model has room for a quarter. Whatever the
// gateway leaves out, the strict providers must take the rest, at every step.
import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import 'openai/shims/web';
import Anthropic from '@anthropic-ai/sdk';
import OpenAI from 'openai';
import { startGateway, startSimulator } from './harness.mjs';

const steps = 200;
const task = 'The task: look up every harbour there is.';
const system = 'You are an agent for the harbour.';
const parameters = { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] };
const result = (step) => `Result ${step}. ${'The tide was high, then low, then high. '.repeat(12)}`;

let simulator;
let gateway;
const headers = { 'x-sim-tools': `${2 * steps}x2`, 'x-sim-rate': '1000000', 'x-sim-first-token': '0ms' };

before(async () => {
  simulator = await startSimulator();
  const profile = (name, on_overflow) => ({
    match: { user_agent: name },
    context_window: 16000,
    on_overflow,
  });
  gateway = await startGateway({
    providers: {
      deepseek: simulator.provider('deepseek', 'deepseek'),
      anthropic: simulator.provider('anthropic', 'anthropic'),
      openai: simulator.provider('openai', 'openai'),
    },
    clients: {
      oldest: profile('oldest', 'truncate_oldest'),
      middle: profile('middle', 'truncate_middle'),
    },
    retry: { attempts: 1 },
    breaker: { failures: 1000 },
  });
});
after(async () => {
  await gateway?.stop();
  await simulator?.stop();
});

/**
 * Each gives a session of one surface: send() asks the model once more and takes its answer into the
 * history; answer() adds the results of its calls.
 */
const surfaces = {
  // Its client drops the reasoning, as most on this surface do.
  chat: (model, agent) => {
    const client = new OpenAI({
      baseURL: `${gateway.url}/v1`,
      apiKey: 'any',
      maxRetries: 0,
      defaultHeaders: { ...headers, 'user-agent': agent },
    });
    const messages = [
      { role: 'system', content: system },
      { role: 'user', content: task },
    ];
    const tools = [{ type: 'function', function: { name: 'look', parameters } }];
    return {
      send: async () => {
        const { data, response } = await client.chat.completions
          .create({ model, max_completion_tokens: 4000, messages, tools, reasoning_effort: 'high' })
          .withResponse();
        const { role, content, tool_calls } = data.choices[0].message;
        messages.push({ role, content, tool_calls });
        return { calls: tool_calls.map((call) => call.id), response };
      },
      answer: (calls, text) => {
        for (const id of calls) messages.push({ role: 'tool', tool_call_id: id, content: text });
      },
      sent: () => messages.length,
    };
  },
  messages: (model, agent) => {
    const client = new Anthropic({
      baseURL: gateway.url,
      apiKey: 'any',
      maxRetries: 0,
      defaultHeaders: { ...headers, 'user-agent': agent },
    });
    const messages = [{ role: 'user', content: [{ type: 'text', text: task }] }];
    const tools = [{ name: 'look', input_schema: parameters }];
    const thinking = { type: 'adaptive' };
    return {
      send: async () => {
        const { data, response } = await client.messages
          .create({ model, max_tokens: 4000, system, messages, tools, thinking })
          .withResponse();
        messages.push({ role: 'assistant', content: data.content });
        const calls = data.content.filter((block) => block.type === 'tool_use');
        return { calls: calls.map((call) => call.id), response };
      },
      answer: (calls, text) =>
        messages.push({
          role: 'user',
          content: calls.map((id) => ({ type: 'tool_result', tool_use_id: id, content: text })),
        }),
      sent: () => messages.length,
    };
  },
  responses: (model, agent) => {
    const client = new OpenAI({
      baseURL: `${gateway.url}/v1`,
      apiKey: 'any',
      maxRetries: 0,
      defaultHeaders: { ...headers, 'user-agent': agent },
    });
    const input = [{ role: 'user', content: task }];
    const tools = [{ type: 'function', name: 'look', parameters, strict: false }];
    return {
      send: async () => {
        const { data, response } = await client.responses
          .create({
            model,
            max_output_tokens: 4000,
            instructions: system,
            input,
            tools,
            store: false,
            include: ['reasoning.encrypted_content'],
            reasoning: { effort: 'high' },
          })
          .withResponse();
        input.push(...data.output);
        const calls = data.output.filter((item) => item.type === 'function_call');
        return { calls: calls.map((call) => call.call_id), response };
      },
      answer: (calls, text) => {
        for (const call_id of calls) {
          input.push({ type: 'function_call_output', call_id, output: text });
        }
      },
      sent: () => input.length,
    };
  },
};

const cases = [
  ['chat', 'deepseek-v4-pro', 'oldest'],
  ['messages', 'deepseek-v4-pro', 'middle'],
  ['responses', 'deepseek-v4-pro', 'oldest'],
  ['chat', 'claude-opus-4.7', 'middle'],
  ['messages', 'claude-opus-4.7', 'oldest'],
  ['responses', 'claude-opus-4.7', 'middle'],
  ['responses', 'gpt-5.5', 'oldest'], // its reasoning items go back unchanged
];
for (const [surface, model, agent] of cases) {
  it(`${steps} steps on ${surface}, at ${model}, ${agent} messages left out`, async () => {
    const session = surfaces[surface](model, agent);
    let truncated = 0;
    let last;
    for (let step = 0; step < steps; ++step) {
      const sent = session.sent();
      if (step === steps - 1) await simulator.reset();
      const { calls, response } = await session.send();
      assert.equal(calls.length, 2, `step ${step}`);
      const notes = response.headers.get('x-tidegate-notes') ?? '';
      assert.doesNotMatch(notes, /missing|thinking off/, `step ${step}`);
      const left = notes.match(/truncated (\d+) messages \((\d+) tool calls\)/);
      if (left) {
        truncated += 1;
        assert.ok(Number(left[1]) < sent - 3, `step ${step}: ${notes}`);
        assert.equal(Number(left[2]) % 2, 0);
      }
      last = left;
      session.answer(calls, result(step));
    }
    assert.ok(truncated > steps / 2, `truncated ${truncated} times`);
    assert.ok(Number(last[2]) > steps, 'most calls are left out');

    const [{ status, body, reasoning }] = await simulator.log();
    assert.equal(status, 200);
    assert.ok(body.includes(task) && body.includes(system));
    assert.ok(body.includes(`[${last[1]} earlier messages were left out]`));
    assert.ok(body.includes(`Result ${steps - 2}.`) && !body.includes('Result 1.'));
    // Each step that is left was thought about, and the provider got it back.
    const steps_left = new Set(body.match(/Result \d+\./g)).size;
    assert.ok(steps_left > 5);
    assert.equal(reasoning.length, steps_left);
  });
}
