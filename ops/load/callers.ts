/** Calls of several tenants, with some prompts repeated. */
import { KimiClient } from "@kimi-effect/client"
import { CallOptions } from "@kimi-effect/core"
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"
import * as Stream from "effect/Stream"

const tenants = ["acme", "globex", "initech"] as const
const jobs = ["chat", "reports"] as const
/** The last is not in the catalogue, so its price is unknown. */
export const models = ["kimi-k3", "kimi-k2.6", "kimi-next"] as const
const prompts = 400

const pick = <A>(all: readonly [A, ...ReadonlyArray<A>]): Effect.Effect<A> =>
  Effect.map(Random.next, (fraction) => all[Math.floor(fraction * all.length)] ?? all[0])

/** A random call. Its outcome is ignored. */
export const call = Effect.gen(function* () {
  const kimi = yield* KimiClient.KimiClient
  const tenant = yield* pick(tenants)
  const job = yield* pick(jobs)
  const model = (yield* Random.next) < 0.02 ? models[2] : yield* pick([models[0], models[1]])
  // The square makes a few prompts frequent and most of them rare.
  const prompt = Math.floor((yield* Random.next) ** 2 * prompts)
  const request = {
    model,
    messages: [{ role: "user" as const, content: `Question ${prompt}` }],
    max_completion_tokens: 400
  }
  const isStreamed = (yield* Random.next) < 0.5
  const isInterrupted = (yield* Random.next) < 0.05
  const events = kimi.stream(request)
  const run = isStreamed
    ? Stream.runDrain(isInterrupted ? Stream.take(events, 5) : events)
    : Effect.asVoid(kimi.chat(request))
  yield* CallOptions.provide({ tenant, job, priority: job === "chat" ? "interactive" : "batch" })(Effect.ignore(run))
})
