/**
 * The order of the stages, and how users change it.
 *
 * The reasons for the order: an inner deadline would interrupt work that other
 * callers wait for; a breaker outside retry would not stop a retry loop during an
 * outage; admission outside retry would count calls while the host counts
 * attempts; a timeout outside admission would include the time in the queue.
 *
 * **Example** (A custom stage inside the retries of a client)
 *
 * ```ts
 * const client = KimiNode.layerConfig().pipe(
 *   Layer.provide(Pipeline.layer(Pipeline.insertBefore("breaker", redact)))
 * )
 * ```
 *
 * **Details**
 *
 * - Edits apply to chat and to streams, and to every configuration of a client
 *   that is reloaded.
 * - Layers of edits accumulate: merged layers apply from left to right, and a
 *   layer that is provided to another applies before it. A layer that is provided
 *   twice applies once.
 * - An edit that names no stage of the pipeline, or inserts a name that is
 *   taken, fails the construction of the client with a `ConfigurationError`.
 * - With an `Observer`, each inserted or replaced stage has a span
 *   `kimi.stage` and a duration in `kimi.stage.duration`.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Result from "effect/Result"
import { ConfigurationError, type ConfigurationIssue } from "../errors/ConfigurationErrors.ts"
import type { Attempt, StreamAttempt } from "./Call.ts"
import type { Stage } from "./Stage.ts"

/**
 * The built-in stages, outermost first.
 *
 * @category constants
 * @since 0.1.0
 */
export const order = [
  "deadline",
  "cache",
  "budget",
  "recovery",
  "fallback",
  "hedge",
  "retry",
  "breaker",
  "admission",
  "accounting",
  "timeout"
] as const

/**
 * The name of a built-in stage.
 *
 * @category models
 * @since 0.1.0
 */
export type StageName = (typeof order)[number]

/**
 * Stages, outermost first.
 *
 * @category models
 * @since 0.1.0
 */
export type Stages = ReadonlyArray<Stage>

/**
 * An attempt inside all stages.
 *
 * @category combinators
 * @since 0.1.0
 */
export const effect = (stages: Stages, attempt: Attempt): Attempt =>
  stages.reduceRight((inner, stage) => stage.effect(inner), attempt)

/**
 * A streamed attempt inside all stages.
 *
 * @category combinators
 * @since 0.1.0
 */
export const stream = (stages: Stages, attempt: StreamAttempt): StreamAttempt =>
  stages.reduceRight((inner, stage) => stage.stream(inner), attempt)

/**
 * The stages and their options, one line each, outermost first.
 *
 * @category conversions
 * @since 0.1.0
 */
export const describe = (stages: Stages): string =>
  stages
    .map(({ name, options }) => {
      const texts = Object.entries(options).map(([option, value]) => `${option} ${value}`)
      return [name, ...(texts.length === 0 ? [] : [texts.join(", ")])].join(": ")
    })
    .join("\n")

/**
 * A change of a pipeline. It fails when it cannot be made.
 *
 * @category models
 * @since 0.1.0
 */
export type Edit = (stages: Stages) => Result.Result<Stages, ConfigurationError>

/** The name of a built-in stage or of one that another edit inserts. */
type Name = StageName | (string & Record<never, never>)

const failure = (...issues: ReadonlyArray<typeof ConfigurationIssue.Type>): Result.Result<never, ConfigurationError> =>
  Result.fail(ConfigurationError.of(issues))

const namesOf = (stages: Stages): string => stages.map(({ name }) => name).join(", ")

/** Edits the pipeline at a stage, which must be in it. */
const editAt =
  (operation: string, name: Name, change: (stages: Stages, index: number) => ReturnType<Edit>): Edit =>
  (stages) => {
    const index = stages.findIndex((stage) => stage.name === name)
    return index === -1
      ? failure({ name: `Pipeline.${operation}("${name}")`, expected: `the name of a stage: ${namesOf(stages)}` })
      : change(stages, index)
  }

const insertAt = (operation: string, name: Name, stage: Stage, offset: 0 | 1): Edit =>
  editAt(operation, name, (stages, index) =>
    stages.some((other) => other.name === stage.name)
      ? failure({
          name: `Pipeline.${operation}("${name}") of "${stage.name}"`,
          expected: `a stage whose name is not one of ${namesOf(stages)}`
        })
      : Result.succeed(stages.toSpliced(index + offset, 0, stage))
  )

/**
 * Inserts a stage directly outside the named one.
 *
 * @category edits
 * @since 0.1.0
 */
export const insertBefore = (name: Name, stage: Stage): Edit => insertAt("insertBefore", name, stage, 0)

/**
 * Inserts a stage directly inside the named one.
 *
 * @category edits
 * @since 0.1.0
 */
export const insertAfter = (name: Name, stage: Stage): Edit => insertAt("insertAfter", name, stage, 1)

/**
 * Replaces the named stage. The new stage keeps the name, by which telemetry and
 * other edits refer to it.
 *
 * @category edits
 * @since 0.1.0
 */
export const replace = (name: Name, stage: Stage): Edit =>
  editAt("replace", name, (stages, index) => Result.succeed(stages.with(index, { ...stage, name })))

/**
 * Removes the named stage.
 *
 * @category edits
 * @since 0.1.0
 */
export const remove = (name: Name): Edit =>
  editAt("remove", name, (stages, index) => Result.succeed(stages.toSpliced(index, 1)))

/** What a program in JavaScript gives in place of an edit fails where the client is built. */
const checked = (edit: Edit): Edit =>
  typeof edit === "function"
    ? edit
    : () => failure({ name: "Pipeline.layer", expected: 'edits, such as Pipeline.remove("retry")' })

const editKeyPrefix = "@kimi-effect/core/pipeline/Pipeline/edit/"

let layerCount = 0

/**
 * Edits the pipeline of the clients that are built with this layer.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer = (...edits: ReadonlyArray<Edit>): Layer.Layer<never> =>
  // Each layer has a separate key, so that a context can hold several.
  Layer.succeed(Context.Service<never, ReadonlyArray<Edit>>(`${editKeyPrefix}${layerCount++}`), edits.map(checked))

/**
 * The edits of the current context, in the order in which they were provided.
 *
 * @category services
 * @since 0.1.0
 */
export const currentEdits: Effect.Effect<ReadonlyArray<Edit>> = Effect.contextWith((context: Context.Context<never>) =>
  Effect.succeed(
    [...context.mapUnsafe].flatMap(([key, edits]: readonly [string, ReadonlyArray<Edit>]) =>
      key.startsWith(editKeyPrefix) ? edits : []
    )
  )
)

/**
 * The stages after all edits. Fails with every edit that cannot be made.
 *
 * @category combinators
 * @since 0.1.0
 */
export const applyEdits = (stages: Stages, edits: ReadonlyArray<Edit>): Result.Result<Stages, ConfigurationError> => {
  const issues: Array<typeof ConfigurationIssue.Type> = []
  let edited = stages
  for (const edit of edits) {
    const next = edit(edited)
    if (Result.isSuccess(next)) edited = next.success
    else issues.push(...next.failure.issues)
  }
  return issues.length === 0 ? Result.succeed(edited) : failure(...issues)
}
