/** A mock of Kimi whose day has good and bad hours, each a few seconds long. */
import { ErrorReply, Fault, Reply } from "@kimi-effect/testing"
import { MockServer } from "@kimi-effect/testing/node"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"
import { models } from "./callers.ts"

/** What the host is like, for so many seconds each; then it begins anew. */
const phases = [
  { seconds: 60, weather: "fair" },
  { seconds: 20, weather: "failing" },
  { seconds: 25, weather: "fair" },
  { seconds: 15, weather: "down" },
  { seconds: 40, weather: "fair" }
] as const

type HostState = (typeof phases)[number]["weather"]

/** Seconds until the hours begin anew. */
export const cycleSeconds = phases.reduce((sum, { seconds }) => sum + seconds, 0)

const stateAt = (seconds: number): HostState => {
  let left = seconds % cycleSeconds
  for (const hour of phases) {
    if (left < hour.seconds) return hour.weather
    left -= hour.seconds
  }
  return "fair"
}

const responseText = "a day of traffic through a client that keeps its word "

/** Starts the host; `hasten` makes its hours so many times shorter. */
export const make = Effect.fnUntraced(function* (hasten: number) {
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

  const answer = (request: { readonly json: unknown }): Reply.Reply => {
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
    const weather = stateAt(((clock.currentTimeMillisUnsafe() - startedAt) * hasten) / 1000)
    if (weather === "down") return ErrorReply.table.overloaded529
    if (weather === "failing" && one(3)) return ErrorReply.table.overloaded529
    return answer(request)
  })
  return server
})
