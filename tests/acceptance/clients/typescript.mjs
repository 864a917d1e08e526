// Calls the official client as told, line by line: {"method", "args"} in, {"value"} or {"error"} out.
import { createInterface } from "node:readline";
import MemoryClient from "mem0ai";

const client = new MemoryClient({ apiKey: "any", host: process.argv[1] });

for await (const line of createInterface({ input: process.stdin })) {
  const { method, args } = JSON.parse(line);
  const answer = await client[method](...args).then(
    (value) => ({ value }),
    (error) => ({ error: { name: error.name, code: error.errorCode, message: error.message } }),
  );
  console.log(JSON.stringify(answer));
}
