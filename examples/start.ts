/**
 * Run by `npm start`: a tour of what the library does, over real HTTP on
 * recorded traffic. With `KIMI_API_KEY` or `MOONSHOT_API_KEY` set, the first
 * three steps call Kimi. `npm start -- chat "a question"` asks one question.
 */
import type { KimiClient } from "@kimi-effect/client"
import { KimiNode } from "@kimi-effect/client/node"
import { KimiError } from "@kimi-effect/core"
import { MockServer } from "@kimi-effect/testing/node"
import * as Config from "effect/Config"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import { toolLoop } from "./tour/agent.ts"
import { chat, invalidRequest, stream } from "./tour/calls.ts"
import { simulatedDay } from "./tour/day.ts"
import { fallback, survived } from "./tour/failures.ts"
import { question } from "./tour/host.ts"
import { cacheHit, refusal } from "./tour/money.ts"
import { swarm } from "./tour/swarm.ts"

const [command, ...words] = process.argv.slice(2)
const asked = words.join(" ")

const recorded = Layer.unwrap(
  Effect.gen(function* () {
    const server = yield* MockServer.make({ tokenDelay: "15 millis" })
    yield* Console.log(`No KIMI_API_KEY: replaying recorded traffic at ${server.url}`)
    const isOther = command === "chat" && asked !== "" && asked !== question
    yield* Console.log(isOther ? `This is the recorded answer to "${question}". With a key, Kimi answers yours.\n` : "")
    return KimiNode.layer({ apiKey: Redacted.make("sk-recorded"), baseUrl: server.url })
  })
)

const isSet = (name: string) =>
  Effect.map(Config.option(Config.Redacted(name)), (key) => Option.exists(key, (value) => Redacted.value(value) !== ""))

const hasKey = Effect.zipWith(isSet("KIMI_API_KEY"), isSet("MOONSHOT_API_KEY"), (own, other) => own || other)

/** With the default of ten attempts, a machine without a network would wait for a minute before the first line. */
const kimi = KimiNode.layerConfig({ maxAttempts: 4 })

const client = Layer.unwrap(Effect.map(hasKey, (has) => (has ? kimi : recorded)))

interface Step<R> {
  readonly title: string
  readonly run: Effect.Effect<unknown, unknown, R>
}

const calls: ReadonlyArray<Step<KimiClient.KimiClient>> = [
  { title: "A chat", run: chat(question) },
  { title: "A stream, as it arrives", run: stream },
  { title: "A request that is invalid for the model", run: invalidRequest }
]

const others: ReadonlyArray<Step<never>> = [
  { title: "Failures that the call survives", run: survived },
  { title: "Another host, when the first cannot answer", run: fallback },
  { title: "A response from the cache", run: cacheHit },
  { title: "A budget that refuses", run: refusal },
  { title: "A loop of tools", run: toolLoop },
  { title: "A swarm of agents", run: swarm },
  { title: "A simulated day", run: simulatedDay }
]

const tour = Effect.forEach(
  [...calls, ...others],
  ({ run, title }, index) => Effect.andThen(Console.log(`${index === 0 ? "" : "\n"}${index + 1}. ${title}\n`), run),
  { discard: true }
).pipe(
  Effect.andThen(
    Console.log(
      "\nThe steps are in examples/tour. Your first program: docs/getting-started.md. Others: examples/README.md"
    )
  )
)

/** What to do about it, such as for a key that is refused, in place of a stack. */
const showFailure = (error: unknown) =>
  Effect.gen(function* () {
    yield* Effect.sync(() => (process.exitCode = 1))
    if (!KimiError.isKimiError(error)) return yield* Effect.die(error)
    yield* Console.error(`${error._tag}: ${error.message}\n${error.hint}`)
    if (yield* hasKey) yield* Console.error("Without a key, recorded traffic is replayed.")
  })

const program = command === "chat" ? chat(asked || question) : tour

if (command !== undefined && command !== "chat") {
  process.stderr.write(`Unknown: ${command}. Run \`npm start\`, or \`npm start -- chat "a question"\`.\n`)
  process.exitCode = 2
} else {
  await Effect.runPromise(Effect.provide(program, client).pipe(Effect.catch(showFailure)))
}
