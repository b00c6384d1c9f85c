/** The callers of a schedule: each makes one call and records what it receives. */
import type { KimiClient } from "@kimi-effect/client/KimiClient"
import * as CallOptions from "@kimi-effect/core/CallOptions"
import type { ChatRequest } from "@kimi-effect/core/ChatRequest"
import * as StreamFold from "@kimi-effect/core/StreamFold"
import type { StreamEvent } from "@kimi-effect/core/StreamEvent"
import type { StreamError } from "@kimi-effect/core/OperationErrors"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Stream from "effect/Stream"
import type { ScheduledCall } from "../../schedule/CallSchedule.ts"
import { CurrentCall } from "./CurrentCall.ts"
import type { ReceivedCall, ReceivedEvent } from "./Outcome.ts"

type Client = KimiClient["Service"]

const requestOf = (prompt: string): ChatRequest => ({
  messages: [{ role: "user", content: prompt }],
  max_completion_tokens: 1_000
})

const sleep = (millis: number): Effect.Effect<void> => Effect.sleep(Duration.millis(millis))

/** Makes the call of a client, and passes its events to `receive`. */
const callOf = (
  client: Client,
  { kind, pace, takes }: ScheduledCall,
  prompt: string,
  receive: (event: StreamEvent) => void
): Effect.Effect<void, StreamError> => {
  if (kind === "chat") {
    return Effect.map(client.chat(requestOf(prompt)), (response) => StreamFold.toEvents(response).forEach(receive))
  }
  const stream = client.stream(requestOf(prompt)).pipe(
    Stream.rechunk(1),
    Stream.tap((event) => {
      receive(event)
      return pace === 0 ? Effect.void : sleep(pace)
    })
  )
  return Stream.runDrain(takes < 0 ? stream : Stream.take(stream, takes))
}

/** A caller, and what it receives. */
export interface Caller {
  readonly received: ReceivedCall
  readonly run: Effect.Effect<void>
}

/** `now` is the monotonic time. */
export const make = (client: Client, call: ScheduledCall, index: number, now: () => number): Caller => {
  const prompt = call.prompt < 0 ? `call ${index}` : `prompt ${call.prompt}`
  const events: Array<ReceivedEvent> = []
  const received: ReceivedCall = {
    index,
    call,
    prompt,
    startedAt: call.startsAt,
    events,
    isWhole: call.kind === "chat",
    exit: undefined,
    endedAt: undefined
  }
  const made = callOf(client, call, prompt, (event) => events.push({ at: now(), event }))
  const left = call.leavesAfter < 0 ? made : Effect.timeoutOption(made, Duration.millis(call.leavesAfter))
  const run = Effect.exit(left).pipe(
    Effect.map((exit) => {
      received.exit = Exit.asVoid(exit)
      received.endedAt = now()
    }),
    Effect.provideService(CurrentCall, { index, actions: call.actions, attempts: 0 }),
    CallOptions.provide({ tenant: call.tenant, priority: call.priority })
  )
  return { received, run: Effect.andThen(sleep(call.startsAt), run) }
}
