/** Calls of several tenants: chats, streams, and streams that are left early. */
import { KimiClient } from "@kimi-effect/client"
import { CallOptions } from "@kimi-effect/core"
import { isKimiError } from "@kimi-effect/core/KimiError"
import type { StreamError } from "@kimi-effect/core/OperationErrors"
import type { StreamEvent } from "@kimi-effect/core/StreamEvent"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Random from "effect/Random"
import * as Stream from "effect/Stream"
import { isBeginning, isWhole } from "./responses.ts"

/** What became of the calls. */
export interface Counts {
  succeeded: number
  /** Calls that failed with an error of the library, by its tag. */
  failed: Map<string, number>
  /** Calls that were in progress at the end of the round. */
  interrupted: number
  /** Failures that are not errors of the library, the first of which are kept. */
  untyped: Array<string>
  /** Texts that are not the response to their prompt, the first of which are kept. */
  wrong: Array<string>
}

export const emptyCounts = (): Counts => ({ succeeded: 0, failed: new Map(), interrupted: 0, untyped: [], wrong: [] })

const workers = 48
const tenants = ["acme", "globex", "initech"] as const
/** Of each kind. */
const maxKept = 5

const record = (counts: Counts, exit: Exit.Exit<unknown, unknown>): void => {
  if (Exit.isSuccess(exit)) counts.succeeded += 1
  else if (Cause.hasInterruptsOnly(exit.cause)) counts.interrupted += 1
  else {
    const error = Cause.squash(exit.cause)
    if (isKimiError(error)) counts.failed.set(error._tag, (counts.failed.get(error._tag) ?? 0) + 1)
    else if (counts.untyped.length < maxKept) counts.untyped.push(Cause.pretty(exit.cause))
  }
}

/** Checks the text of a call: the whole response to its prompt, or its beginning where the caller left early. */
const check = (counts: Counts, text: string, prompt: string, isWholeText: boolean): void => {
  if (counts.wrong.length >= maxKept || (isWholeText ? isWhole(text, prompt) : isBeginning(text, prompt))) return
  counts.wrong.push(`${isWholeText ? "response" : "beginning"} to "${prompt}": ${text.slice(0, 300)}`)
}

/** The text of a stream, without what a later attempt replaced. */
const collect = (text: string, event: StreamEvent): string =>
  event._tag === "Reset" ? "" : event._tag === "TextDelta" ? text + event.text : text

/** A random call, whose text is checked. */
const callOf = (kimi: KimiClient.KimiClient["Service"], kind: number, prompt: string, counts: Counts) => {
  const request = { messages: [{ role: "user" as const, content: prompt }], max_completion_tokens: 400 }
  const chat = Effect.map(kimi.chat(request), ({ text }) => check(counts, text, prompt, true))
  const textOf = (events: Stream.Stream<StreamEvent, StreamError>) => Stream.runFold(events, () => "", collect)
  if (kind < 0.5) return chat
  if (kind < 0.9) return Effect.map(textOf(kimi.stream(request)), (text) => check(counts, text, prompt, true))
  if (kind < 0.95) {
    return Effect.map(textOf(Stream.take(kimi.stream(request), 3)), (text) => check(counts, text, prompt, false))
  }
  return Effect.timeoutOption(chat, "30 millis")
}

/** Makes one random call and records its outcome. */
const callOnce = Effect.fnUntraced(function* (counts: Counts) {
  const kimi = yield* KimiClient.KimiClient
  const tenant = yield* Random.choice(tenants)
  // A tenth of the prompts is repeated, and so served from the cache.
  const number = (yield* Random.next) < 0.1 ? 0 : yield* Random.nextIntBetween(1, 1_000_000)
  const kind = yield* Random.next
  const isBatch = (yield* Random.next) < 0.3
  yield* callOf(kimi, kind, `Question ${number} of ${tenant}`, counts).pipe(
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
