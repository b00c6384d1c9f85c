/**
 * Runs the handler of a toolkit without `Toolkit.handle`: that forks a fiber and
 * opens a queue for each call, and writes the arguments on the current span.
 */
import * as AiError from "effect/ai/AiError"
import * as Tool from "effect/ai/Tool"
import type * as Toolkit from "effect/ai/Toolkit"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { handlerFailure, invalidResult } from "./failures.ts"
import { contentOf, contentOfParts, toJson } from "./toolContent.ts"
import type { HandlerFailure, Outcome, RunHandler } from "./ToolEntry.ts"

type Encode = (value: unknown) => Effect.Effect<Schema.Json, unknown>

/** The JSON form of results, as for parameters. Services of encoding are those of the handlers. */
const encoder = (schema: Schema.Constraint): Encode => {
  const { _tag } = schema.ast
  return _tag === "Unknown" || _tag === "Any"
    ? toJson
    : (Schema.encodeUnknownEffect(Schema.toCodecJson(schema)) as Encode)
}

/** As `Toolkit.handle` does: a handler may fail with the reason of an `AiError` alone. */
const normalized = (tool: Tool.Any, error: unknown): unknown =>
  AiError.isAiErrorReason(error)
    ? AiError.make({ module: "ToolSet", method: `${tool.name}.handle`, reason: error })
    : error

/** The runtime would end the fiber for any other value without its finalizers. */
const noEffect = ({ name }: Tool.Any): TypeError =>
  new TypeError(`The handler of ${name} must return an Effect, such as Effect.promise(() => ...) for a promise`)

export const runHandler = (tool: Tool.Any, handler: Tool.Handler<string>): RunHandler => {
  const encodeSuccess = encoder(tool.successSchema)
  const encodeFailure = encoder(Tool.failureResultSchema(tool))
  const { toModelOutput } = tool

  const succeeded = (result: unknown): Effect.Effect<Outcome, HandlerFailure> =>
    Effect.mapBoth(encodeSuccess(result), {
      onFailure: () => invalidResult,
      onSuccess: (encoded) => ({
        result,
        encoded,
        content: toModelOutput === undefined ? contentOf(encoded) : contentOfParts(toModelOutput(result)),
        isFailure: false
      })
    })

  const failed = (error: unknown): Effect.Effect<Outcome, HandlerFailure> =>
    tool.failureMode === "error" || Schema.isSchemaError(error)
      ? Effect.fail(handlerFailure(error))
      : Effect.mapBoth(encodeFailure(error), {
          onFailure: () => invalidResult,
          onSuccess: (encoded) => ({ result: error, encoded, content: contentOf(encoded), isFailure: true })
        })

  return ({ callId, input }, onPreliminary) => {
    const context: Toolkit.HandlerContext<Tool.Any> = {
      toolCallId: callId,
      // A preliminary result that does not match its schema is left out: the final one decides.
      preliminary: (result) => Effect.ignore(Effect.flatMap(succeeded(result), onPreliminary))
    }
    const handled = Effect.suspend(() => {
      const returned = handler.handler(input, context)
      return Effect.isEffect(returned) ? returned : Effect.die(noEffect(tool))
    })
    return handled.pipe(
      Effect.updateContext((services: Context.Context<never>) => Context.merge(handler.context, services)),
      Effect.matchEffect({ onFailure: (error) => failed(normalized(tool, error)), onSuccess: succeeded })
    )
  }
}

/** A tool that the host runs: its arguments are sent back unchanged. */
export const echoArguments: RunHandler = ({ json, text }) =>
  Effect.succeed({ result: json, encoded: json as Schema.Json, content: text, isFailure: false })
