/** Makes calls, 64 in flight, and prints the peak of the process's resident memory in bytes. */
import { readFileSync } from "node:fs"

const [contestant = "", baseUrl = "", count = "0"] = process.argv.slice(2)

// Loaded on demand, so that the memory is that of one contestant.
const load = async (): Promise<() => Promise<string>> =>
  contestant === "openai"
    ? (await import("./openaiCalls.ts")).make(baseUrl)
    : (await import("./kimiCalls.ts")).make(baseUrl, contestant === "full")

const chat = await load()
let left = Number(count)
const worker = async (): Promise<void> => {
  while (left-- > 0) if ((await chat()) === "") throw new Error(`${contestant} got no response`)
}
await Promise.all(Array.from({ length: 64 }, worker))
// On Linux, `maxRSS` includes the memory of the process that started this one, which is larger.
const peak =
  process.platform === "linux"
    ? Number(/^VmHWM:\s+(\d+) kB$/m.exec(readFileSync("/proc/self/status", "utf8"))?.[1])
    : process.resourceUsage().maxRSS
process.stdout.write(String(peak * 1024))
process.exit(0)
