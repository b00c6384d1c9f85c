/** The result of a swarm that is finished, as an entry of the journal. */
import { Usage } from "@kimi-effect/core/Usage"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import type { CallError, Calls } from "../../../journal/Journal.ts"
import type { AgentResult, SwarmResult } from "../../SwarmResult.ts"
import { SwarmState } from "../../SwarmState.ts"
import * as Structured from "../structured.ts"
import { type DurableRun, wholeSwarm } from "./DurableRun.ts"
import { Outcome } from "./outcomes.ts"

const Cost = Schema.Struct({
  currency: Schema.Literals(["USD", "CNY"]),
  total: Schema.BigDecimal,
  saved: Schema.BigDecimal
})

const used = {
  steps: Schema.Int,
  toolCalls: Schema.Int,
  usage: Usage,
  cost: Schema.Array(Cost)
}

const Activity = Schema.Struct({
  kind: Schema.Literals(["model", "tool"]),
  name: Schema.String,
  start: Schema.Finite,
  end: Schema.Finite,
  isFailure: Schema.Boolean
})

const AgentReport = Schema.Struct({
  id: Schema.String,
  name: Schema.String,
  parent: Schema.optionalKey(Schema.String),
  stage: Schema.Int,
  after: Schema.Array(Schema.String),
  outcome: Schema.String,
  error: Schema.optionalKey(Schema.String),
  ...used,
  start: Schema.Finite,
  end: Schema.Finite,
  requeues: Schema.Int,
  activities: Schema.Array(Activity)
})

const SwarmReport = Schema.Struct({
  id: Schema.String,
  agents: Schema.Array(AgentReport),
  ...used,
  wallMillis: Schema.Finite,
  workMillis: Schema.Finite,
  criticalSteps: Schema.Int,
  speedUp: Schema.Finite,
  cacheShare: Schema.Finite
})

/** How an agent ended; `Finished` when nothing else is given. */
const Agent = Schema.Struct({
  id: Schema.String,
  name: Schema.String,
  text: Schema.String,
  outcome: Outcome
})

const Finished = Schema.toCodecJson(
  Schema.Struct({ text: Schema.String, agents: Schema.Array(Agent), report: SwarmReport, state: SwarmState })
)

const toRecord = ({ id, name, outcome, text }: AgentResult): typeof Agent.Type => ({ id, name, outcome, text })

/** The forms of the results of agents, by their ids. */
export type Forms = ReadonlyMap<string, Schema.Codec<unknown, unknown>>

const fromRecord =
  (forms: Forms) =>
  (agent: typeof Agent.Type): AgentResult => {
    const { id, name, outcome, text } = agent
    const form = forms.get(id)
    const decoded = form === undefined || outcome._tag !== "Finished" ? undefined : Structured.decode(form, text)
    return {
      id,
      name,
      outcome,
      text,
      ...(decoded === undefined || Result.isFailure(decoded) ? {} : { value: decoded.success })
    }
  }

const options = { key: "result", digest: "result", codec: Finished, isIdempotent: true }

/** Records the result of a swarm that is finished. */
export const record = (calls: Pick<Calls, "call">, result: SwarmResult): Effect.Effect<void, CallError> => {
  const { agents, report, state, text } = result
  return Effect.asVoid(calls.call(options, Effect.succeed({ text, agents: agents.map(toRecord), report, state })))
}

/** The recorded result of a swarm, undefined while there is none. */
export const read = (run: DurableRun, forms: Forms): Effect.Effect<SwarmResult | undefined, CallError> =>
  Effect.gen(function* () {
    if (run.stateOf(wholeSwarm) !== "Completed") return undefined
    const { agents, report, state, text } = yield* (yield* run.read(wholeSwarm)).call(options, Effect.never)
    return { outcome: { _tag: "Finished" }, text, agents: agents.map(fromRecord(forms)), report, state }
  })
