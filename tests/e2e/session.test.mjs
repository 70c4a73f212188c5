// A session as Claude Code leads it: 40 turns of thinking and tools on the Messages surface, sent to
// DeepSeek, then to Claude, then back, with changes in the middle of tool loops.
import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import Anthropic from '@anthropic-ai/sdk';
import { startGateway, startSimulator } from './harness.mjs';

const turns = 40;
const deepseek = 'deepseek-v4-pro';
const claude = 'claude-opus-4.7';
const redact = 'ANTHROPIC_MAGIC_STRING_TRIGGER_REDACTED_THINKING';
const quick = { 'x-sim-rate': '100000', 'x-sim-first-token': '0ms' };
const modelOf = (turn) => (turn < 15 || turn >= 28 ? deepseek : claude);

const system = [
  { type: 'text', text: 'You are an agent for the harbour.', cache_control: { type: 'ephemeral' } },
];
const tools = [
  {
    name: 'Bash',
    description: 'Runs a command',
    input_schema: {
      type: 'object',
      properties: { command: { type: 'string' } },
      required: ['command'],
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
      anthropic: simulator.provider('anthropic', 'anthropic'),
    },
    retry: { attempts: 1 },
  });
  client = new Anthropic({
    baseURL: gateway.url,
    apiKey: 'any',
    maxRetries: 0,
    defaultHeaders: quick,
  });
});
after(async () => {
  await gateway?.stop();
  await simulator?.stop();
});

/** What the provider says to the same bytes without us between: {text, blocks}. `text` is all reasoning that
 * can be read, `blocks` the thinking blocks of a Messages answer. */
async function saidAlone({ target, body, headers }) {
  const answer = await fetch(simulator.url + target, {
    method: 'POST',
    body,
    headers: { ...headers, authorization: 'Bearer any', 'x-api-key': 'any', ...quick },
  });
  const lines = (await answer.text()).split('\n').filter((line) => line.startsWith('data: {'));
  const blocks = [];
  let text = '';
  for (const event of lines.map((line) => JSON.parse(line.slice(6)))) {
    text += event.choices?.[0]?.delta.reasoning_content ?? '';
    if (event.content_block) blocks[event.index] = { ...event.content_block };
    const block = blocks[event.index];
    if (event.delta?.type === 'thinking_delta') block.thinking += event.delta.thinking;
    if (event.delta?.type === 'signature_delta') block.signature += event.delta.signature;
  }
  const thinking = blocks.filter(isThinking);
  return { text: text + thinking.map((block) => block.thinking ?? '').join(''), blocks: thinking };
}

const isThinking = (block) => block.type === 'thinking' || block.type === 'redacted_thinking';
const thinkingOf = (message) => message.content.filter(isThinking);
const textOf = (message) => thinkingOf(message).map((block) => block.thinking ?? '').join('');

/** Each turn's reasoning in DeepSeek's request: what the client sent of it, byte for byte and nothing
 * else; where that has no words, a stand-in of that turn's own. Gives the number of stand-ins. */
function accountAtDeepSeek(sent, earlier, standIns) {
  const steps = JSON.parse(sent.body).messages.filter((message) => message.role === 'assistant');
  assert.equal(steps.length, earlier.length);
  assert.deepEqual(sent.reasoning, steps.map((step) => step.reasoning_content));
  let missing = 0;
  for (const [index, step] of steps.entries()) {
    const said = step.reasoning_content;
    if (textOf(earlier[index])) {
      assert.equal(said, textOf(earlier[index]), `step ${index}`);
    } else {
      ++missing;
      assert.match(said, /^\(The reasoning of step \d+ was not kept; mark [0-9a-f]{8}\.\)$/);
      standIns[index] ??= said;
      assert.equal(said, standIns[index], 'the same in every request, for the prompt cache');
    }
    assert.equal(sent.body.split(JSON.stringify(said).slice(1, -1)).length, 2, `step ${index} once`);
  }
  return missing;
}

/** Claude gets its own blocks as they were, each in its turn, and none of anybody else. Gives the number of
 * turns whose reasoning had to stay behind. */
function accountAtClaude(sent, earlier, makers) {
  const steps = JSON.parse(sent.body).messages.filter((message) => message.role === 'assistant');
  assert.equal(steps.length, earlier.length);
  let left = 0;
  for (const [index, step] of steps.entries()) {
    const own = makers[index] === claude;
    if (!own && thinkingOf(earlier[index]).length) ++left;
    assert.deepEqual(thinkingOf(step), own ? thinkingOf(earlier[index]) : [], `step ${index}`);
  }
  assert.equal(sent.reasoning.length, steps.flatMap(thinkingOf).length, 'each seal could be opened');
  return left;
}

it('forty turns over two changes of model, and every byte of reasoning is where it belongs', async () => {
  const messages = [];
  const makers = []; // of each step
  const standIns = {};
  const seen = { requests: 0, missing: 0, left: 0, redacted: 0, thoughts: {} };
  for (let turn = 0; turn < turns; ++turn) {
    // The last turns of Claude are those that it redacts.
    const words = turn === 26 ? `${redact} ` : '';
    messages.push({ role: 'user', content: `${words}Turn ${turn}. Please use the tool in 2 steps.` });
    let model = modelOf(turn);
    for (;;) {
      const earlier = messages.filter((message) => message.role === 'assistant');
      await simulator.reset();
      const stream = client.messages.stream({
        model,
        max_tokens: 8000,
        system,
        tools,
        messages,
        thinking: { type: 'adaptive', display: 'summarized' },
        metadata: { user_id: 'user_1_account__session_2' },
      });
      const { response } = await stream.withResponse();
      const message = await stream.finalMessage();
      ++seen.requests;
      const notes = response.headers.get('x-tidegate-notes') ?? '';
      const [sent] = await simulator.log();
      assert.equal(sent.status, 200);
      assert.ok(!sent.body.includes('tidegate1.'), 'an envelope of ours went to the provider');

      // On the way out.
      const where = `turn ${turn}, ${model}: ${notes}`;
      if (model === deepseek) {
        const missing = accountAtDeepSeek(sent, earlier, standIns);
        const expected = missing === 1 ? 'reasoning of 1 turn missing' : `reasoning of ${missing} turns missing`;
        assert.equal(notes.includes('missing'), missing > 0, where);
        if (missing) assert.ok(notes.includes(expected), where);
        seen.missing += missing;
      } else {
        const left = accountAtClaude(sent, earlier, makers);
        assert.equal(notes.includes('reasoning of another model left out'), left > 0, where);
        seen.left += left;
      }

      // On the way back.
      const said = await saidAlone(sent);
      assert.equal(textOf(message), said.text);
      if (model === claude) assert.deepEqual(thinkingOf(message), said.blocks);
      for (const block of thinkingOf(message)) {
        if (block.type === 'redacted_thinking') ++seen.redacted;
        else assert.ok(block.signature, 'a thinking block needs a signature');
      }
      if (said.text) seen.thoughts[model] = (seen.thoughts[model] ?? 0) + 1;

      messages.push({ role: 'assistant', content: message.content });
      makers.push(model);
      const calls = message.content.filter((block) => block.type === 'tool_use');
      assert.equal(message.stop_reason, calls.length ? 'tool_use' : 'end_turn');
      if (calls.length === 0) break;
      messages.push({
        role: 'user',
        content: [
          ...calls.map((call) => ({
            type: 'tool_result',
            tool_use_id: call.id,
            content: [{ type: 'text', text: `done: ${call.input.command}` }],
          })),
          { type: 'text', text: '<system-reminder>Keep going.</system-reminder>' },
        ],
      });
      // Now and then the other model goes on with an open tool loop.
      if (turn % 7 === 3) model = model === deepseek ? claude : deepseek;
    }
  }
  assert.equal(seen.requests, 3 * turns);
  assert.ok(seen.thoughts[deepseek] > turns && seen.thoughts[claude] > 10, JSON.stringify(seen));
  // What could not cross was there to be accounted for.
  assert.ok(seen.left && seen.missing && seen.redacted, JSON.stringify(seen));
});
