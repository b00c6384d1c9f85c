/** One contestant: makes calls, 64 in flight, and sends the used heap at each tenth of them. */
import { repeat } from "../harness/cpu.ts"
import { chat } from "../transport/checkedCalls.ts"
import { load } from "../transport/contestants.ts"
import type { Name } from "./points.ts"

const [name, url = "", calls = ""] = process.argv.slice(2)

const heap = (): number => {
  for (let i = 0; i < 4; i++) globalThis.gc?.()
  return process.memoryUsage().heapUsed
}

const contestant = await load(name as Name)
const heaps: Array<number> = []
for (let tenth = 0; tenth < 10; tenth++) {
  await repeat(Number(calls) / 10, 64, chat(contestant, url))
  heaps.push(heap())
}
process.send?.(heaps)
process.exit(0)
