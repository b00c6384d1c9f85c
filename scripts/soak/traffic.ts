/** Calls of several tenants: chats, streams, and streams that are left early. */
import { KimiClient } from "@kimi-effect/client"
import { CallOptions } from "@kimi-effect/core"
import { isKimiError } from "@kimi-effect/core/KimiError"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Random from "effect/Random"
import * as Stream from "effect/Stream"

/** What became of the calls. */
export interface Counts {
  succeeded: number
  /** Calls that failed with an error of the library, by its tag. */
  failed: Map<string, number>
  /** Calls that were in progress at the end of the round. */
  interrupted: number
  /** Failures that are not errors of the library, the first of which are kept. */
  untyped: Array<string>
}

const workers = 48
const tenants = ["acme", "globex", "initech"] as const
const maxUntyped = 5

const record = (counts: Counts, exit: Exit.Exit<unknown, unknown>): void => {
  if (Exit.isSuccess(exit)) counts.succeeded += 1
  else if (Cause.hasInterruptsOnly(exit.cause)) counts.interrupted += 1
  else {
    const error = Cause.squash(exit.cause)
    if (isKimiError(error)) counts.failed.set(error._tag, (counts.failed.get(error._tag) ?? 0) + 1)
    else if (counts.untyped.length < maxUntyped) counts.untyped.push(Cause.pretty(exit.cause))
  }
}

/** Makes one random call and records its outcome. */
const callOnce = Effect.fnUntraced(function* (counts: Counts) {
  const kimi = yield* KimiClient.KimiClient
  const tenant = yield* Random.choice(tenants)
  // A tenth of the prompts is repeated, and so served from the cache.
  const prompt = (yield* Random.next) < 0.1 ? 0 : yield* Random.nextIntBetween(1, 1_000_000)
  const request = { messages: [{ role: "user" as const, content: `Question ${prompt}` }], max_completion_tokens: 400 }
  const kind = yield* Random.next
  const isBatch = (yield* Random.next) < 0.3
  const stream = kimi.stream(request)
  const call: Effect.Effect<unknown, unknown> =
    kind < 0.5
      ? kimi.chat(request)
      : kind < 0.9
        ? Stream.runDrain(stream)
        : kind < 0.95
          ? Stream.runDrain(Stream.take(stream, 3))
          : Effect.timeoutOption(kimi.chat(request), "30 millis")
  yield* call.pipe(
    CallOptions.provide({ tenant, job: "soak", priority: isBatch ? "batch" : "interactive" }),
    Effect.onExit((exit) => Effect.sync(() => record(counts, exit))),
    Effect.exit
  )
})

/** Makes calls without end. Interrupting it interrupts the calls in progress. */
export const run = (counts: Counts): Effect.Effect<void, never, KimiClient.KimiClient> =>
  Effect.forEach(Array.from({ length: workers }), () => Effect.forever(callOnce(counts)), {
    concurrency: "unbounded",
    discard: true
  })
