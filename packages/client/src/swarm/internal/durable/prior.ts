/** What the calls of a run have used before this process takes part in it. */
import type { JournalStoreError } from "@kimi-effect/core/JournalErrors"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Charge from "../../../agent/internal/loop/charge.ts"
import type { Session } from "../Session.ts"
import { agentOf, type DurableRun, wholeSwarm } from "./DurableRun.ts"
import { callsOf } from "../governed.ts"
import { isModelKey, ModelResult } from "./recorded.ts"

const decode = Schema.decodeUnknownOption(Schema.fromJsonString(ModelResult))

/** Resources that are read at the same time. */
const concurrency = 8

/**
 * Counts the recorded responses before any call is made. They are replayed agent by
 * agent, and until then what they have used would be free for calls of others.
 */
export const count = <R>(session: Session<R>, run: DurableRun): Effect.Effect<void, JournalStoreError> => {
  const { budget } = session
  const begun = new Set<string>()
  const countOne = (resource: string, json: string): Effect.Effect<void> => {
    const known = Option.getOrUndefined(decode(json))
    if (known === undefined) return Effect.void
    const { model, requestedModel = model } = known.response
    if (known.callRefusal === undefined) session.toolCalls.expect(callsOf(known.response))
    return Effect.map(Charge.of({ model: requestedModel, messages: [] }, known.response), ({ cost, usage }) => {
      session.tokens.expect(usage.total_tokens)
      const agent = agentOf(resource) ?? resource
      if (Option.isSome(cost)) budget?.expect(agent, cost.value.total)
      if (resource !== wholeSwarm && run.stateOf(resource) !== "Completed") begun.add(agent)
    })
  }
  const counted = Effect.forEach(
    run.resources,
    (resource) =>
      Effect.flatMap(run.results(resource), (results) =>
        Effect.forEach(results, ({ json, key }) => (isModelKey(key) ? countOne(resource, json) : Effect.void), {
          discard: true
        })
      ),
    { concurrency, discard: true }
  )
  // Agents that have begun have their reservations before new ones start.
  const agents = run.resources.map((resource) => agentOf(resource) ?? resource)
  return Effect.map(counted, () => budget?.reserve(agents.filter((agent) => begun.has(agent))))
}
