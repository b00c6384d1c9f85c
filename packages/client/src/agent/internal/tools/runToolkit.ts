/** Runs a tool of a toolkit that exists only with its handlers, such as that of an MCP server. */
import type * as Tool from "effect/ai/Tool"
import type * as Toolkit from "effect/ai/Toolkit"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { handlerFailure, invalidResult } from "./failures.ts"
import { contentOf, contentOfParts, toJson } from "./toolContent.ts"
import type { HandlerFailure, Outcome, RunHandler } from "./ToolEntry.ts"
import { withoutArguments } from "./withoutArguments.ts"

const outcomeOf = (output: Tool.HandlerResult<Tool.Any>): Effect.Effect<Outcome, HandlerFailure> =>
  Effect.map(
    Effect.mapError(toJson(output.encodedResult), () => invalidResult),
    (encoded) => ({
      result: output.result,
      encoded,
      content: output.modelOutput === undefined ? contentOf(encoded) : contentOfParts(output.modelOutput),
      isFailure: output.isFailure
    })
  )

/** Toolkits decode with the plain schema, so what was advertised is decoded to the form that it reads. */
const encodedForm = (tool: Tool.Any): ((json: unknown) => Effect.Effect<unknown, Schema.SchemaError>) =>
  Schema.decodeUnknownEffect(Schema.toCodecJson(Schema.toEncoded(tool.parametersSchema)))

type Handle = (
  name: string,
  parameters: unknown,
  callId: string
) => Effect.Effect<Stream.Stream<Tool.HandlerResult<Tool.Any>, unknown>, unknown>

export const runToolkit = (toolkit: Toolkit.WithHandler<Record<string, Tool.Any>>, tool: Tool.Any): RunHandler => {
  const toEncodedForm = encodedForm(tool)
  const handle = toolkit.handle as Handle
  return ({ callId, json }, onPreliminary) =>
    toEncodedForm(json).pipe(
      Effect.flatMap((parameters) => handle(tool.name, parameters, callId)),
      Effect.mapError(handlerFailure),
      Effect.flatMap((results) =>
        results.pipe(
          Stream.mapError(handlerFailure),
          Stream.mapEffect((output) => Effect.map(outcomeOf(output), (outcome) => ({ outcome, output }))),
          Stream.tap(({ outcome, output }) => (output.preliminary ? onPreliminary(outcome) : Effect.void)),
          Stream.runLast
        )
      ),
      Effect.flatMap((last) =>
        Option.isSome(last) && !last.value.output.preliminary
          ? Effect.succeed(last.value.outcome)
          : Effect.fail(invalidResult)
      ),
      withoutArguments
    )
}
