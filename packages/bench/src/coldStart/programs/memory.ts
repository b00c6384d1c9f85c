/** Makes calls, 64 in flight, and prints the peak of the process's resident memory in bytes. */
import { readFileSync } from "node:fs"
import { repeat } from "../../harness/cpu.ts"
import { chat } from "../../transport/checkedCalls.ts"
import { load, type Name } from "../../transport/contestants.ts"

const [name, baseUrl = "", calls] = process.argv.slice(2)

await repeat(Number(calls), 64, chat(await load(name as Name), baseUrl))
// On Linux, `maxRSS` includes the memory of the process that started this one, which is larger.
const peak =
  process.platform === "linux"
    ? Number(/^VmHWM:\s+(\d+) kB$/m.exec(readFileSync("/proc/self/status", "utf8"))?.[1])
    : process.resourceUsage().maxRSS
process.stdout.write(String(peak * 1024))
process.exit(0)
