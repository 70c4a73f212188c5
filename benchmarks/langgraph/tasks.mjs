// What LangGraph.js takes for tasks that do nothing: CPU time per task, in a chain and side by side.
//
//   node tasks.mjs TASKS ROUNDS
//
// Prints one object with a list of microseconds for each shape, a value a round. Nothing is saved
// between the tasks (no checkpointer), which is its cheapest way; `chain_saved` keeps checkpoints in
// memory. CPU time is that of the whole process, its compiler and its collector included, after one
// run that warms up.
import { Annotation, END, MemorySaver, START, StateGraph } from "@langchain/langgraph";

const tasks = Number(process.argv[2]);
const rounds = Number(process.argv[3]);

// The newest answer is kept, so that the state does not grow.
const State = Annotation.Root({ answer: Annotation({ reducer: (_, newer) => newer }) });
const names = Array.from({ length: tasks }, (_, number) => `t${number}`);

function chain(checkpointer) {
  const graph = new StateGraph(State);
  for (const name of names) graph.addNode(name, () => ({ answer: "done" }));
  graph.addEdge(START, names[0]);
  for (let i = 1; i < tasks; ++i) graph.addEdge(names[i - 1], names[i]);
  graph.addEdge(names.at(-1), END);
  return graph.compile({ checkpointer });
}

function fan() {
  const graph = new StateGraph(State);
  for (const name of names) {
    graph.addNode(name, () => ({ answer: "done" }));
    graph.addEdge(START, name);
    graph.addEdge(name, END);
  }
  return graph.compile();
}

async function measure(graph) {
  const times = [];
  for (let round = 0; round <= rounds; ++round) {
    const options = { recursionLimit: tasks + 10, configurable: { thread_id: `${round}` } };
    const before = process.cpuUsage();
    await graph.invoke({ answer: "" }, options);
    const used = process.cpuUsage(before);
    if (round > 0) times.push((used.user + used.system) / tasks);
  }
  return times;
}

console.log(
  JSON.stringify({
    chain: await measure(chain()),
    fan: await measure(fan()),
    chain_saved: await measure(chain(new MemorySaver())),
  }),
);
