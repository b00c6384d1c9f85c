/**
 * The options of a job that change its rows, as digests: a job that is continued
 * with other ones would mix two kinds of results in one output.
 */
import { hash } from "node:crypto"
import * as CanonicalJson from "@kimi-effect/core/internal/CanonicalJson"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import type { Prompts } from "../../BatchJob.ts"
import type { Reader } from "./input/inputRows.ts"

export type OptionDigests = { readonly [name: string]: string }

/** Functions, such as templates, are equal if their texts are. */
const textOf = (value: unknown): string => (typeof value === "function" ? `${value}` : CanonicalJson.stringify(value))

/** Equal for values whose members are in another order. */
export const digestOf = (value: unknown): string => hash("sha256", textOf(value), "hex").slice(0, 16)

/** Schemas are equal if they describe the same JSON. One that cannot be described is equal to others of the kind. */
const schemaText = (schema: Schema.Constraint): string =>
  Result.getOrElse(
    Result.try(() => CanonicalJson.stringify(Schema.toJsonSchemaDocument(schema))),
    () => "schema"
  )

interface RowOptions {
  readonly prompts?: Prompts | undefined
  readonly schema?: Schema.Constraint | undefined
  /** The model of rows that name none. */
  readonly model?: string | undefined
}

export const digestsOf = ({ separator }: Reader, { model, prompts, schema }: RowOptions): OptionDigests => {
  const { column, id, request, system, template } = prompts ?? {}
  const values = {
    format: separator === undefined ? "jsonl" : `csv ${separator}`,
    "prompts.column": column,
    "prompts.id": id,
    "prompts.request": request,
    "prompts.system": system,
    "prompts.template": template,
    schema: schema === undefined ? undefined : schemaText(schema),
    model
  }
  return Object.fromEntries(
    Object.entries(values).flatMap(([name, value]) => (value === undefined ? [] : [[name, digestOf(value)]]))
  )
}

/** With the model of an earlier run where that of this one is not known. */
export const withModelOf = (before: OptionDigests, now: OptionDigests): OptionDigests =>
  before["model"] === undefined ? now : { model: before["model"], ...now }

/**
 * The names of the options that differ. The model is not known of a client that is no
 * client of this library, nor of a job that is continued without its options.
 */
export const differences = (before: OptionDigests, now: OptionDigests): ReadonlyArray<string> =>
  [...new Set([...Object.keys(before), ...Object.keys(now)])]
    .filter((name) => before[name] !== now[name])
    .filter((name) => name !== "model" || (before[name] !== undefined && now[name] !== undefined))
    .toSorted()
