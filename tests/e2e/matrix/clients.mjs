// The client SDKs of the compatibility matrix, each behind the same six actions. An action returns
// what it saw, or throws what the SDK throws. Tools answer at once; a loop ends with words.
// The fetch of Node itself, as in sdk.test.mjs.
import 'openai/shims/web';
import Anthropic from '@anthropic-ai/sdk';
import { createAnthropic } from '@ai-sdk/anthropic';
import { createDeepSeek } from '@ai-sdk/deepseek';
import { createOpenAI } from '@ai-sdk/openai';
import { AIMessageChunk, HumanMessage, ToolMessage } from '@langchain/core/messages';
import { ChatOpenAI } from '@langchain/openai';
import { generateText, jsonSchema, stepCountIs, streamText, tool } from 'ai';
import OpenAI from 'openai';

const city = {
  type: 'object',
  properties: { city: { type: 'string' } },
  required: ['city'],
  additionalProperties: false,
};
const names = ['get_weather', 'get_tide'];
const answer = (name, args) => `${name} of ${args.city ?? 'nowhere'}: 12 degrees`;
const most = 12; // rounds of a loop, which should have ended by then

const chatTools = names.map((name) => ({
  type: 'function',
  function: { name, description: `${name} of a city`, parameters: city },
}));

/** OpenAI's SDK on Chat Completions. */
function openaiChat(url, headers) {
  const client = new OpenAI({ baseURL: `${url}/v1`, apiKey: 'any', maxRetries: 0, defaultHeaders: headers });
  const ask = (model, text, more) =>
    client.chat.completions.create({ model, messages: [{ role: 'user', content: text }], ...more });
  return {
    plain: async (model) => (await ask(model, 'Say hello.')).choices[0].message.content,
    stream: async (model) => {
      let text = '';
      let finish;
      for await (const chunk of await ask(model, 'Say hello.', { stream: true })) {
        text += chunk.choices[0]?.delta.content ?? '';
        finish = chunk.choices[0]?.finish_reason ?? finish;
      }
      return finish === 'stop' ? text : '';
    },
    loop: async (model, text) => {
      const messages = [{ role: 'user', content: text }];
      const calls = [];
      for (let round = 0; round < most; ++round) {
        const { choices } = await client.chat.completions.create({
          model,
          messages,
          tools: chatTools,
          reasoning_effort: 'high',
        });
        const { message } = choices[0];
        if (!message.tool_calls?.length) return { calls, text: message.content };
        messages.push(message);
        for (const call of message.tool_calls) {
          calls.push(call.function.name);
          const args = JSON.parse(call.function.arguments);
          messages.push({ role: 'tool', tool_call_id: call.id, content: answer(call.function.name, args) });
        }
      }
      throw new Error('the loop does not end');
    },
    fail: (model) => ask(model, 'Say hello.'),
    abort: async (model) => {
      const stream = await ask(model, 'Say hello.', { stream: true });
      for await (const _ of stream) return stream.controller.abort();
    },
  };
}

/** OpenAI's SDK on Responses, stateless as Codex uses it. */
function openaiResponses(url, headers) {
  const client = new OpenAI({ baseURL: `${url}/v1`, apiKey: 'any', maxRetries: 0, defaultHeaders: headers });
  const ask = (model, input, more) =>
    client.responses.create({
      model,
      input,
      store: false,
      include: ['reasoning.encrypted_content'],
      ...more,
    });
  const tools = names.map((name) => ({ type: 'function', name, parameters: city, strict: true }));
  return {
    plain: async (model) => (await ask(model, 'Say hello.')).output_text,
    stream: async (model) => {
      let text = '';
      for await (const event of await ask(model, 'Say hello.', { stream: true })) {
        if (event.type === 'response.output_text.delta') text += event.delta;
        if (event.type === 'response.completed') {
          return event.response.output.at(-1).content[0].text === text ? text : '';
        }
      }
      return '';
    },
    loop: async (model, text) => {
      const input = [{ role: 'user', content: text }];
      const calls = [];
      for (let round = 0; round < most; ++round) {
        const response = await ask(model, input, { tools, reasoning: { effort: 'high' } });
        input.push(...response.output);
        const made = response.output.filter((item) => item.type === 'function_call');
        if (made.length === 0) return { calls, text: response.output_text };
        for (const call of made) {
          calls.push(call.name);
          const output = answer(call.name, JSON.parse(call.arguments));
          input.push({ type: 'function_call_output', call_id: call.call_id, output });
        }
      }
      throw new Error('the loop does not end');
    },
    fail: (model) => ask(model, 'Say hello.'),
    abort: async (model) => {
      const stream = await ask(model, 'Say hello.', { stream: true });
      for await (const _ of stream) return stream.controller.abort();
    },
  };
}

/** Anthropic's SDK on Messages, thinking. */
function anthropic(url, headers) {
  const client = new Anthropic({ baseURL: url, apiKey: 'any', maxRetries: 0, defaultHeaders: headers });
  const ask = (model, messages, more) =>
    client.messages.create({ model, max_tokens: 4000, messages, ...more });
  const hello = [{ role: 'user', content: 'Say hello.' }];
  const tools = names.map((name) => ({ name, description: `${name} of a city`, input_schema: city }));
  const words = (message) => message.content.map((block) => block.text ?? '').join('');
  return {
    plain: async (model) => words(await ask(model, hello)),
    stream: async (model) => {
      const stream = client.messages.stream({ model, max_tokens: 4000, messages: hello });
      let text = '';
      stream.on('text', (delta) => (text += delta));
      const message = await stream.finalMessage();
      return message.stop_reason === 'end_turn' && words(message) === text ? text : '';
    },
    loop: async (model, text) => {
      const messages = [{ role: 'user', content: text }];
      const calls = [];
      for (let round = 0; round < most; ++round) {
        const message = await client.messages
          .stream({ model, max_tokens: 4000, messages, tools, thinking: { type: 'adaptive' } })
          .finalMessage();
        messages.push({ role: 'assistant', content: message.content });
        const made = message.content.filter((block) => block.type === 'tool_use');
        if (made.length === 0) return { calls, text: words(message) };
        const content = made.map((block) => {
          calls.push(block.name);
          return { type: 'tool_result', tool_use_id: block.id, content: answer(block.name, block.input) };
        });
        messages.push({ role: 'user', content });
      }
      throw new Error('the loop does not end');
    },
    fail: (model) => ask(model, hello),
    abort: async (model) => {
      const stream = await ask(model, hello, { stream: true });
      for await (const _ of stream) return stream.controller.abort();
    },
  };
}

/** Vercel's AI SDK with one of its providers. */
function vercel(make) {
  const tools = Object.fromEntries(
    names.map((name) => [
      name,
      tool({
        description: `${name} of a city`,
        inputSchema: jsonSchema(city),
        execute: async (args) => answer(name, args),
      }),
    ]),
  );
  return (url, headers) => {
    const model = make(url, headers);
    const once = { maxRetries: 0 };
    return {
      plain: async (name) => (await generateText({ model: model(name), prompt: 'Say hello.', ...once })).text,
      stream: async (name) => {
        let failure;
        const { textStream, finishReason } = streamText({
          model: model(name),
          prompt: 'Say hello.',
          onError: ({ error }) => (failure = error),
          ...once,
        });
        let text = '';
        for await (const delta of textStream) text += delta;
        if (failure) throw failure;
        return (await finishReason) === 'stop' ? text : '';
      },
      loop: async (name, prompt) => {
        const { steps, text } = await generateText({
          model: model(name),
          prompt,
          tools,
          stopWhen: stepCountIs(most),
          ...once,
        });
        return { calls: steps.flatMap((step) => step.toolCalls.map((call) => call.toolName)), text };
      },
      fail: (name) => generateText({ model: model(name), prompt: 'Say hello.', ...once }),
      abort: async (name) => {
        const abort = new AbortController();
        const { textStream } = streamText({
          model: model(name),
          prompt: 'Say hello.',
          abortSignal: abort.signal,
          onError: () => {},
          ...once,
        });
        for await (const _ of textStream) return abort.abort();
      },
    };
  };
}

/** LangChain's ChatOpenAI: it drops reasoning_content on the way back. */
function langchain(url, headers) {
  const chat = (model) =>
    new ChatOpenAI({
      model,
      apiKey: 'any',
      maxRetries: 0,
      useResponsesApi: false,
      configuration: { baseURL: `${url}/v1`, defaultHeaders: headers },
    });
  return {
    plain: async (model) => (await chat(model).invoke('Say hello.')).content,
    stream: async (model) => {
      let whole = new AIMessageChunk('');
      for await (const chunk of await chat(model).stream('Say hello.')) whole = whole.concat(chunk);
      return whole.content;
    },
    loop: async (model, text) => {
      const bound = chat(model).bindTools(chatTools);
      const messages = [new HumanMessage(text)];
      const calls = [];
      for (let round = 0; round < most; ++round) {
        const message = await bound.invoke(messages);
        messages.push(message);
        if (!message.tool_calls?.length) return { calls, text: message.content };
        for (const call of message.tool_calls) {
          calls.push(call.name);
          messages.push(new ToolMessage({ tool_call_id: call.id, content: answer(call.name, call.args) }));
        }
      }
      throw new Error('the loop does not end');
    },
    fail: (model) => chat(model).invoke('Say hello.'),
    abort: async (model) => {
      const abort = new AbortController();
      const stream = await chat(model).stream('Say hello.', { signal: abort.signal });
      for await (const _ of stream) return abort.abort();
    },
  };
}

const v1 = (make) => (url, headers) => make({ baseURL: `${url}/v1`, apiKey: 'any', headers });

/** By the name that the table shows: (url, headers) => actions. */
export const clients = {
  'openai, Chat': openaiChat,
  'openai, Responses': openaiResponses,
  '@anthropic-ai/sdk': anthropic,
  '@langchain/openai': langchain,
  'ai + @ai-sdk/openai, Responses': vercel(v1((options) => createOpenAI(options).responses)),
  'ai + @ai-sdk/openai, Chat': vercel(v1((options) => createOpenAI(options).chat)),
  'ai + @ai-sdk/deepseek': vercel(v1(createDeepSeek)),
  'ai + @ai-sdk/anthropic': vercel(v1(createAnthropic)),
};
