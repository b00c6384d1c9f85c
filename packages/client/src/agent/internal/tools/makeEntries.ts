/** Describes the tools of toolkits to a host, and finds what runs them. */
import type { ToolDefinition } from "@kimi-effect/core/Tool"
import type { ToolSchemaError } from "@kimi-effect/core/ValidationErrors"
import * as Tool from "effect/ai/Tool"
import type * as Toolkit from "effect/ai/Toolkit"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Predicate from "effect/Predicate"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import type { Provider } from "../../../Provider.ts"
import { decodingIssues, mismatchIssue, namesIn, validatorIssues } from "./argumentIssues.ts"
import { findMismatch } from "./checkValue.ts"
import { hostNames } from "./hostNames.ts"
import { definitionOf, refuse } from "./toolDefinition.ts"
import { echoArguments, runHandler } from "./runHandler.ts"
import { runToolkit } from "./runToolkit.ts"
import type { RunHandler, ToolEntry } from "./ToolEntry.ts"
import { type Validate, Validator } from "./Validator.ts"

interface AnyToolkit {
  readonly tools: Record<string, Tool.Any>
}

interface Owned {
  readonly tool: Tool.Any
  readonly toolkit: AnyToolkit
}

/** Parameters given as JSON Schema have no codec, and those of a tool of the host are its own. */
const decoderOf = (tool: Tool.Any, definition: ToolDefinition): ToolEntry["decode"] => {
  if (definition.type !== "function") return Effect.succeed
  const parameters = definition.function.parameters ?? {}
  const names = namesIn(parameters)
  if (Tool.isDynamic(tool) && tool.jsonSchema !== undefined) {
    const validate: Validate = Context.get(tool.annotations, Validator) ?? Effect.succeed
    return (json) => {
      const found = findMismatch(json, parameters)
      return found === undefined
        ? Effect.mapError(validate(json), (issues) => validatorIssues(issues, json, names))
        : Effect.fail([mismatchIssue(found, names)])
    }
  }
  const decode = Schema.decodeUnknownEffect(Schema.toCodecJson(tool.parametersSchema)) as (
    json: unknown
  ) => Effect.Effect<unknown, Schema.SchemaError>
  return (json) => Effect.mapError(decode(json), (error) => decodingIssues(error, names))
}

const runnerOf = ({ tool, toolkit }: Owned, services: Context.Context<never>): RunHandler => {
  if ("handle" in toolkit) return runToolkit(toolkit as Toolkit.WithHandler<Record<string, Tool.Any>>, tool)
  if (Tool.isProviderDefined(tool) && !tool.requiresHandler) return echoArguments
  // Layers of toolkits put handlers under the id of their tool.
  return runHandler(tool, services.mapUnsafe.get(tool.id) as Tool.Handler<string>)
}

const duplicateOf = (names: ReadonlyArray<string>): string | undefined =>
  names.find((name, index) => names.indexOf(name) !== index)

const entriesOf = (
  owned: ReadonlyArray<Owned>,
  provider: Provider,
  services: Context.Context<never>
): Result.Result<ReadonlyArray<ToolEntry>, ToolSchemaError> => {
  const names: ReadonlyArray<string> = owned.map(({ tool }) => tool.name)
  const duplicate = duplicateOf(names)
  if (duplicate !== undefined) return refuse(`Two tools are named ${duplicate}`)
  const sentNames = provider.isMoonshot ? hostNames(names) : names
  return Result.all(
    owned.map((one, index) =>
      Result.map(definitionOf(one.tool, sentNames[index] ?? one.tool.name, provider), (definition): ToolEntry => ({
        tool: one.tool,
        definition,
        decode: decoderOf(one.tool, definition),
        run: runnerOf(one, services)
      }))
    )
  )
}

/** Programs in JavaScript pass a tool, a list of tools or nothing. */
const isToolkit = (source: unknown): boolean =>
  Predicate.hasProperty(source, "tools") && Predicate.isObject(source.tools)

export const makeEntries = (
  toolkits: ReadonlyArray<AnyToolkit>,
  provider: Provider
): Effect.Effect<ReadonlyArray<ToolEntry>, ToolSchemaError> =>
  Effect.contextWith((services: Context.Context<never>) => {
    if (!toolkits.every(isToolkit)) {
      return Effect.fromResult(
        refuse("A source of tools is no toolkit: pass the value of Toolkit.make, or a list of those")
      )
    }
    const owned = toolkits.flatMap((toolkit) => Object.values(toolkit.tools).map((tool) => ({ tool, toolkit })))
    return Effect.fromResult(entriesOf(owned, provider, services))
  })
