/** One contestant: the heap of its open streams. */
import { type Name, load } from "./contestants.ts"

const [name, url, count] = process.argv.slice(2) as [Name, string, string]

const heap = (): number => {
  for (let i = 0; i < 4; i++) globalThis.gc?.()
  return process.memoryUsage().heapUsed
}

const contestant = await load(name)
// Code loaded and compiled on first use does not count per stream.
await Promise.all(Array.from({ length: 16 }, () => contestant.hold(url)))
const before = heap()
await Promise.all(Array.from({ length: Number(count) }, () => contestant.hold(url)))
const perStream = (heap() - before) / Number(count)
process.send?.(perStream)
process.exit(0)
