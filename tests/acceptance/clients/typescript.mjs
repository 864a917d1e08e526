// Calls an official client as told, line by line: {"method", "args"} in, {"value"} or {"error"} out.
import { createInterface } from "node:readline";

const [, name, host] = process.argv;
const { default: MemoryClient } = await import(name);
const client = new MemoryClient({ apiKey: "any", host });

for await (const line of createInterface({ input: process.stdin })) {
  const { method, args } = JSON.parse(line);
  const called = async () => client[method](...args);
  const answer = await called().then(
    (value) => ({ value }),
    (error) => ({ error: { name: error.name, code: error.errorCode, message: error.message } }),
  );
  console.log(JSON.stringify(answer));
}
