/** One contestant: makes a call to each host that meets its fault, and replies with how they ended. */
import { setTimeout as sleep } from "node:timers/promises"
import { load, type Name } from "../retry/contestants.ts"
import { faults, faultyCall, text } from "./faults.ts"
import type { Ended, Outcome } from "./outcomes.ts"

/** Milliseconds between the starts of two calls, so that they do not compete for the processor. */
const stagger = 50

type Call = (number: number) => Promise<string>

/** The calls at a host, after one that loads and compiles what they need. */
const warmUp = async (name: Name, url: string, isStream: boolean): Promise<Call> => {
  const { chat, stream } = await load(name, url)
  const call = isStream ? stream : chat
  const got = await call(faultyCall - 1)
  if (got !== text) throw new Error(`${name} got ${got} from a host without a fault`)
  return call
}

const measure = async (call: Call, seconds: number): Promise<Ended> => {
  const startedAt = performance.now()
  const outcome = await Promise.race([
    call(faultyCall).then(
      (got): Outcome => (got === text ? "recovered" : "wrong"),
      (): Outcome => "error"
    ),
    sleep(seconds * 1_000, "waiting" as const)
  ])
  return { outcome, seconds: (performance.now() - startedAt) / 1_000 }
}

if (process.send !== undefined) {
  const [name, ...urls] = process.argv.slice(2)
  const calls = await Promise.all(
    urls.map((url, at) => warmUp(name as Name, url, faults[at % faults.length]?.isStream === true))
  )
  // The message is the number of seconds after which a call counts as waiting.
  process.on("message", async (seconds: number) => {
    const ends = calls.map(async (call, at) => {
      await sleep(at * stagger)
      return measure(call, seconds)
    })
    process.send?.(await Promise.all(ends))
  })
  process.send("ready")
}
