/** The calls of agents as entries of the journal. */
import { ChatResponse } from "@kimi-effect/core/ChatResponse"
import { UncertainToolResultError } from "@kimi-effect/core/JournalErrors"
import { ToolCallLimitError } from "@kimi-effect/core/AgentErrors"
import { BudgetExceededError } from "@kimi-effect/core/MoneyErrors"
import { AgentLimitError, DepthLimitError } from "@kimi-effect/core/SwarmErrors"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type { ModelCall, ToolRun } from "../../../agent/AgentHooks.ts"
import { returned } from "../../../agent/internal/loop/returned.ts"
import type { AgentError } from "../../../agent/AgentResult.ts"
import { CallResult } from "../../../agent/AgentState.ts"
import type { CallError } from "../../../journal/Journal.ts"
import { digestOf } from "../program.ts"
import type { DurableRun } from "./DurableRun.ts"

/** Why nothing of what a response assigned starts. */
export type PlanRefusal = AgentLimitError | BudgetExceededError | DepthLimitError

/**
 * A response, whether what it assigns starts, and whether its tool calls run. With
 * other limits, or in another order of the agents, a replay would decide otherwise.
 */
export const ModelResult = Schema.toCodecJson(
  Schema.Struct({
    response: ChatResponse,
    refusal: Schema.optionalKey(Schema.Union([AgentLimitError, BudgetExceededError, DepthLimitError])),
    callRefusal: Schema.optionalKey(ToolCallLimitError)
  })
)

export type ModelResult = typeof ModelResult.Type

const encodeModel = Schema.encodeSync(ModelResult)
const decodeModel = Schema.decodeSync(ModelResult)
const ToolResult = Schema.toCodecJson(CallResult)
const CallDecision = Schema.toCodecJson(Schema.Struct({ refusal: Schema.optionalKey(ToolCallLimitError) }))

type Made<A> = Effect.Effect<A, AgentError>

const modelSuffix = "/model/0"
const conclusionPrefix = "conclusion/"

/** Whether an entry of this key is the response of a model. */
export const isModelKey = (key: string): boolean => key.endsWith(modelSuffix) || key.startsWith(conclusionPrefix)

/** The digest of a request with the model that it goes to. */
const requestDigest = ({ defaultModel }: DurableRun, { request }: ModelCall): string =>
  digestOf({ ...request, model: request.model ?? defaultModel })

/** Makes a call of the model, or returns the response that was recorded. */
export const model = (run: DurableRun, agent: string, call: ModelCall, make: Made<ModelResult>): Made<ModelResult> =>
  Effect.gen(function* () {
    const calls = run.calls.get(agent)
    if (calls === undefined) return yield* make
    const digest = requestDigest(run, call)
    const options = { key: `${agent}/${call.step}${modelSuffix}`, digest, codec: ModelResult, isIdempotent: true }
    // In the form in which it is read again, so that the requests after it have equal digests.
    const made = Effect.map(make, (result) => decodeModel(encodeModel(result)))
    return yield* calls.call(options, made)
  })

/** Decides again about tool calls that were refused under another limit, once for each limit. */
export const callDecision = (
  run: DurableRun,
  agent: string,
  step: number,
  limit: number,
  decide: Effect.Effect<typeof CallDecision.Type>
): Made<typeof CallDecision.Type> =>
  Effect.suspend(() => {
    const calls = run.calls.get(agent)
    if (calls === undefined) return decide
    const key = `${agent}/${step}/limit/${limit}`
    return calls.call({ key, digest: "limit", codec: CallDecision, isIdempotent: true }, decide)
  })

/** The conclusion of a swarm, whose request depends on what the agents have until then. */
export const conclusion = (
  run: DurableRun,
  agent: string,
  call: ModelCall,
  make: Made<ChatResponse>
): Made<ChatResponse> =>
  Effect.gen(function* () {
    const calls = run.calls.get(agent)
    if (calls === undefined) return yield* make
    const digest = requestDigest(run, call)
    const options = { key: `${conclusionPrefix}${digest}`, digest, codec: ModelResult, isIdempotent: true }
    const { response } = yield* calls.call(
      options,
      Effect.map(make, (made) => ({ response: made }))
    )
    return response
  })

/** Runs a tool call, or returns the result that was recorded. One that must not run twice needs a decision when its result is not known. */
export const tool = (run: DurableRun, agent: string, call: ToolRun, make: Made<CallResult>): Made<CallResult> =>
  Effect.gen(function* () {
    const calls = run.calls.get(agent)
    if (calls === undefined) return yield* make
    const digest = digestOf([call.tool, call.arguments])
    const options = {
      key: `${agent}/${call.step}/tool/${call.position}`,
      digest,
      codec: ToolResult,
      isIdempotent: call.isRepeatable,
      tool: call.tool,
      callId: call.callId
    }
    const recorded = calls.call(options, make)
    const isUncertain = (error: AgentError | CallError) => error instanceof UncertainToolResultError
    return yield* Effect.catchIf(recorded, isUncertain, (error) =>
      Effect.gen(function* () {
        const { onUncertain } = run.options
        const resolution =
          onUncertain === undefined
            ? undefined
            : yield* returned("onUncertain", onUncertain(error as UncertainToolResultError))
        if (resolution === undefined) return yield* Effect.fail(error)
        yield* calls.resolve(options, resolution)
        return yield* recorded
      })
    )
  })
