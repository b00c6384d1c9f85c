/** Reads the text of a response as the value of a schema, or returns what is wrong with it. */
import type { StructuredOutputError } from "@kimi-effect/core/ProviderErrors"
import type { ChatResponse } from "@kimi-effect/core/ChatResponse"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import { type ArgumentIssue, decodingIssues } from "../tools/argumentIssues.ts"
import type { OutputSchema } from "./OutputSchema.ts"

/** Why a response has no value. */
export interface OutputProblem {
  readonly reason: StructuredOutputError["reason"]
  /** Paths with what is expected there, and no value of the model. */
  readonly issue?: string
}

const refusals: ReadonlySet<string> = new Set(["refusal", "content_filter"])

/** The text within a Markdown fence, which some models write around JSON; else the text itself. */
const withoutFence = (text: string): string => {
  const trimmed = text.trim()
  if (!trimmed.startsWith("```") || !trimmed.endsWith("```")) return trimmed
  const firstLine = trimmed.indexOf("\n")
  return firstLine < 0 ? trimmed : trimmed.slice(firstLine + 1, -3)
}

/** The path of an issue in the words of the repair: `items.0.price`. */
const describe = (issues: ReadonlyArray<ArgumentIssue>): string =>
  issues.map(({ message, path }) => (path === "" ? message : `${path}: ${message}`)).join("; ")

/** A value that is nested too deeply for a decoder is no value of the schema. */
const tooDeep: OutputProblem = { reason: "schema mismatch", issue: "The value is nested too deeply" }

const decode = (json: unknown, schema: OutputSchema): Effect.Effect<unknown, OutputProblem, unknown> =>
  Effect.suspend(() => schema.decode(json)).pipe(
    Effect.mapError((error): OutputProblem => ({
      reason: "schema mismatch",
      issue: describe(decodingIssues(error, schema.names))
    })),
    Effect.catchDefect((defect) => (defect instanceof RangeError ? Effect.fail(tooDeep) : Effect.die(defect)))
  )

/** The value of a complete response. */
export const readOutput = (
  { finishReason, text }: ChatResponse,
  schema: OutputSchema
): Effect.Effect<unknown, OutputProblem, unknown> =>
  Effect.suspend(() => {
    if (refusals.has(finishReason)) return Effect.fail<OutputProblem>({ reason: "refusal" })
    const json = Result.try((): unknown => JSON.parse(withoutFence(text)))
    if (Result.isSuccess(json)) return decode(json.success, schema)
    return Effect.fail<OutputProblem>({ reason: finishReason === "length" ? "truncated" : "invalid JSON" })
  })
