/** One turn of tools: checks the calls of a response, requests approvals, and runs what may run. */
import { ToolArgumentsError, ToolNotFoundError, ToolTimeoutError } from "@kimi-effect/core/ToolErrors"
import type { Message } from "@kimi-effect/core/Message"
import * as BigDecimal from "effect/BigDecimal"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Tracer from "effect/Tracer"
import type { ToolRun } from "../../AgentHooks.ts"
import type { AgentError, ToolError } from "../../AgentResult.ts"
import type { AgentCall, CallResult } from "../../AgentState.ts"
import type { DecodedCall, ToolResult, ToolSet } from "../../ToolSet.ts"
import { withoutDefects } from "./defects.ts"
import { promptMessages } from "./promptMessages.ts"
import * as Progress from "./progress.ts"
import { reminder } from "./repeats.ts"
import * as Results from "./results.ts"
import type { Session } from "./Session.ts"
import type { Settings } from "./Settings.ts"
import { interrupted } from "./toolMessages.ts"
import * as Transitions from "./transitions.ts"
import { returned } from "./returned.ts"

/** A call that may run. */
interface CheckedCall {
  readonly call: AgentCall
  readonly decoded: DecodedCall
}

/** A run without tools whose model calls one. */
const noTool = ({ callId, tool }: AgentCall): ToolNotFoundError =>
  new ToolNotFoundError({ message: "The run has no tools", tool: tool.slice(0, 256), callId, available: [] })

/** A call whose arguments the model did not write. */
const truncated = ({ callId, tool: name }: AgentCall): ToolArgumentsError => {
  const tool = name.slice(0, 256)
  return new ToolArgumentsError({ message: `The arguments of the tool ${tool} are truncated`, tool, callId })
}

const decode = <R>(
  tools: ToolSet<R> | undefined,
  call: AgentCall,
  messages: ReadonlyArray<Message>
): Effect.Effect<DecodedCall, ToolError, R> =>
  tools === undefined
    ? Effect.fail(noTool(call))
    : call.isTruncated === true
      ? Effect.fail(truncated(call))
      : tools.decode({
          name: call.tool,
          arguments: call.arguments,
          callId: call.callId,
          // Few tools need the conversation to know whether they need an approval.
          get messages() {
            return promptMessages(messages)
          }
        })

/** A call that is valid, and whether it needs an approval, which the author of the tool may compute. */
const inspect = <R>(
  { settings, state }: Session<R>,
  call: AgentCall
): Effect.Effect<{ readonly decoded: DecodedCall; readonly needsApproval: boolean }, ToolError, R> =>
  Effect.flatMap(
    // A set that is not of `ToolSet.make` may throw.
    Effect.suspend(() => decode(settings.tools, call, state.messages)),
    (decoded) =>
      Effect.map(call.status === "pending" ? decoded.needsApproval : Effect.succeed(false), (needsApproval) => ({
        decoded,
        needsApproval
      }))
  ).pipe(withoutDefects(call.tool.slice(0, 256), call.callId))

/** The names that the model knows the tools by. */
const hostNames = <R>(tools: ToolSet<R> | undefined): ReadonlyArray<string> =>
  tools === undefined ? [] : tools.definitions.map((definition) => definition.function.name)

/** Adds the result of a call to the state and the events. Returns its error if that ends the run. */
const settle = <R>(
  session: Session<R>,
  call: AgentCall,
  result: CallResult,
  note?: string
): Effect.Effect<ToolError | undefined, AgentError> =>
  Effect.gen(function* () {
    const { emit, settings } = session
    yield* session.update((state) => Transitions.setResult(state, call.callId, result, note))
    if (emit !== undefined) {
      const noted = Results.withNote(result, note)
      yield* emit([{ _tag: "ToolResult", callId: call.callId, tool: call.tool, result: noted }])
    }
    const error = Results.errorOf(result)
    return error !== undefined && settings.endsRun(error) ? error : undefined
  })

/**
 * Checks a call. A call that needs no further step, because it is invalid, waits
 * for an approval or may have run already, is settled here.
 */
const check = <R>(
  session: Session<R>,
  call: AgentCall
): Effect.Effect<CheckedCall | ToolError | undefined, AgentError, R> =>
  Effect.gen(function* () {
    const { emit, settings } = session
    const inspected = yield* Effect.result(inspect(session, call))
    if (Result.isFailure(inspected))
      return yield* settle(
        session,
        call,
        Results.ofError(inspected.failure, hostNames(settings.tools)),
        noteOf(session, call)
      )
    const { decoded, needsApproval } = inspected.success
    // It ran when the run was interrupted: another run could repeat what it has done.
    if (call.status === "started" && !isRepeatable(decoded)) return yield* settle(session, call, interrupted)
    if (needsApproval) {
      yield* session.update((state) => Transitions.setStatus(state, call.callId, "awaiting"))
      const approval = { callId: call.callId, tool: call.tool, arguments: call.arguments }
      if (emit !== undefined) yield* emit([{ _tag: "ApprovalRequested", approval }])
      return undefined
    }
    return { call, decoded }
  })

const isRepeatable = ({ annotations }: DecodedCall): boolean => annotations.isReadonly || annotations.isIdempotent

const timeoutOf = <R>({ toolTimeout, toolTimeouts }: Settings<R>, tool: string): Duration.Duration =>
  toolTimeouts.get(tool) ?? toolTimeout

/** Runs the handler within its timeout. Its failure is a result. */
const runHandler = <R>(
  { emit, settings }: Session<R>,
  { call, decoded }: CheckedCall
): Effect.Effect<CallResult, never, R> =>
  Effect.suspend(() => {
    // A call that was decoded has the tools that decoded it.
    const tools = settings.tools as ToolSet<R>
    const timeout = timeoutOf(settings, decoded.tool)
    const timedOut = () =>
      Effect.fail(
        new ToolTimeoutError({
          message: `The tool ${decoded.tool} took longer than ${Duration.format(timeout)}`,
          tool: decoded.tool,
          callId: call.callId,
          timeout
        })
      )
    const onPreliminary =
      emit === undefined
        ? undefined
        : ({ content }: ToolResult) => emit([{ _tag: "ToolProgress", callId: call.callId, tool: call.tool, content }])
    const handled = Effect.map(
      Effect.suspend(() => tools.run(decoded, { onPreliminary })),
      ({ content, cost, isFailure }): CallResult => ({
        content,
        isFailure,
        ...(cost === undefined ? {} : { cost: BigDecimal.format(BigDecimal.fromNumberUnsafe(cost)) })
      })
    ).pipe(withoutDefects(decoded.tool, call.callId))
    const bounded = Duration.isFinite(timeout)
      ? Effect.timeoutOrElse(handled, { duration: timeout, orElse: timedOut })
      : handled
    return Effect.map(
      Effect.catch(bounded, (error: ToolError) => Effect.succeed(Results.ofError(error, hostNames(tools)))),
      (result) => Results.truncate(result, settings.maxResultBytes)
    )
  })

const toolRunOf = <R>({ state }: Session<R>, { call, decoded }: CheckedCall): ToolRun => ({
  agent: state.agent ?? "",
  step: state.steps,
  position: state.calls.findIndex(({ callId }) => callId === call.callId),
  callId: call.callId,
  tool: decoded.tool,
  arguments: call.arguments,
  isRepeatable: isRepeatable(decoded)
})

const noteOf = <R>({ settings: { limits }, state }: Session<R>, call: AgentCall): string | undefined =>
  reminder(call, limits) ?? Progress.reminder(state, limits)

const run = <R>(session: Session<R>, checked: CheckedCall): Effect.Effect<ToolError | undefined, AgentError, R> =>
  Effect.gen(function* () {
    const { callTool } = session.settings.hooks
    const { call } = checked
    const toolRun = toolRunOf(session, checked)
    yield* session.update((state) => Transitions.setStatus(state, call.callId, "started"))
    const handled = runHandler(session, checked)
    // A hook can run the tool in another span.
    const context = Context.omit(Tracer.ParentSpan)(yield* Effect.context<R>()) as Context.Context<R>
    const result = yield* callTool === undefined
      ? handled
      : returned("hooks.callTool", callTool(toolRun, Effect.provide(handled, context)))
    return yield* settle(session, call, result, noteOf(session, call))
  })

const isError = (value: CheckedCall | ToolError | undefined): value is ToolError =>
  value !== undefined && "_tag" in value

/**
 * Takes one turn of tools. It fails with the first error of a call that ends the
 * run, after all calls have their results.
 */
export const callTools = <R>(
  session: Session<R>,
  calls: ReadonlyArray<AgentCall>
): Effect.Effect<void, AgentError, R> =>
  Effect.gen(function* () {
    const checks = yield* Effect.forEach(calls, (call) => check(session, call))
    const checked = checks.filter((one): one is CheckedCall => one !== undefined && !isError(one))
    const errors = yield* Effect.forEach(checked, (one) => run(session, one), {
      concurrency: session.settings.toolConcurrency
    })
    const error = checks.find(isError) ?? errors.find((one) => one !== undefined)
    if (error !== undefined) return yield* Effect.fail(error)
  })
