/** A mock host that cycles through healthy and degraded phases. */
import { ErrorReply, Fault, Reply } from "@kimi-effect/testing"
import { MockServer } from "@kimi-effect/testing/node"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"
import { models } from "./callers.ts"

/** The phases of a cycle. */
const phases = [
  { seconds: 60, state: "healthy" },
  { seconds: 20, state: "degraded" },
  { seconds: 25, state: "healthy" },
  { seconds: 15, state: "down" },
  { seconds: 40, state: "healthy" }
] as const

type HostState = (typeof phases)[number]["state"]

/** Seconds of one cycle. */
export const cycleSeconds = phases.reduce((sum, { seconds }) => sum + seconds, 0)

const stateAt = (seconds: number): HostState => {
  let remaining = seconds % cycleSeconds
  for (const phase of phases) {
    if (remaining < phase.seconds) return phase.state
    remaining -= phase.seconds
  }
  return "healthy"
}

const responseText = "a day of traffic through a client that keeps its word "

/** Starts the host; its phases are divided by `speed`. */
export const make = Effect.fnUntraced(function* (speed: number) {
  const server = yield* MockServer.make({
    latency: "40 millis",
    tokenDelay: "15 millis",
    maxRecordedRequests: 1,
    models
  })
  const clock = yield* Clock.Clock
  const chance = yield* Random.Random
  const startedAt = clock.currentTimeMillisUnsafe()
  const one = (of: number): boolean => chance.nextDoubleUnsafe() < 1 / of

  const respond = (request: { readonly json: unknown }): Reply.Reply => {
    const { model, stream } = request.json as { readonly model: string; readonly stream?: boolean }
    const length = 1 + Math.floor(chance.nextDoubleUnsafe() * 12)
    const prompt = 200 + Math.floor(chance.nextDoubleUnsafe() * 2_000)
    const fault = stream === true && one(60) ? Fault.ResetMidStream({ afterEvents: 6 }) : undefined
    return Reply.chatResponse(
      {
        model,
        content: responseText.repeat(length),
        reasoning_content: "Let me see. ",
        usage: {
          prompt_tokens: prompt,
          completion_tokens: 12 * length,
          cached_tokens: one(3) ? Math.floor(prompt / 2) : 0,
          reasoning_tokens: 4
        }
      },
      { fault }
    )
  }

  yield* server.replyAlways((request) => {
    const state = stateAt(((clock.currentTimeMillisUnsafe() - startedAt) * speed) / 1000)
    if (state === "down") return ErrorReply.table.overloaded529
    if (state === "degraded" && one(3)) return ErrorReply.table.overloaded529
    return respond(request)
  })
  return server
})
